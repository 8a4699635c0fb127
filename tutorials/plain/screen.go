package plain

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// Options are what a Screen needs.
type Options struct {
	// In is where lines are typed; Out where sentences go.
	In  io.Reader
	Out io.Writer
	// JSON writes the events themselves, one a line, and no prompts.
	JSON bool
	// Auto runs the lesson by itself, with a pause of Pace before each action;
	// it waits for a line at the breaks of the lesson and before the steps of
	// Breaks.
	Auto   bool
	Pace   time.Duration
	Breaks []string
	// Edit lets the learner edit a text; nil where that is not possible.
	Edit func(ctx context.Context, text string) (string, error)
}

// Screen shows a lesson as lines.
type Screen struct {
	opts Options

	mu     sync.Mutex
	ready  *engine.ReadyInfo
	quiz   *engine.QuizInfo // the question that was asked last
	step   string
	failed bool
	paused bool
	err    error // of writing
}

var _ tutorials.Screen = (*Screen)(nil)

// New makes a Screen.
func New(o Options) *Screen { return &Screen{opts: o} }

// Run implements tutorials.Screen.
func (s *Screen) Run(ctx context.Context, start tutorials.Start) (err error) {
	session, err := start(ctx, s.show)
	if session != nil {
		defer func() {
			err = errors.Join(err, session.Close(ctx))
			if ctx.Err() == nil && err == nil {
				err = s.err
			}
		}()
	}
	if err != nil {
		return err
	}
	lines := newTypist(ctx, s.opts.In)
	if s.opts.Auto {
		return s.auto(ctx, session, lines)
	}
	return s.converse(ctx, session, lines)
}

// show writes an event.
func (s *Screen) show(e engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Type {
	case engine.Ready:
		s.ready = e.Ready
	case engine.StepBegan:
		s.step, s.failed = e.Began.ID, false
	case engine.Asked:
		s.quiz = e.Quiz
	case engine.Checked:
		s.failed = !e.Check.Holds
	case engine.Paused:
		s.paused = true
	default:
	}
	if s.opts.JSON {
		raw, err := json.Marshal(e)
		if err == nil {
			_, err = s.opts.Out.Write(append(raw, '\n'))
		}
		s.err = errors.Join(s.err, err)
		return
	}
	if text := Sentence(e); text != "" {
		_, err := fmt.Fprintln(s.opts.Out, text)
		s.err = errors.Join(s.err, err)
	}
}

func (s *Screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opts.JSON {
		_, err := fmt.Fprintf(s.opts.Out, format+"\n", args...)
		s.err = errors.Join(s.err, err)
	}
}

// state tells what Ready said last, and whether a check has failed since the
// step began.
func (s *Screen) state() (r engine.ReadyInfo, failed bool, step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.ready, s.failed, s.step
}

// typist reads lines, each only when it is waited for: between them the terminal
// belongs to others, such as the learner's editor.
type typist struct {
	wanted chan struct{}
	lines  chan string
}

func newTypist(ctx context.Context, in io.Reader) typist {
	t := typist{make(chan struct{}, 1), make(chan string)}
	if in == nil {
		close(t.lines)
		return t
	}
	go t.read(ctx, in)
	return t
}

// read reads until the input ends, then closes.
func (t typist) read(ctx context.Context, in io.Reader) {
	defer close(t.lines)
	r := bufio.NewScanner(in)
	for {
		select {
		case <-t.wanted:
		case <-ctx.Done():
			return
		}
		if !r.Scan() {
			return
		}
		select {
		case t.lines <- strings.TrimSpace(r.Text()):
		case <-ctx.Done():
			return
		}
	}
}

// next is where the next line comes; it is closed when there is none.
func (t typist) next() <-chan string {
	select {
	case t.wanted <- struct{}{}:
	default: // it is wanted already
	}
	return t.lines
}

