// Package record writes what a terminal shows as an asciicast of version 2, which
// asciinema plays, and plays one.
package record

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
)

// head is the first line of a cast.
type head struct {
	Version   int    `json:"version"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Timestamp int64  `json:"timestamp,omitempty"`
	Title     string `json:"title,omitempty"`
}

// Writer records what is written to it. Use it beside the terminal, with
// io.MultiWriter.
type Writer struct {
	mu    sync.Mutex
	out   io.Writer
	begin time.Time
	now   func() time.Time
	lines bool // a line's end is turned into what moves a cursor to the left too
	err   error
}

// Options say how a recording is made.
type Options struct {
	// Width and Height are those of the terminal, in cells.
	Width, Height int
	Title         string
	// Lines says that what is written are lines, not what a terminal in raw mode
	// gets.
	Lines bool
	// Now tells the time; time.Now when nil.
	Now func() time.Time
}

// New begins a recording.
func New(out io.Writer, o Options) (*Writer, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Writer{out: out, begin: o.Now(), now: o.Now, lines: o.Lines}
	if err := w.line(head{2, o.Width, o.Height, w.begin.Unix(), o.Title}); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) line(v any) error {
	raw, err := json.Marshal(v)
	if err == nil {
		_, err = w.out.Write(append(raw, '\n'))
	}
	if err != nil {
		err = fmt.Errorf("recording: %w", err)
	}
	w.err = errors.Join(w.err, err)
	return err
}

func (w *Writer) event(code, data string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.line([]any{float64(w.now().Sub(w.begin).Microseconds()) / 1e6, code, data}) // kept in err
}

// Write records output. It never fails, so that the terminal goes on; Err tells.
func (w *Writer) Write(p []byte) (int, error) {
	text := string(p)
	if w.lines {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	w.event("o", text)
	return len(p), nil
}

// Mark sets a mark that players can jump to.
func (w *Writer) Mark(label string) { w.event("m", label) }

// Resize records a terminal's new size.
func (w *Writer) Resize(width, height int) { w.event("r", fmt.Sprintf("%dx%d", width, height)) }

// Err tells what went wrong while recording, nil if nothing.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// maxLine bounds one line of a cast, in bytes.
const maxLine = 16 << 20

// PlayOptions say how a cast is played.
type PlayOptions struct {
	// Speed is how much faster than recorded; 0 means without waiting.
	Speed float64
	// MaxIdle bounds every wait, 0 for not at all.
	MaxIdle time.Duration
	// Lines leaves out what moves a cursor at a line's end.
	Lines bool
	Clock clock.Clock
}

// Play writes what a cast recorded to out, when it was written.
func Play(ctx context.Context, cast io.Reader, out io.Writer, o PlayOptions) error {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	lines := bufio.NewScanner(cast)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var h head
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil || h.Version != 2 {
		return errors.New("playing: this is no asciicast of version 2")
	}
	at := 0.0
	for n := 2; lines.Scan(); n++ {
		var e []any
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || len(e) < 3 {
			return fmt.Errorf("playing: line %d is no event", n)
		}
		when, ok := e[0].(float64)
		data, ok2 := e[2].(string)
		if !ok || !ok2 {
			return fmt.Errorf("playing: line %d is no event", n)
		}
		if e[1] != "o" {
			continue
		}
		if err := pause(ctx, o, when-at); err != nil {
			return err
		}
		at = when
		if o.Lines {
			data = strings.ReplaceAll(data, "\r\n", "\n")
		}
		if _, err := io.WriteString(out, data); err != nil {
			return fmt.Errorf("playing: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("playing: %w", err)
	}
	return nil
}

func pause(ctx context.Context, o PlayOptions, seconds float64) error {
	if o.Speed <= 0 {
		return ctx.Err()
	}
	d := time.Duration(seconds / o.Speed * float64(time.Second))
	if o.MaxIdle > 0 {
		d = min(d, o.MaxIdle)
	}
	if err := o.Clock.Wait(ctx, d); err != nil {
		return context.Cause(ctx)
	}
	return nil
}
