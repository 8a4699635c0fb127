package tui

import (
	"context"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/tutorials/engine"
)

// keymap holds what each key does.
type keymap struct {
	next, again, try, hint, solve, edit, forth, back, reset, restart, check key.Binding
	left, right, up, down, pageUp, pageDown, home, end, tab, lanes          key.Binding
	help, big, escape, quit                                                 key.Binding
}

func newKeymap() keymap {
	k := func(help string, keys ...string) key.Binding {
		shown, text, _ := strings.Cut(help, " ")
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, text))
	}
	return keymap{
		next:  k("Enter what the last line says", "enter"),
		again: k("f send the requests again", "f"),
		try:   k("t try again when Retry-After ends", "t"),
		hint:  k("h show a hint", "h"), solve: k("s let the lesson do the step", "s"),
		edit:  k("e edit the manifests", "e"),
		forth: k("n go to the next step", "n"), back: k("p go to the step before", "p"),
		reset: k("r begin this step anew", "r"), restart: k("R begin the lesson anew", "R"),
		check: k("c check again", "c"),
		left:  k("← open the request before", "left"), right: k("→ open the next request", "right"),
		up: k("↑ scroll, or choose a lane", "up", "k"), down: k("↓ scroll, or choose a lane", "down", "j"),
		pageUp: k("PgUp scroll", "pgup", "ctrl+b"), pageDown: k("PgDn scroll", "pgdown", " ", "ctrl+f"),
		home: k("Home to the beginning", "home", "g"), end: k("End to the end", "end", "G"),
		tab: k("Tab text, requests, details", "tab"), lanes: k("l lanes: client, route, gateway", "l"),
		help: k("? this help", "?"), big: k("b big, for an audience", "b"),
		escape: k("Esc close what is open, stop a wait", "esc"), quit: k("q leave; the lesson goes on here next time", "q", "ctrl+c"),
	}
}

// key does what a key asks for.
func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	if msg.String() == "ctrl+c" || msg.String() == "q" && !m.takes("q") {
		return m.leave()
	}
	m.note = ""
	if m.help {
		m.help = false
		return nil
	}
	if m.asked() {
		if cmd, ok := m.answering(msg); ok {
			return cmd
		}
	}
	confirmed := m.asking
	m.asking = ""
	if m.watch(msg) || m.pageKey(msg) {
		return nil
	}
	return m.wish(msg, confirmed)
}

// takes says that a letter goes on with an answer: a digit of a number, or what a
// choice of the question begins with.
func (m *Model) takes(letter string) bool {
	if !m.asked() || len(letter) != 1 {
		return false
	}
	if !m.choices() {
		const digits = 9
		return letter[0] >= '0' && letter[0] <= '9' && len(m.typed) < digits
	}
	return slices.ContainsFunc(m.text.question().Choices, func(c engine.ChoiceInfo) bool { return strings.HasPrefix(c.Key, m.typed+letter) })
}

// answering takes what is typed as an answer to the question.
func (m *Model) answering(msg tea.KeyMsg) (tea.Cmd, bool) {
	typed := msg.String()
	switch {
	case typed == "enter" && m.typed != "":
		answer := m.typed
		m.typed = ""
		return m.do("answering", func(ctx context.Context, s session) error { return s.Guess(ctx, answer) }), true
	case typed == "backspace" && m.typed != "":
		m.typed = m.typed[:len(m.typed)-1]
	case typed == "esc" && m.typed != "":
		m.typed = ""
	case m.takes(typed):
		m.typed += typed
	case len(typed) == 1 && m.typed != "": // no choice begins so
	default:
		return nil, false
	}
	return nil, true
}

func (m *Model) choices() bool {
	q := m.text.question()
	return q != nil && len(q.Choices) > 0
}

// watch does what only changes what is looked at; false for any other key.
func (m *Model) watch(msg tea.KeyMsg) bool {
	k := &m.keys
	switch {
	case key.Matches(msg, k.left):
		m.point(-1)
	case key.Matches(msg, k.right):
		m.point(1)
	case key.Matches(msg, k.up):
		m.move(-1)
	case key.Matches(msg, k.down):
		m.move(1)
	case key.Matches(msg, k.tab):
		m.refocus()
	case key.Matches(msg, k.lanes):
		m.note = "Lanes by " + m.traffic.regroup() + "."
	case key.Matches(msg, k.help):
		m.help = true
	case key.Matches(msg, k.big):
		m.big, m.page = !m.big, 0
	case key.Matches(msg, k.escape) && (m.traffic.open() || m.big):
		m.big = false
		m.traffic.closeDetail()
		m.focus = onText
	default:
		return false
	}
	return true
}

