package tui

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/tutorials/engine"
)

func wheel(b tea.MouseButton) tea.MouseMsg {
	return tea.MouseMsg{X: 3, Y: 3, Action: tea.MouseActionPress, Button: b}
}

// TestScroll: keys and the wheel move the text, never beyond its ends, and the
// details of a request while they have the focus.
func TestScroll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow)), burst: 3}
		p := start(t, Options{Mouse: true}, h)
		p.handle(tea.WindowSizeMsg{Width: 80, Height: 24})
		h.tell(engine.Event{Type: engine.Text, Text: strings.Repeat("A paragraph.\n\n", 100)})
		p.settle(t)
		p.press(t, "home")
		page, last := p.text.page(), p.text.total-p.text.height
		if page < 5 || last < 5*page {
			t.Fatalf("a page of %d lines, and %d to scroll: the text is too short to prove anything", page, last)
		}
		for _, step := range []struct {
			key  string
			want int
		}{
			{"up", 0},
			{"pgup", 0},
			{"down", 1},
			{"j", 2},
			{"k", 1},
			{"up", 0},
			{"pgdown", page},
			{" ", 2 * page},
			{"pgup", page},
			{"end", last},
			{"down", last},
			{"pgdown", last},
			{"G", last},
			{"pgup", last - page},
			{"g", 0},
			{"G", last},
			{"home", 0},
		} {
			p.press(t, step.key)
			if p.text.offset != step.want {
				t.Errorf("after %q: got line %d, want %d", step.key, p.text.offset, step.want)
			}
		}
		for _, step := range []struct {
			msg  tea.MouseMsg
			want int
		}{
			{wheel(tea.MouseButtonWheelUp), 0},
			{wheel(tea.MouseButtonWheelDown), 3},
			{wheel(tea.MouseButtonWheelDown), 6},
			{wheel(tea.MouseButtonLeft), 6},
			{wheel(tea.MouseButtonRight), 6},
			{tea.MouseMsg{X: 5, Y: 5, Action: tea.MouseActionMotion}, 6},
			{wheel(tea.MouseButtonWheelUp), 3},
		} {
			p.handle(step.msg)
			p.settle(t)
			if p.text.offset != step.want {
				t.Errorf("after %s: got line %d, want %d", step.msg, p.text.offset, step.want)
			}
		}
		if calls := h.done(); len(calls) > 0 {
			t.Errorf("scrolling and clicking did %v", calls)
		}

		p.press(t, "enter", "right", "home") // a request is open, and has the focus
		text := p.text.offset
		p.handle(wheel(tea.MouseButtonWheelDown))
		p.settle(t)
		if p.detail.offset == 0 || p.text.offset != text {
			t.Errorf("got details at line %d, the text at %d; want the details to move alone", p.detail.offset, p.text.offset)
		}
		p.press(t, "home")
		if p.detail.offset != 0 {
			t.Errorf("got details at line %d, want the first", p.detail.offset)
		}
		p.press(t, "esc")
		p.press(t, "pgup")
		p.press(t, "ctrl+c")
		p.pass(t, 3*time.Second)
		p.over(t)
	})
}
