package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Sizes of the screen, in cells.
const (
	leastWidth, leastHeight = 40, 12
	// columnsFrom is the width from which the text and the panels stand side by
	// side.
	columnsFrom = 100
	// edges are the rows of the header and the footer.
	edges = 4
)

// View implements tea.Model.
func (m *Model) View() string {
	w, h := m.width, m.height
	if w < leastWidth || h < leastHeight {
		return fmt.Sprintf("The lesson needs %d x %d cells,\nhere are %d x %d.\nq leaves.", leastWidth, leastHeight, w, h)
	}
	body := h - edges
	var rows []string
	switch {
	case m.help:
		rows = m.drawHelp(w, body)
	case m.big:
		rows = m.drawBig(w, body)
	case m.lesson.ID == "":
		rows = m.column(m.text.show(m.look, w-2, body), w)
	case w >= columnsFrom:
		rows = m.twoColumns(w, body)
	default:
		rows = m.oneColumn(w, body)
	}
	var b strings.Builder
	b.Grow(2 * w * h)
	for _, row := range m.header(w) {
		b.WriteString(row + "\n")
	}
	for i := range body {
		row := ""
		if i < len(rows) {
			row = rows[i]
		}
		b.WriteString(fit(row, w) + "\n")
	}
	b.WriteString(strings.Join(m.footer(w), "\n"))
	return b.String()
}

// column puts a margin before lines.
func (m *Model) column(lines []string, w int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = " " + fit(line, w-1)
	}
	return out
}

// show gives the lines of the text that are in view.
func (t *transcript) show(l *look, w, h int) []string {
	t.layout(l, w, h)
	return t.lines[t.offset:min(len(t.lines), t.offset+h)]
}

// oneColumn puts the text above the panels. Without panels it has all the room.
func (m *Model) oneColumn(w, h int) []string {
	const leastText = 3
	m.text.measure(m.look, w-2)
	want := m.panelsNeed()
	room := min(want, max(h-min(m.text.total, h*2/5), 0))
	if m.traffic.open() { // a request is what is looked at
		room = min(want, h-leastText)
	}
	panels := m.panels(w-2, room)
	textRows := h - len(panels)
	rows := m.column(m.text.show(m.look, w-2, textRows), w)
	for len(rows) < textRows {
		rows = append(rows, "")
	}
	if n := m.text.total - m.text.offset - textRows; n > 0 {
		rows[textRows-1] = m.more(rows[textRows-1], n, w)
	}
	return append(rows, m.column(panels, w)...)
}

// more says that the text goes on.
func (m *Model) more(row string, n, w int) string {
	mark := m.look.accent.Render(fmt.Sprintf(" %s %d more lines: PgDn ", m.look.down, n))
	return sides(ansi.Truncate(row, max(0, w-ansi.StringWidth(mark)-1), ""), mark, w)
}

// twoColumns puts the text to the left of the panels.
func (m *Model) twoColumns(w, h int) []string {
	left := min(max(w*46/100, 48), 78)
	right := w - left - 3
	text := m.column(m.text.show(m.look, left-2, h), left)
	for len(text) < h {
		text = append(text, "")
	}
	if n := m.text.total - m.text.offset - h; n > 0 {
		text[h-1] = m.more(text[h-1], n, left)
	}
	panels := m.panels(right, h)
	if len(panels) == 0 {
		panels = m.overview(right)
	}
	bar := m.look.dim.Render(m.look.bar)
	rows := make([]string, h)
	for i := range rows {
		row := ""
		if i < len(panels) {
			row = panels[i]
		}
		rows[i] = fit(text[i], left) + " " + bar + " " + row
	}
	return rows
}

// header draws the title, how far the lesson has come, and a line.
func (m *Model) header(w int) []string {
	k := m.look
	title := "gwctl tutorial"
	if m.lesson.ID != "" {
		title = m.lesson.Title
	}
	left := " " + k.bold.Render(title)
	if m.step.Of > 0 {
		left += k.dim.Render(fmt.Sprintf("   step %d of %d ", m.step.N, m.step.Of)) + m.stepMarks()
	}
	right := ""
	if m.score.Asked > 0 {
		right = k.dim.Render(fmt.Sprintf("predictions %d/%d ", m.score.Score, m.score.Asked))
	}
	if w >= columnsFrom && m.lesson.ID != "" {
		right += k.dim.Render(fmt.Sprintf(" %s, %s ", m.lesson.Sandbox, strings.TrimPrefix(m.lesson.URL, "http://")))
	}
	return []string{sides(left, right, w), k.dim.Render(strings.Repeat(k.line, w))}
}

// stepMarks draws a sign for each step.
func (m *Model) stepMarks() string {
	k := m.look
	var b strings.Builder
	for _, x := range m.marks {
		switch x {
		case done:
			b.WriteString(k.good.Render(k.yes))
		case under:
			b.WriteString(k.accent.Render(k.now))
		default:
			b.WriteString(k.dim.Render(k.todo))
		}
	}
	return b.String()
}

// overview stands in the place of panels while there is nothing to show: the
// steps, and where the lesson runs.
func (m *Model) overview(w int) []string {
	k := m.look
	out := []string{m.panelTitle(panel{title: "steps"}, w)}
	for n, s := range m.lesson.Steps {
		line := k.dim.Render(k.todo) + "  " + s.Title
		switch m.marks[n] {
		case done:
			line = k.good.Render(k.yes) + "  " + s.Title
		case under:
			line = k.accent.Render(k.now) + "  " + k.bold.Render(s.Title)
		case todo:
		}
		out = append(out, fit(k.cut(line, w), w))
	}
	out = append(out, "", m.panelTitle(panel{title: "sandbox"}, w))
	out = append(out, k.cut(m.lesson.Sandbox+", runtime "+m.lesson.Runtime+", "+m.lesson.URL, w))
	for _, g := range m.lesson.Gateways {
		out = append(out, k.dim.Render(k.cut("gateway "+g, w)))
	}
	return append(out, "", k.dim.Render(k.cut("Requests are drawn here as soon as some have been sent.", w)))
}
