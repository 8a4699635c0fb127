package tui

import (
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
)

// axis is a stretch of time drawn on cells.
type axis struct {
	start time.Time
	each  time.Duration // of a cell
	cells int
}

// axisOf lays the window of before and that of now on w cells.
func axisOf(v level, w int) axis {
	length := v.end.Sub(v.start)
	half := max(8, min(w/2-1, 60))
	return axis{v.start.Add(-length), max(1, length/time.Duration(half)), 2 * half}
}

// at is the cell of a time; it may lie outside.
func (a axis) at(t time.Time) int {
	d := t.Sub(a.start)
	if d < 0 {
		return -1
	}
	return int(d / a.each)
}

// ruler draws a window on the calendar: who passed and who was refused when,
// where windows begin and end, and where now is.
func (m *Model) ruler(x *limiter, v level, now time.Time, w, h int) []string {
	const margin = 7
	k := m.look
	a := axisOf(v, w-margin)
	passed, refused := make([]int, a.cells), make([]int, a.cells)
	for _, hit := range x.hits {
		if i := a.at(hit.at); i >= 0 && i < a.cells {
			if hit.passed {
				passed[i]++
			} else {
				refused[i]++
			}
		}
	}
	label := func(text string) string { return k.dim.Render(fit(text, margin)) }
	rows := []string{label("passed") + k.numbers(passed, k.classes[success])}
	if h >= 4 {
		rows = append(rows, label("429")+k.numbers(refused, k.classes[overLimit]))
	}
	if x.state.Algorithm == "sliding-window" && h >= 5 {
		rows = append(rows, label("counts")+k.bracket(a, now, v.end.Sub(v.start)))
	}
	rows = append(rows, label("")+k.scale(a, v, now), label("")+k.dim.Render(a.times(v, w-margin)))
	return rows
}

// numbers draws a number into each cell that has one.
func (l *look) numbers(counts []int, s lipgloss.Style) string {
	var b strings.Builder
	for _, n := range counts {
		switch {
		case n == 0:
			b.WriteByte(' ')
		case n > 9:
			b.WriteByte('+')
		default:
			b.WriteByte(byte('0' + n))
		}
	}
	return s.Render(strings.TrimRight(b.String(), " "))
}

// scale draws the axis with the ends of windows and now.
func (l *look) scale(a axis, v level, now time.Time) string {
	middle, here := a.at(v.start), a.at(now)
	cells := make([]string, a.cells)
	for i := range cells {
		cells[i] = l.line
	}
	cells[0] = l.begin
	if middle > 0 && middle < a.cells {
		cells[middle] = l.corner
	}
	cells[a.cells-1] = l.end
	if here >= 0 && here < a.cells {
		return l.dim.Render(strings.Join(cells[:here], "")) + l.accent.Render(l.here) + l.dim.Render(strings.Join(cells[here+1:], ""))
	}
	return l.dim.Render(strings.Join(cells, ""))
}

// bracket draws what a sliding window looks at: the stretch that ends now.
func (l *look) bracket(a axis, now time.Time, length time.Duration) string {
	from, to := max(0, a.at(now.Add(-length))), min(a.at(now), a.cells-1)
	if to <= from {
		return ""
	}
	return strings.Repeat(" ", from) + l.accent.Render("["+strings.Repeat("=", max(0, to-from-1))+"]")
}

// times writes the clock beneath the beginnings of windows.
func (a axis) times(v level, w int) string {
	line := []rune(strings.Repeat(" ", max(w, a.cells+8)))
	for _, t := range []time.Time{a.start, v.start, v.end} {
		i := min(a.at(t), a.cells-1)
		text := t.Format("15:04:05")
		if i < 0 || i+len(text) > w {
			i = max(0, w-len(text))
			i = min(i, a.cells-len(text)) // it ends with the axis
		}
		for j, r := range text {
			if i+j >= 0 && i+j < len(line) {
				line[i+j] = r
			}
		}
	}
	return strings.TrimRight(string(line), " ")
}

// shortRuler draws this window alone, in one line.
func (m *Model) shortRuler(x *limiter, v level, now time.Time, w int) string {
	cells := max(8, min(w-8, 60))
	return m.lineRuler(x, v, now, axis{v.start, max(1, v.end.Sub(v.start)/time.Duration(cells)), cells})
}

// longRuler draws the window before too.
func (m *Model) longRuler(x *limiter, v level, now time.Time, w int) string {
	return m.lineRuler(x, v, now, axisOf(v, w-8))
}

// lineRuler draws an axis with who passed and who was refused on it. What a
// sliding window looks at is drawn double.
func (m *Model) lineRuler(x *limiter, v level, now time.Time, a axis) string {
	k := m.look
	signs := make([]class, a.cells)
	for _, hit := range x.hits {
		if i := a.at(hit.at); i >= 0 && i < a.cells {
			if hit.passed && signs[i] != overLimit {
				signs[i] = success
			} else {
				signs[i] = overLimit
			}
		}
	}
	r := run{look: k}
	here := a.at(now)
	for i, c := range signs {
		if c != noAnswer && i != here {
			r.put(c, k.dot[c])
		} else {
			r.raw(k.tick(x, v, now, a, i))
		}
	}
	r.flush()
	return k.dim.Render(a.start.Format(":05")) + k.begin + r.b.String() + k.end + k.dim.Render(v.end.Format(":05"))
}

// tick draws a cell of an axis on which nothing has happened.
func (l *look) tick(x *limiter, v level, now time.Time, a axis, i int) string {
	here := a.at(now)
	switch {
	case i == here:
		return l.accent.Render(l.here)
	case i > 0 && i == a.at(v.start):
		return l.bold.Render(l.corner)
	case x.state.Algorithm == "sliding-window" && i > a.at(now.Add(v.start.Sub(v.end))) && i < here:
		return "="
	}
	return l.line
}
