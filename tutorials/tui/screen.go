package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/tutorials"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// Options are what a Screen needs.
type Options struct {
	// In and Out are the terminal.
	In, Out *os.File
	// Record gets all that is written to Out too, nil for nobody; Resized is told
	// the terminal's size when it changes.
	Record  io.Writer
	Resized func(width, height int)
	// Mask takes out of errors what nobody is to see; nil for nothing. Events come
	// without it.
	Mask func(text string) string
	// ASCII draws with nothing else, NoColor without colours, Still without
	// motion: what moves is drawn anew once a second.
	ASCII, NoColor, Still bool
	// Mouse lets the wheel scroll; the terminal then selects no text.
	Mouse bool
	// Auto runs the lesson by itself, with a pause of Pace before each action; it
	// waits for a key at the breaks of the lesson and before the steps of Breaks.
	Auto   bool
	Pace   time.Duration
	Breaks []string
	// Edit lets the learner edit a text; nil where that is not possible.
	Edit func(ctx context.Context, text string) (string, error)
	// Clock is the machine's when nil.
	Clock clock.Clock
}

// Screen shows a lesson on the whole terminal.
type Screen struct{ opts Options }

var _ tutorials.Screen = (*Screen)(nil)

// New makes a Screen.
func New(o Options) *Screen {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return &Screen{o}
}

// session is what a Model does to the lesson that runs.
type session interface {
	Advance(ctx context.Context) error
	Guess(ctx context.Context, answer string) error
	Hint(ctx context.Context) error
	Solve(ctx context.Context) error
	Again(ctx context.Context) error
	Try(ctx context.Context) error
	Draft(ctx context.Context) (string, error)
	Edit(ctx context.Context, text string) error
	Goto(ctx context.Context, n int) error
	Close(ctx context.Context) error
}

var _ session = (*engine.Session)(nil)

// Run implements tutorials.Screen.
func (s *Screen) Run(ctx context.Context, start tutorials.Start) (err error) {
	f := newFeed(s.opts.Clock)
	m := newModel(ctx, s.opts, newLook(s.opts.Out, s.opts))
	m.feed = f
	var o opener
	m.open = func(ctx context.Context) (session, error) { return o.open(ctx, start, f.add) }
	const fps = 30
	out := tee{s.opts.Out, s.opts.Record}
	options := []tea.ProgramOption{tea.WithInput(s.opts.In), tea.WithOutput(out), tea.WithAltScreen(), tea.WithFPS(fps), tea.WithoutSignalHandler()}
	if s.opts.Mouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	p := tea.NewProgram(m, options...)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // a terminal that is closed is a learner who leaves
	defer stop()
	defer context.AfterFunc(ctx, func() { p.Send(interrupted{}) })()
	_, err = p.Run()
	if errors.Is(err, tea.ErrProgramPanic) || errors.Is(err, tea.ErrProgramKilled) {
		err = fmt.Errorf("drawing the lesson: %w", err)
	}
	m.cancel()
	if opened := o.end(); opened != nil && !m.gone { // the program has failed
		err = errors.Join(err, opened.Close(ctx))
	}
	if err := errors.Join(err, m.fatal); err != nil {
		return err
	}
	_, err = fmt.Fprint(out, m.farewell()+"\r\n") // a recording has no terminal to add the return
	return err
}

// opener opens a session once, and gives it when no more is to be opened.
type opener struct {
	mu      sync.Mutex
	session *engine.Session
	ended   bool
}

func (o *opener) open(ctx context.Context, start tutorials.Start, emit func(engine.Event)) (session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return nil, context.Canceled
	}
	s, err := start(ctx, emit)
	o.session = s
	if s == nil {
		return nil, err
	}
	return s, err
}

// end waits until nothing is being opened any more.
func (o *opener) end() *engine.Session {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	return o.session
}

// tee writes to the terminal and to a recording. It is a terminal as far as the
// program can tell.
type tee struct {
	*os.File
	record io.Writer
}

// Write implements io.Writer.
func (t tee) Write(p []byte) (int, error) {
	if t.record != nil {
		if _, err := t.record.Write(p); err != nil {
			return 0, err
		}
	}
	return t.File.Write(p)
}

// WriteString implements io.StringWriter, which os.File would otherwise for it.
func (t tee) WriteString(text string) (int, error) { return t.Write([]byte(text)) }