// auto runs the lesson to its end.
func (s *Screen) auto(ctx context.Context, session *engine.Session, lines typist) error {
	at := ""
	for {
		r, failed, step := s.state()
		if r.Next == "none" {
			return nil
		}
		if s.breaks(step, at) {
			s.say("Press Enter to go on.")
			select {
			case <-lines.next():
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		at = step
		if err := (clock.System{}).Wait(ctx, s.opts.Pace); err != nil {
			return context.Cause(ctx)
		}
		do := session.Advance
		if failed {
			if !slices.Contains(r.Can, "solve") {
				return hint.New("CHECK_FAILED", hint.CheckFailed, "a check of step "+step+" does not hold", "see above why")
			}
			do = session.Solve
		}
		if err := do(ctx); err != nil {
			return err
		}
	}
}

// breaks says whether an automatic run waits here.
func (s *Screen) breaks(step, before string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	paused := s.paused
	s.paused = false
	return paused || step != before && slices.Contains(s.opts.Breaks, step)
}

const help = `Enter goes on. You can also type:
  hint (h)    show the next hint
  solve (s)   let the lesson do the step
  again (f)   send the last requests again
  try (t)     wait as long as Retry-After said, then try again what was refused
  edit (e)    change the manifests of the step in your editor
  back (b)    go to the step before
  go N        go to step N
  reset (r)   begin the step anew
  quit (q)    leave; the lesson goes on here next time`

// converse does what the learner types.
func (s *Screen) converse(ctx context.Context, session *engine.Session, lines typist) error {
	for {
		r, _, _ := s.state()
		if r.Next == "none" {
			return nil
		}
		s.prompt(r)
		var line string
		var ok bool
		select {
		case line, ok = <-lines.next():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if !ok {
			s.say("The input has ended, so the lesson is left. It goes on here next time; --auto runs it by itself.")
			return nil
		}
		guess := r.Next == "predict" && s.guess(line)
		if !guess && (line == "q" || line == "quit") {
			s.say("You have left the lesson. It goes on here next time.")
			return nil
		}
		var err error
		if guess { // a choice may be called as a command is
			err = session.Guess(ctx, line)
		} else {
			err = s.obey(ctx, session, r, line)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case mends(err):
			session.Refuse(err)
		case err != nil:
			return err
		}
	}
}

// mends says that the learner can do something about an error, and go on.
func mends(err error) bool {
	switch hint.ExitCode(err) {
	case hint.Usage, hint.CheckFailed, hint.NotReady, hint.Broken, hint.Timeout:
		return true
	}
	return false
}

func (s *Screen) prompt(r engine.ReadyInfo) {
	if r.Next == "predict" {
		s.say("Type your answer; an empty line skips the question.")
		return
	}
	more := "?"
	if slices.Contains(r.Can, "try") {
		more = "t to try again what was refused, ?"
	}
	s.say("Press Enter to %s. Type %s for more.", r.About, more)
}

// guess says that a line answers the question that was asked: that it is a number, or
// that a choice begins so. What begins several is refused as a guess.
func (s *Screen) guess(line string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line == "" {
		return false
	}
	return line[0] >= '0' && line[0] <= '9' || s.quiz != nil &&
		slices.ContainsFunc(s.quiz.Choices, func(c engine.ChoiceInfo) bool { return strings.HasPrefix(c.Key, line) })
}

// obey does one typed line that is no guess.
func (s *Screen) obey(ctx context.Context, session *engine.Session, r engine.ReadyInfo, line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "", "n", "next":
		return session.Advance(ctx)
	case "?", "help":
		s.say("%s", help)
		return nil
	case "h", "hint":
		return session.Hint(ctx)
	case "s", "solve":
		return session.Solve(ctx)
	case "f", "again":
		return session.Again(ctx)
	case "t", "try":
		return session.Try(ctx)
	case "e", "edit":
		return s.edit(ctx, session)
	case "b", "back", "r", "reset", "go":
		return s.jump(ctx, session, verb, rest)
	}
	if r.Next == "predict" {
		return session.Guess(ctx, line)
	}
	return hint.New("NO_COMMAND", hint.Usage, fmt.Sprintf("there is no command %q", line), "type ? for those that there are")
}

func (s *Screen) jump(ctx context.Context, session *engine.Session, verb, rest string) error {
	_, _, step := s.state()
	_, n, _ := session.Lesson().Step(step)
	switch verb {
	case "b", "back":
		n--
	case "go":
		if _, err := fmt.Sscanf(rest, "%d", &n); err != nil {
			return hint.New("NO_STEP", hint.Usage, "go needs the number of a step", "as in: go 2")
		}
		n--
	}
	return session.Goto(ctx, n)
}

func (s *Screen) edit(ctx context.Context, session *engine.Session) error {
	if s.opts.Edit == nil {
		return hint.New("NO_EDITOR", hint.Usage, "no editor can be opened here", "edit the file that gwctl status names, in another terminal")
	}
	draft, err := session.Draft(ctx)
	if err != nil {
		return err
	}
	text, err := s.opts.Edit(ctx, draft)
	if err != nil || text == draft {
		return err
	}
	return session.Edit(ctx, text)
}