// pageKey scrolls by pages; false for any other key.
func (m *Model) pageKey(msg tea.KeyMsg) bool {
	switch k := &m.keys; {
	case key.Matches(msg, k.pageUp):
		m.scroll(-m.text.page())
	case key.Matches(msg, k.pageDown):
		m.scroll(m.text.page())
	case key.Matches(msg, k.home):
		m.scroll(-1 << 20)
	case key.Matches(msg, k.end):
		m.scroll(1 << 20)
	default:
		return false
	}
	return true
}

// wish does what changes the lesson.
func (m *Model) wish(msg tea.KeyMsg, confirmed string) tea.Cmd {
	k := &m.keys
	switch {
	case key.Matches(msg, k.next):
		return m.advance()
	case key.Matches(msg, k.again):
		return m.only("again", "Nothing has been sent in this step yet: press Enter.", "sending", func(ctx context.Context, s session) error { return s.Again(ctx) })
	case key.Matches(msg, k.try):
		return m.arm()
	case key.Matches(msg, k.hint):
		return m.only("hint", "There is no further hint. s lets the lesson do the step.", "finding a hint", func(ctx context.Context, s session) error { return s.Hint(ctx) })
	case key.Matches(msg, k.solve):
		return m.only("solve", "There is nothing to solve here.", "solving the step", func(ctx context.Context, s session) error { return s.Solve(ctx) })
	case key.Matches(msg, k.edit):
		if !m.can("edit") {
			m.note = "There is nothing to change in this step."
			return nil
		}
		return m.editing()
	case key.Matches(msg, k.check):
		if m.ready.Next != "check" {
			m.note = "The check comes later in this step: press Enter."
			return nil
		}
		return m.advance()
	case key.Matches(msg, k.escape):
		return m.escape()
	}
	return m.jump(msg, confirmed)
}

// only does something if it can be done now, else it says why not.
func (m *Model) only(what, why, words string, act func(context.Context, session) error) tea.Cmd {
	if !m.can(what) && m.busy == "" {
		m.note = why
		return nil
	}
	return m.do(words, act)
}

// jump goes to another step.
func (m *Model) jump(msg tea.KeyMsg, confirmed string) tea.Cmd {
	to := -1
	switch k := &m.keys; {
	case key.Matches(msg, k.forth):
		to = m.step.N
		if m.finished != nil || to >= len(m.marks) {
			m.note = "This is the last step."
			return nil
		}
	case key.Matches(msg, k.back):
		to = m.step.N - 2
		if m.finished != nil {
			to = m.step.N - 1
		}
		if to < 0 {
			m.note = "This is the first step."
			return nil
		}
	case key.Matches(msg, k.reset):
		to = m.step.N - 1
	case key.Matches(msg, k.restart):
		if confirmed != "R" {
			m.asking, m.note = "R", "Press R again to begin the whole lesson anew."
			return nil
		}
		to = 0
	default:
		return nil
	}
	return m.do("preparing the step", func(ctx context.Context, s session) error { return s.Goto(ctx, to) })
}

// advance does what the last line says.
func (m *Model) advance() tea.Cmd {
	if m.paused {
		m.paused = false
		if m.opts.Auto && m.busy == "" {
			return m.next()
		}
	}
	if m.ready.Next == "none" {
		return m.leave()
	}
	m.text.fresh = false
	return m.do(working(m.ready.Next), func(ctx context.Context, s session) error { return s.Advance(ctx) })
}

func working(next string) string {
	words := map[string]string{"apply": "applying", "fire": "sending", "run": "running", "check": "checking", "step": "preparing the step"}
	if w, ok := words[next]; ok {
		return w
	}
	return "going on"
}

// arm makes the refused request go when its Retry-After ends, or at once when it
// has ended.
func (m *Model) arm() tea.Cmd {
	c := &m.countdown
	switch {
	case !m.can("try"):
		m.note = "No request of this step has been told to try again later."
		return nil
	case c.armed:
		m.note = "It goes by itself when the countdown ends."
		return nil
	case m.moves || !c.runs(m.now()):
		return m.try()
	}
	c.armed = true
	return tea.Batch(m.waitFor(c.end), m.tick())
}

// escape stops what waits.
func (m *Model) escape() tea.Cmd {
	switch {
	case m.countdown.armed:
		m.countdown.armed = false
		m.note = "It will not go by itself."
	case m.busy != "" && m.stop != nil:
		m.stop()
	}
	return nil
}
