package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// progress shows steps to people: on a terminal the running one turns, elsewhere
// each is one line when it has finished, and a long one says now and then how far
// it has come.
type progress struct {
	w        io.Writer
	paint    output.Paint
	terminal bool

	mu   sync.Mutex
	far  string        // how far the running step has come
	said time.Time     // when it began or said so last, where no terminal is
	stop chan struct{} // ends the turning of the running step
	done sync.WaitGroup
}

var (
	_ step.Reporter   = (*progress)(nil)
	_ step.Progresser = (*progress)(nil)
)

func (a App) progress() *progress {
	return &progress{w: a.Err, paint: output.For(a.Err), terminal: output.Terminal(a.Err)}
}

const (
	// turnEvery is how fast the running step turns.
	turnEvery = 120 * time.Millisecond
	// farEvery is how often it says how far it has come where no terminal is.
	farEvery = 2 * time.Second
)

// Started begins to turn.
func (p *progress) Started(e step.Event) {
	if !p.terminal {
		p.said = e.At
		return
	}
	stop := make(chan struct{})
	p.stop = stop
	p.done.Go(func() {
		tick := time.NewTicker(turnEvery)
		defer tick.Stop()
		for i := 0; ; i++ {
			p.turn(i, e.Title)
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
}

// turn draws the running step.
func (p *progress) turn(i int, title string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("%c %s …", `|/-\`[i%4], title)
	if p.far != "" {
		line += " " + p.far
	}
	if runes, wide := []rune(line), output.Columns(p.w)-1; len(runes) > wide {
		line = string(runes[:wide])
	}
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s", line)
}

// Progressed shows how far the running step has come.
func (p *progress) Progressed(e step.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.far = e.Message
	if !p.terminal && e.At.Sub(p.said) >= farEvery {
		p.said = e.At
		_, _ = fmt.Fprintf(p.w, "  %s … %s\n", e.Title, e.Message)
	}
}

func (p *progress) print(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, format, args...)
}

// clear takes the turning line away.
func (p *progress) clear() string {
	if p.terminal {
		return "\r\x1b[K"
	}
	return ""
}

// Warned prints the warning above the running step.
func (p *progress) Warned(e step.Event) {
	p.print("%s%s %s: %s\n", p.clear(), p.paint.Warn("!"), e.Title, e.Message)
	if e.Advice != "" {
		p.print("  %s\n", e.Advice)
	}
}

// Finished prints how the step went.
func (p *progress) Finished(e step.Event) {
	if p.stop != nil {
		close(p.stop)
		p.done.Wait()
		p.stop, p.far = nil, ""
	}
	mark, text := p.paint.Good("✓"), e.Message
	if e.Err != nil {
		mark, text = p.paint.Bad("✗"), "" // the error comes at the end, with what to do
	}
	if text != "" {
		text = ": " + text
	}
	p.print("%s%s %s%s %s\n", p.clear(), mark, e.Title, text, p.paint.Dim("("+e.Took.Round(100*time.Microsecond).String()+")"))
}

// line is one event for programs, one JSON object a line.
type line struct {
	TS     string `json:"ts"`
	Type   string `json:"type"` // step, log, check, error, result
	ID     string `json:"id"`
	N      int    `json:"n,omitempty"`
	Of     int    `json:"of,omitempty"`
	Millis int64  `json:"ms"`
	Msg    string `json:"msg"`
	Advice string `json:"advice,omitempty"`
	URL    string `json:"url,omitempty"`
	// Result is what a result carries beside.
	Result any `json:"result,omitempty"`
}

// lines tells programs of steps.
type lines struct{ w io.Writer }

var (
	_ step.Reporter   = lines{}
	_ step.Progresser = lines{}
)

func (l lines) write(x line) {
	if x.TS == "" {
		x.TS = time.Now().Format(time.RFC3339Nano)
	}
	_ = json.NewEncoder(l.w).Encode(x) // nobody reads any more
}

// Started writes nothing: a step is one line, when it has finished.
func (l lines) Started(step.Event) {}

// Warned writes a log line.
func (l lines) Warned(e step.Event) {
	l.write(line{TS: e.At.Format(time.RFC3339Nano), Type: "log", ID: e.ID, N: e.N, Of: e.Of, Msg: e.Message, Advice: e.Advice})
}

// Progressed writes a log line.
func (l lines) Progressed(e step.Event) { l.Warned(e) }

// Finished writes the step.
func (l lines) Finished(e step.Event) {
	if e.Err == nil {
		l.write(line{TS: e.At.Format(time.RFC3339Nano), Type: "step", ID: e.ID, N: e.N, Of: e.Of, Millis: e.Took.Milliseconds(), Msg: e.Message})
	}
}

// fail writes the error and marks it as told; retained says that what had been begun
// is kept.
func (l lines) fail(err error, retained bool) error {
	x := line{Type: "error", ID: "UNEXPECTED", Msg: err.Error()}
	if h, ok := errors.AsType[*hint.Hint](err); ok {
		x.ID, x.Advice, x.URL = h.ID, h.Advice, h.URL
	} else if errors.Is(err, context.Canceled) {
		x.ID, x.Msg = "INTERRUPTED", "interrupted; what had been begun was undone"
		if retained {
			x.Msg = "interrupted; what had been begun is kept"
		}
	}
	l.write(x)
	return output.Told(err)
}
