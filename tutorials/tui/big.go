package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// drawBig draws one thing large, for an audience: the countdown while it runs,
// the answers by status, the limit, the text. Tab changes it.
func (m *Model) drawBig(w, h int) []string {
	pages := []func(w, h int) []string{m.bigAnswers}
	if m.counting() {
		pages = append([]func(w, h int) []string{m.bigCountdown}, pages...)
	}
	if len(m.limits.list) > 0 {
		pages = append(pages, m.bigLimit)
	}
	pages = append(pages, func(w, h int) []string { return m.text.show(m.look, min(w-2, 90), h) })
	if len(m.traffic.dots) == 0 && !m.counting() {
		pages = pages[len(pages)-1:]
	}
	return m.column(pages[m.page%len(pages)](w-2, h), w)
}

// times is how much digits of a text can be enlarged.
func times(text string, w, h int) int {
	n := 1
	for n < 6 {
		rows := scaled(&look{glyphs: asciiGlyphs()}, text, n+1)
		if len(rows) > h || len(rows[0]) > w {
			break
		}
		n++
	}
	return n
}

func centred(line string, w int) string {
	return strings.Repeat(" ", max(0, (w-ansi.StringWidth(line))/2)) + line
}

// middle puts lines into the middle of w x h.
func middle(lines []string, w, h int) []string {
	out := make([]string, max(0, (h-len(lines))/2))
	for _, line := range lines {
		out = append(out, centred(line, w))
	}
	return out
}

func (m *Model) bigCountdown(w, h int) []string {
	c := &m.countdown
	if c.proof != nil && m.wait == nil {
		k := classOf(c.proof.Status)
		text := itoa(c.proof.Status)
		rows := style(scaled(m.look, text, times(text, w, h-4)), m.look.classes[k].Bold(true).Render)
		return middle(append(rows, "", m.look.status(c.proof.Status)+"  "+m.proofWords()), w, h)
	}
	left := c.left(m.now())
	if m.wait != nil && m.wait.Reason != "retry-after" {
		left = m.waitLeft()
	}
	text := clockText(left, true)
	rows := style(scaled(m.look, text, times("00:00", w, h-6)), m.look.warn.Bold(true).Render)
	return middle(append(rows, "", m.countdownBar(left, min(w, 60)), "", m.countdownCaption()), w, h)
}

func (m *Model) bigAnswers(w, h int) []string {
	sums := map[int]int{}
	for _, l := range m.traffic.lanes {
		for status, n := range l.counts {
			sums[status] += n
		}
	}
	each := h / max(1, len(sums))
	var out []string
	for _, status := range slices.Sorted(maps.Keys(sums)) {
		k := classOf(status)
		text := fmt.Sprintf("%d x %d", sums[status], status)
		rows := scaled(m.look, text, min(times(text, w-4, each-3), 4))
		for i, row := range rows {
			sign := "  "
			if i == len(rows)/2 {
				sign = m.look.dot[k] + " "
			}
			out = append(out, m.look.classes[k].Bold(true).Render(sign+row))
		}
		out = append(out, "")
	}
	if len(m.traffic.lanes) > 0 && h-len(out) > 2 {
		out = append(out, m.drawDots(min(w, 100), h-len(out)-1)...)
	}
	return middle(out, w, h)
}

func (m *Model) bigLimit(w, h int) []string {
	x := m.limits.list[len(m.limits.list)-1]
	now := m.now()
	v := x.level(now)
	text := fmt.Sprintf("%d / %d", v.left, int(v.limit))
	rows := style(scaled(m.look, text, times(text, w, h-6)), m.look.bold.Render)
	return middle(append(rows, "", "left of "+ruleWords(x), "", m.meter(v, 40), "", m.levelWords(x, v, now)), w, h)
}
