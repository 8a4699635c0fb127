package tui

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// program runs a model as Bubble Tea does, without a terminal: one message at a
// time, every command for itself. It lives in a synctest bubble, whose clock
// stands still while anything is to be done.
type program struct {
	*Model
	host     *host
	messages chan tea.Msg
	ended    bool
	frames   int
}

func start(t *testing.T, o Options, h *host) *program {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	o.NoColor = true
	p := &program{Model: newModel(t.Context(), o, newLook(io.Discard, o)), host: h, messages: make(chan tea.Msg, 1000)}
	p.feed = newFeed(o.Clock)
	h.clock, h.emit = o.Clock, p.feed.add
	p.open = func(context.Context) (session, error) {
		h.tell(engine.Event{Type: engine.LessonBegan, Lesson: &engine.LessonInfo{ID: "test", Title: "Test", Steps: []engine.StepInfo{{ID: "one", Title: "One", N: 1, Of: 2}, {ID: "two", Title: "Two", N: 2, Of: 2}}}})
		h.tell(engine.Event{Type: engine.StepBegan, Began: &engine.StepInfo{ID: "one", Title: "One", N: 1, Of: 2}})
		h.tell(engine.Event{Type: engine.Ready, Ready: &engine.ReadyInfo{Next: "fire", About: "send them", Can: []string{"reset"}}})
		return h, nil
	}
	p.run(p.Init())
	p.settle(t)
	return p
}

// handle takes one message, and draws.
func (p *program) handle(msg tea.Msg) {
	if _, ok := msg.(tea.QuitMsg); ok {
		p.ended = true
	}
	if p.ended {
		return
	}
	_, cmd := p.Update(msg)
	p.frames++
	if p.View() == "" {
		panic("an empty frame")
	}
	p.run(cmd)
}

func (p *program) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				p.run(c)
			}
		default:
			p.messages <- msg
		}
	}()
}

// press presses keys, one after the other.
func (p *program) press(t *testing.T, keys ...string) {
	t.Helper()
	for _, k := range keys {
		p.handle(keyMsg(k))
		p.settle(t)
	}
}

func keyMsg(k string) tea.KeyMsg {
	named := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "left": tea.KeyLeft, "right": tea.KeyRight, "up": tea.KeyUp, "down": tea.KeyDown,
		"pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "ctrl+c": tea.KeyCtrlC, "backspace": tea.KeyBackspace,
	}
	if typ, ok := named[k]; ok {
		return tea.KeyMsg{Type: typ}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
}

// settle lets everything happen that does not wait for the clock, and the next
// batch of events come.
func (p *program) settle(t *testing.T) {
	t.Helper()
	p.pass(t, 2*gather)
}

// pass lets time go by and takes the messages that come meanwhile.
func (p *program) pass(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	for {
		select {
		case msg := <-p.messages:
			p.handle(msg)
			continue
		case <-timer.C:
		}
		break
	}
	for synctest.Wait(); len(p.messages) > 0; synctest.Wait() {
		p.handle(<-p.messages)
	}
}

// pass lets time go by before a program runs.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := (clock.System{}).Wait(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// quit leaves and waits for the end.
func (p *program) quit(t *testing.T) {
	t.Helper()
	p.press(t, "q")
	p.over(t)
}

// over waits for the end, and for the last frame that was asked for.
func (p *program) over(t *testing.T) {
	t.Helper()
	p.pass(t, 2*calmly)
	if !p.ended {
		t.Error("it has not ended")
	}
}

func fiveAMinute(a limit.Algorithm) limit.Rule {
	return limit.Rule{Algorithm: a, Period: limit.Minute, Limit: 5}
}
