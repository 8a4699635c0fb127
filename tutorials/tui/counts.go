package tui

import (
	"fmt"
	"strings"
	"time"
)

func (m *Model) countsNeed() (want, least int) {
	if len(m.traffic.dots) < 4 {
		return 0, 0
	}
	return 5, 3
}

// drawCounts draws how many answers of each class came when: a column for each
// stretch of time, of the signs of the classes.
func (m *Model) drawCounts(w, h int) []string {
	dots := m.traffic.dots
	if len(dots) == 0 || h < 2 {
		return nil
	}
	first, last := dots[0].At, dots[0].At
	for _, d := range dots {
		if d.At.Before(first) {
			first = d.At
		}
		if d.At.After(last) {
			last = d.At
		}
	}
	columns := max(1, min(w-8, 48))
	each := stretch(last.Sub(first), columns)
	n := int(last.Sub(first)/each) + 1
	bins := make([][classes]int, n)
	most := 1
	for _, d := range dots {
		b := &bins[d.At.Sub(first)/each]
		b[classOf(d.Status)]++
		sum := 0
		for _, c := range b {
			sum += c
		}
		most = max(most, sum)
	}
	rows := m.stack(bins, most, h-1)
	for i := range rows {
		label := "    "
		if i == 0 {
			label = fmt.Sprintf("%4d", most)
		}
		rows[i] = m.look.dim.Render(label+m.look.bar) + rows[i]
	}
	axis := fmt.Sprintf("    0 s %s %s, a column is %s", m.look.arrow, length(each*time.Duration(n)), length(each))
	return append(rows, m.look.dim.Render(m.look.cut(axis, w)))
}

// stretch is the time that a column stands for, so that all fit.
func stretch(span time.Duration, columns int) time.Duration {
	for _, d := range []time.Duration{
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
		10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
	} {
		if span/d < time.Duration(columns) {
			return d
		}
	}
	return max(span/time.Duration(columns)+1, time.Hour)
}

func length(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

// stack draws columns, the answers that passed at the bottom.
func (m *Model) stack(bins [][classes]int, most, h int) []string {
	order := [classes]class{success, redirect, unknownCaller, overLimit, refused, broken, noAnswer}
	grid := make([][]class, len(bins))
	for i, b := range bins {
		for _, k := range order {
			cells := b[k] * h / most
			if b[k] > 0 && cells == 0 {
				cells = 1
			}
			for range cells {
				grid[i] = append(grid[i], k)
			}
		}
	}
	rows := make([]string, h)
	for y := range h {
		r := run{look: m.look}
		for _, column := range grid {
			level := h - 1 - y
			if level < len(column) {
				r.put(column[level], m.look.dot[column[level]])
				continue
			}
			r.flush()
			r.b.WriteByte(' ')
		}
		r.flush()
		rows[y] = strings.TrimRight(r.b.String(), " ")
	}
	return rows
}
