package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
		return m, nil
	case tea.KeyMsg:
		return m, m.key(msg)
	case tea.MouseMsg:
		m.mouse(msg)
		return m, nil
	case batch:
		return m, m.hear(msg)
	case ticked:
		m.ticking = false
		m.frame++
		return m, m.tick()
	case opened:
		return m, m.began(msg)
	case acted:
		return m, m.ended(msg.err)
	case due:
		return m, m.strike(msg.end)
	case paced:
		return m, m.goOn()
	case left:
		m.fatal, m.gone = errors.Join(m.fatal, msg.err), true
		return m, tea.Quit
	case interrupted:
		return m, m.leave()
	}
	return m, nil
}

func (m *Model) resize(width, height int) {
	m.width, m.height = max(width, 1), max(height, 1)
	m.text.stale = true
	if m.opts.Resized != nil {
		m.opts.Resized(m.width, m.height)
	}
}

// began takes over the session, or leaves.
func (m *Model) began(o opened) tea.Cmd {
	m.session = o.session
	if o.err == nil && !m.leaving {
		m.over = true
		return m.yield()
	}
	if !m.leaving {
		m.fatal = o.err
	}
	m.leaving, m.busy = true, "giving the sandbox back"
	m.cancel()
	if m.session == nil {
		return tea.Quit
	}
	return m.closing()
}

// ended says what went wrong, if anything, and lets the learner go on.
func (m *Model) ended(err error) tea.Cmd {
	if m.leaving {
		return nil
	}
	m.over = true
	if err != nil { // nobody tells that it is the learner's turn again
		m.turn = true
		m.wait = nil
	}
	switch {
	case errors.Is(err, context.Canceled):
		m.note = "Stopped."
	case err != nil && m.opts.Auto:
		m.fatal = err
		return m.leave()
	case err != nil:
		m.text.add(block{kind: failure, text: m.masked(complaint(err))})
	}
	return tea.Batch(m.yield(), m.tick())
}

// yield makes it the learner's turn once what was under way is over and all that
// it told has been heard.
func (m *Model) yield() tea.Cmd {
	if !m.turn || !m.over || m.leaving {
		return nil
	}
	m.busy, m.stop = "", nil
	if m.countdown.late { // it struck while something else was under way
		m.countdown.late = false
		return m.try()
	}
	return m.next()
}

// masked takes out of a text what nobody is to see.
func (m *Model) masked(text string) string {
	if m.opts.Mask == nil {
		return text
	}
	return m.opts.Mask(text)
}

// complaint says an error and what to do about it.
func complaint(err error) string {
	if h, ok := errors.AsType[*hint.Hint](err); ok {
		return h.Error() + ". " + upper(h.Advice) + "."
	}
	return err.Error() + "."
}

func upper(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// next goes on by itself in an automatic run.
func (m *Model) next() tea.Cmd {
	if !m.opts.Auto || m.pacing {
		return nil
	}
	if m.breaks() {
		return nil
	}
	m.pacing = true
	c, d, ctx := m.opts.Clock, m.opts.Pace, m.ctx
	return func() tea.Msg {
		if c.Wait(ctx, max(d, time.Millisecond)) != nil {
			return nil
		}
		return paced{}
	}
}

// breaks says whether an automatic run waits here for Enter.
func (m *Model) breaks() bool {
	if m.paused || slices.Contains(m.opts.Breaks, m.step.ID) && m.text.fresh {
		m.note = "Enter goes on."
		return true
	}
	return false
}

// goOn does one thing of an automatic run.
func (m *Model) goOn() tea.Cmd {
	m.pacing = false
	switch {
	case m.breaks():
		return nil
	case m.busy != "" || m.leaving:
		return nil
	case m.ready.Next == "none":
		return m.leave()
	case m.failed && !m.can("solve"):
		m.fatal = hint.New("CHECK_FAILED", hint.CheckFailed, "a check of step "+m.step.ID+" does not hold", "run the lesson without --auto to see why")
		return m.leave()
	case m.failed:
		return m.do("solving the step", func(ctx context.Context, s session) error { return s.Solve(ctx) })
	}
	return m.advance()
}

// strike is the end of a countdown: the request that waits for it goes.
func (m *Model) strike(end time.Time) tea.Cmd {
	if !m.countdown.armed || !m.countdown.end.Equal(end) {
		return nil
	}
	m.countdown.armed = false
	if m.busy != "" {
		m.countdown.late = true
		return nil
	}
	return m.try()
}

// try sends the request that was refused once more.
func (m *Model) try() tea.Cmd {
	return m.do("trying again", func(ctx context.Context, s session) error { return s.Try(ctx) })
}

func (m *Model) mouse(msg tea.MouseMsg) {
	switch msg.Button {
	case tea.MouseButtonWheelUp:
		m.scroll(-3)
	case tea.MouseButtonWheelDown:
		m.scroll(3)
	default:
	}
}
