package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// dotsNeed is how many rows the dots want and need at least.
func (m *Model) dotsNeed() (want, least int) {
	n := len(m.traffic.lanes)
	if n == 0 {
		return 0, 0
	}
	return 2 * n, min(n, 4)
}

// drawDots draws a row of dots for each lane, with the digits of their classes
// beneath where there is room.
func (m *Model) drawDots(w, h int) []string {
	t := &m.traffic
	if len(t.lanes) == 0 || h <= 0 {
		return nil
	}
	digits := h >= 2*len(t.lanes)
	each := 1
	if digits {
		each = 2
	}
	first := 0
	if shown := max(1, (h-1)/each); len(t.lanes)*each > h { // the newest lanes, or the one that is looked at
		first = len(t.lanes) - shown
		if t.open() {
			first = max(0, min(first, t.row))
		}
	}
	labels := 0
	for _, l := range t.lanes {
		labels = max(labels, ansi.StringWidth(l.label))
	}
	labels = min(labels, max(8, w/4))
	var out []string
	for i, l := range t.lanes[first:] {
		if len(out)+each > h {
			break
		}
		out = append(out, m.drawLane(l, first+i, labels, w, digits)...)
	}
	return out
}

// drawLane draws one lane: its name, as many of its last dots as fit, its sums.
func (m *Model) drawLane(l *lane, row, labels, w int, digits bool) []string {
	k := m.look
	sums := k.statuses(l.counts)
	name := fit(k.cut(l.label, labels), labels)
	here := m.traffic.open() && m.traffic.row == row
	if here {
		name = k.chosen.Render(name)
	}
	room := w - labels - 2 - ansi.StringWidth(sums) - 2
	if room < 12 {
		sums, room = "", w-labels-2
	}
	at := -1
	if here {
		at = m.traffic.at
	}
	dots, below := m.strip(l, room, at)
	line := sides(name+"  "+dots, sums, w)
	if !digits && at < 0 {
		return []string{line}
	}
	rows := []string{line, fit(strings.Repeat(" ", labels+2)+below, w)}
	if !digits {
		return rows[:1]
	}
	return rows
}

// run collects what is drawn alike.
type run struct {
	b     strings.Builder
	cells strings.Builder
	class class
	look  *look
}

func (r *run) put(k class, sign string) {
	if k != r.class {
		r.flush()
		r.class = k
	}
	r.cells.WriteString(sign)
}

// raw puts what has its style already.
func (r *run) raw(text string) {
	r.flush()
	r.b.WriteString(text)
}

func (r *run) flush() {
	if r.cells.Len() > 0 {
		r.b.WriteString(r.look.classes[r.class].Render(r.cells.String()))
		r.cells.Reset()
	}
}

// visible finds the dots that fit into room cells, the one at the cursor among
// them, and how many cells they take.
func (l *lane) visible(room, at int) (begin, end, cells int) {
	end = len(l.dots)
	if at >= 0 && end-at > room/2 {
		end = min(end, at+room/3+1)
	}
	room -= 1 + min(l.pending, room/3)
	begin = end
	for begin > 0 {
		n := 1
		if d := l.dots[begin-1]; begin > 1 && (d.gap || d.edge) {
			n = 2
		}
		if cells+n > room {
			break
		}
		cells += n
		begin--
	}
	return begin, end, cells
}

// strip draws dots in at most room cells, and the row beneath: a digit each, and
// what points to the cursor.
func (m *Model) strip(l *lane, room, at int) (dots, below string) {
	k := m.look
	r := run{look: k}
	var under strings.Builder
	begin, end, cells := l.visible(room, at)
	if begin > 0 {
		r.raw(k.dim.Render("<"))
		under.WriteByte(' ')
	}
	for i := begin; i < end; i++ {
		d := l.dots[i]
		if i > begin && (d.gap || d.edge) {
			sign := " "
			if d.edge {
				sign = k.bold.Render(k.edge)
			}
			r.raw(sign)
			under.WriteByte(' ')
		}
		c := classOf(d.Status)
		if i == at {
			r.raw(k.chosen.Render(k.dot[c]))
			under.WriteString(k.pointer)
			continue
		}
		r.put(c, k.dot[c])
		under.WriteString(digit(d.Status))
	}
	if end == len(l.dots) && l.pending > 0 {
		r.raw(k.dim.Render(strings.Repeat(k.off, max(0, min(l.pending, room-cells-1)))))
	}
	r.flush()
	return r.b.String(), k.dim.Render(under.String())
}

// digit is the class of a status as a digit.
func digit(status int) string {
	if status < 100 {
		return "?"
	}
	return itoa(status / 100)
}

// legend explains the signs of the dots that are there.
func (m *Model) legend() string {
	var seen [classes]int
	for _, l := range m.traffic.lanes {
		for status := range l.counts {
			seen[classOf(status)] = status
		}
	}
	var parts []string
	for k, status := range seen {
		if status != 0 {
			parts = append(parts, m.look.classes[k].Render(m.look.dot[k]+" "+itoa(status)))
		}
	}
	return strings.Join(parts, "  ")
}
