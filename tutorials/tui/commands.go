package tui

import (
	"context"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Messages besides those of Bubble Tea.
type (
	// opened tells that the lesson can begin, or why not.
	opened struct {
		session session
		err     error
	}
	// acted tells that what the learner wanted is done, or why not.
	acted struct{ err error }
	// left tells that the sandbox is given back.
	left struct{ err error }
	// ticked asks for a frame.
	ticked struct{}
	// due tells that a countdown has ended.
	due struct{ end time.Time }
	// paced tells that the pause of an automatic run is over.
	paced struct{}
	// interrupted tells that somebody else wants the program to end.
	interrupted struct{}
)

func (m *Model) opening() tea.Cmd {
	ctx, open := m.ctx, m.open
	return func() tea.Msg {
		s, err := open(ctx)
		return opened{s, err}
	}
}

// do begins what the learner wants; what says it in words.
func (m *Model) do(what string, act func(context.Context, session) error) tea.Cmd {
	if m.session == nil || m.busy != "" || m.leaving {
		if m.busy != "" {
			m.note = "One thing at a time: " + m.busy + "."
		}
		return nil
	}
	ctx, stop := context.WithCancel(m.ctx)
	m.busy, m.stop, m.note, m.asking = what, stop, "", ""
	m.turn, m.over = false, false
	m.text.anchor = len(m.text.blocks)
	s := m.session
	return tea.Batch(m.tick(), func() tea.Msg {
		defer stop()
		return acted{act(ctx, s)}
	})
}

// leave gives the sandbox back, then ends the program.
func (m *Model) leave() tea.Cmd {
	if m.leaving {
		return nil
	}
	m.leaving, m.busy = true, "giving the sandbox back"
	if m.stop != nil {
		m.stop()
	}
	m.cancel()
	if m.session == nil {
		return nil // opening ends with its context
	}
	return tea.Batch(m.tick(), m.closing())
}

func (m *Model) closing() tea.Cmd {
	s := m.session
	return func() tea.Msg { return left{s.Close(context.Background())} } // it bounds itself, and the model's has ended
}

// Frames a second while something moves, and when motion is not wanted.
const (
	quickly = 100 * time.Millisecond
	calmly  = time.Second
)

// tick asks for the next frame, if something moves and none has been asked for.
func (m *Model) tick() tea.Cmd {
	pace := m.motion()
	if m.ticking || pace == 0 {
		return nil
	}
	m.ticking = true
	c := m.opts.Clock
	return func() tea.Msg {
		_ = c.Wait(context.Background(), pace) // it ends soon
		return ticked{}
	}
}

// motion is how often a frame is wanted now, 0 for not at all.
func (m *Model) motion() time.Duration {
	now := m.now()
	switch {
	case m.busy == "" && !m.countdown.runs(now) && !m.limits.move(now):
		return 0
	case m.look.still:
		return calmly
	case m.busy != "" || m.limits.flow(now):
		return quickly
	}
	const steadily = 250 * time.Millisecond
	return steadily
}

// waitFor tells when a time of the gateway's clock has come.
func (m *Model) waitFor(end time.Time) tea.Cmd {
	ctx, c, d := m.ctx, m.opts.Clock, end.Sub(m.now())
	return func() tea.Msg {
		if c.Wait(ctx, d) != nil {
			return nil
		}
		return due{end}
	}
}

// editing opens the learner's editor on the manifests of the step.
func (m *Model) editing() tea.Cmd {
	if m.opts.Edit == nil {
		m.note = "EDITOR is not set: edit the file that gwctl status names."
		return nil
	}
	if m.busy != "" || m.session == nil {
		return nil
	}
	m.busy, m.note = "editing", ""
	e := &edit{ctx: m.ctx, open: m.opts.Edit, session: m.session}
	return tea.Exec(e, func(err error) tea.Msg { return acted{err} })
}

// edit is a command that has the terminal for itself.
type edit struct {
	ctx     context.Context
	open    func(context.Context, string) (string, error)
	session session
}

// Run implements tea.ExecCommand.
func (e *edit) Run() error {
	draft, err := e.session.Draft(e.ctx)
	if err != nil {
		return err
	}
	text, err := e.open(e.ctx, draft)
	if err != nil || text == draft {
		return err
	}
	return e.session.Edit(e.ctx, text)
}

// SetStdin implements tea.ExecCommand; the editor knows its terminal.
func (*edit) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (*edit) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (*edit) SetStderr(io.Writer) {}
