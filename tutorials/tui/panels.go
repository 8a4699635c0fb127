package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// panel is one picture beside the text.
type panel struct {
	title string
	note  string // to the right of the title
	// want is how many rows it would fill, least how few make sense; 0 for
	// nothing to show.
	want, least int
	draw        func(w, h int) []string
	focused     bool
}

// list gives the panels that have something to show, the most important first,
// and the order in which they stand.
func (m *Model) list() []panel {
	if m.traffic.open() {
		want, least := m.dotsNeed()
		return []panel{
			{"requests", m.legend(), want, least, m.drawDots, m.focus == onRequests},
			{m.detailTitle(), "", 40, 4, m.drawDetail, m.focus == onDetail},
		}
	}
	var out []panel
	if want, least := m.dotsNeed(); want > 0 {
		out = append(out, panel{"requests", m.legend(), want, least, m.drawDots, m.focus == onRequests})
	}
	counts, limits := m.countdownPanel(), m.limitPanel()
	if len(m.limits.list) > 1 { // several that are compared come first
		counts, limits = limits, counts
	}
	out = append(out, counts, limits)
	if want, least := m.flowNeed(); want > 0 {
		d := m.traffic.newest()
		out = append(out, panel{"the way of the last request", m.look.dim.Render(d.At.UTC().Format("15:04:05")), want, least, m.drawFlow, false})
	}
	if want, least := m.countsNeed(); want > 0 {
		out = append(out, panel{"answers over time", "", want, least, m.drawCounts, false})
	}
	return slices.DeleteFunc(out, func(p panel) bool { return p.want == 0 })
}

func (m *Model) limitPanel() panel {
	want, least := m.limitsNeed()
	return panel{m.limitTitle(), "", want, least, m.drawLimits, false}
}

func (m *Model) countdownPanel() panel {
	switch {
	case !m.counting():
		return panel{}
	case m.wait != nil && m.wait.Reason != "retry-after":
		return panel{"waiting", "", bigRows, 1, m.drawCountdown, false}
	}
	return panel{"retry-after", "", bigRows, 1, m.drawCountdown, false}
}

// counting says that a countdown or a wait is to be shown.
func (m *Model) counting() bool {
	return !m.countdown.end.IsZero() || m.waitLeft() > 0
}

// panelsNeed is how many rows all panels want, titles included.
func (m *Model) panelsNeed() int {
	n := 0
	for _, p := range m.list() {
		n += p.want + 1
	}
	return n
}

// share gives each panel its rows: first all get the least as far as it goes,
// then, in order, what they want.
func share(list []panel, h, gap int) []int {
	rows := make([]int, len(list))
	left := h - max(0, gap*(len(list)-1))
	for i, p := range list {
		if left >= p.least+1 {
			rows[i] = p.least
			left -= p.least + 1
		}
	}
	for i, p := range list {
		if more := min(p.want-rows[i], left); rows[i] > 0 && more > 0 {
			rows[i] += more
			left -= more
		}
	}
	return rows
}

// roomy is the height from which panels stand apart.
const roomy = 24

// panels draws the panels in at most h rows.
func (m *Model) panels(w, h int) []string {
	list := m.list()
	gap := 0
	if h > roomy && w < columnsFrom {
		gap = 1
	}
	var out []string
	for i, n := range share(list, h, gap) {
		if n == 0 {
			continue
		}
		p := list[i]
		out = append(out, m.panelTitle(p, w))
		lines := p.draw(w, n)
		for _, line := range lines[:min(len(lines), n)] {
			out = append(out, fit(line, w))
		}
		if gap > 0 {
			out = append(out, "")
		}
	}
	return out[:min(len(out), h)]
}

func (m *Model) panelTitle(p panel, w int) string {
	k := m.look
	style := k.title
	title := p.title
	if p.focused {
		style, title = k.focus, k.now+" "+title
	}
	text := style.Render(k.cut(title, w-4)) + " "
	note := ""
	if p.note != "" && ansi.StringWidth(title)+ansi.StringWidth(p.note)+6 < w {
		note = " " + p.note
	}
	n := w - ansi.StringWidth(text) - ansi.StringWidth(note)
	return text + k.dim.Render(strings.Repeat(k.line, max(0, n))) + note
}

// refocus moves the focus on.
func (m *Model) refocus() {
	if m.big {
		m.page++
		return
	}
	switch m.focus {
	case onText:
		if len(m.traffic.lanes) > 0 {
			m.focus = onRequests
			if !m.traffic.open() {
				m.traffic.point(0)
			}
		}
	case onRequests:
		m.focus = onDetail
	default:
		m.focus = onText
	}
}

// point moves the cursor on the dots.
func (m *Model) point(by int) {
	m.traffic.point(by)
	m.detail.offset = 0
	if m.traffic.open() && m.focus == onText {
		m.focus = onRequests
	}
}

// move is an arrow up or down.
func (m *Model) move(by int) {
	if m.focus == onRequests && m.traffic.open() && len(m.traffic.lanes) > 1 {
		m.traffic.change(by)
		m.detail.offset = 0
		return
	}
	m.scroll(by)
}

// scroll scrolls what has the focus.
func (m *Model) scroll(by int) {
	if m.focus != onText && m.traffic.open() {
		m.detail.by(by)
		return
	}
	m.text.by(by)
}
