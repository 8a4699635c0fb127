package tui

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// mostLimits is how many limiters are drawn side by side at most.
const mostLimits = 6

// limitsNeed is how many rows the limiters want and need at least.
func (m *Model) limitsNeed() (want, least int) {
	switch n := min(len(m.limits.list), mostLimits); n {
	case 0:
		return 0, 0
	case 1:
		return m.oneNeed(), 2
	default:
		return 3 * n, min(n, 4)
	}
}

func (m *Model) oneNeed() int {
	switch m.limits.list[0].state.Algorithm {
	case "fixed-window":
		return 5
	case "sliding-window":
		return 6
	}
	return 3
}

// drawLimits draws the limiters: one in full, several in a line or two each.
func (m *Model) drawLimits(w, h int) []string {
	list := m.limits.list
	if len(list) > mostLimits {
		list = list[len(list)-mostLimits:]
	}
	now := m.now()
	if len(list) == 1 {
		return m.drawLimit(list[0], now, w, h)
	}
	list = m.inOrder(list)
	labels := 0
	for _, x := range list {
		labels = max(labels, len(x.label))
	}
	labels = min(labels, 12)
	margin := strings.Repeat(" ", labels+1)
	var out []string
	for _, x := range list {
		v := x.level(now)
		name := fit(m.look.cut(x.label, labels), labels) + " "
		out = append(out, name+m.meter(v, 12)+" "+m.levelWords(x, v, now))
		if h >= 3*len(list) {
			out = append(out, margin+m.look.dim.Render(m.look.cut(ruleWords(x)+", "+x.state.Identifier, w-labels-1)))
		}
		if h >= 2*len(list) {
			second := m.bucketWords(x, v)
			if !v.end.IsZero() {
				second = []string{m.longRuler(x, v, now, w-labels-1)}
			}
			out = append(out, margin+strings.Join(second, ""))
		}
	}
	return out[:min(len(out), h)]
}

// inOrder gives limiters in the order of their lanes.
func (m *Model) inOrder(list []*limiter) []*limiter {
	place := map[string]int{}
	for i, l := range m.traffic.lanes {
		place[l.label] = i
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *limiter) int { return cmp.Compare(place[a.label], place[b.label]) })
	return list
}

// drawLimit draws one limiter in up to h rows.
func (m *Model) drawLimit(x *limiter, now time.Time, w, h int) []string {
	v := x.level(now)
	head := m.meter(v, 20) + " " + m.levelWords(x, v, now)
	rows := []string{head}
	switch {
	case !v.end.IsZero() && h >= 4:
		rows = append(rows, m.ruler(x, v, now, w, h-1)...)
	case !v.end.IsZero() && h >= 2:
		rows = append(rows, m.shortRuler(x, v, now, w))
	default:
		rows = append(rows, m.bucketWords(x, v)...)
	}
	return rows[:min(len(rows), h)]
}

// limitTitle names the limit when there is one.
func (m *Model) limitTitle() string {
	if len(m.limits.list) != 1 {
		return "limits, as the gateway counts them"
	}
	x := m.limits.list[0]
	return ruleWords(x) + ", " + x.state.Identifier
}

// ruleWords says what a limiter's rule is.
func ruleWords(x *limiter) string {
	s := &x.state
	text := fmt.Sprintf("%s: %d a %s", s.Algorithm, s.Limit, s.Period)
	switch s.Algorithm {
	case "token-bucket":
		if s.Burst != s.Limit {
			text += fmt.Sprintf(", burst %d", s.Burst)
		}
	case "leaky-bucket":
		text += fmt.Sprintf(", room for %d", s.Queue)
	}
	return text
}

// meter draws how much is used up: a cell for each of a small limit, else a bar.
func (m *Model) meter(v level, w int) string {
	k := m.look
	style := k.good
	if v.left == 0 {
		style = k.warn
	}
	n := int(v.limit)
	if n <= 0 || n > w {
		n = w
		return style.Render(k.bars(v.used/max(v.limit, 1), n))
	}
	each := max(1, min(w/n, 3))
	if k.still || each == 1 {
		used := min(n, int(math.Ceil(v.used-1e-9)))
		return style.Render(strings.Repeat(k.full, used*each) + strings.Repeat(k.empty, (n-used)*each))
	}
	return style.Render(k.bars(v.used/v.limit, n*each))
}

// bars is a bar of w cells that is full to a part.
func (l *look) bars(part float64, w int) string {
	n := min(w, max(0, int(math.Round(part*float64(w)))))
	if part > 0 && n == 0 {
		n = 1
	}
	return strings.Repeat(l.full, n) + strings.Repeat(l.empty, w-n)
}

// gauge is a bar in the colour of waiting.
func (l *look) gauge(part float64, w int) string { return l.warn.Render(l.bars(part, w)) }

// levelWords says how a limiter stands and when that gets better.
func (m *Model) levelWords(x *limiter, v level, now time.Time) string {
	s := &x.state
	var text string
	switch s.Algorithm {
	case "token-bucket":
		text = fmt.Sprintf("%.2f of %d tokens", max(0, v.limit-v.used), s.Burst)
	case "leaky-bucket":
		text = fmt.Sprintf("%d of %d places taken", int(math.Ceil(v.used-1e-9)), s.Queue)
	case "sliding-window":
		text = fmt.Sprintf("%s of %d used", strings.TrimSuffix(fmt.Sprintf("%.1f", min(v.used, v.limit)), ".0"), s.Limit)
	default:
		text = fmt.Sprintf("%d of %d used", int(v.used), s.Limit)
	}
	if v.left == 0 && v.next.After(now) {
		return m.look.warn.Render(text + ", next in " + clockText(v.next.Sub(now), m.look.still))
	}
	return text + m.look.good.Render(fmt.Sprintf(", %d left", v.left))
}

// bucketWords says how a bucket fills or drains.
func (m *Model) bucketWords(x *limiter, v level) []string {
	s := &x.state
	if s.RefillPerSecond <= 0 {
		return nil
	}
	each := 1 / s.RefillPerSecond
	if s.Algorithm == "leaky-bucket" {
		places := m.look.dim.Render("queue ") + m.queue(int(math.Ceil(v.used-1e-9)), int(s.Queue)) +
			m.look.dim.Render(fmt.Sprintf(" %s one every %s", m.look.arrow, every(each)))
		if v.used > 0 {
			places += m.look.dim.Render(fmt.Sprintf(", next in %.1f s", math.Mod(v.used, 1)*each))
		}
		return []string{places}
	}
	if v.used <= 0 {
		return []string{m.look.dim.Render(fmt.Sprintf("full; one grows back every %s", every(each)))}
	}
	part := math.Mod(v.limit-v.used, 1)
	grows := (1 - part) * each
	return []string{m.look.dim.Render(fmt.Sprintf("one grows back every %s, next in %s", every(each), clockText(seconds(grows), m.look.still)))}
}

// queue draws the places of a leaky bucket.
func (m *Model) queue(used, places int) string {
	const most = 20
	if places > most {
		return m.look.bars(float64(used)/float64(places), most)
	}
	used = min(used, places)
	return m.look.warn.Render(strings.Repeat("["+m.look.full+"]", used)) + strings.Repeat("[ ]", places-used)
}

func every(seconds float64) string {
	if seconds >= 1 {
		return fmt.Sprintf("%.4g s", seconds)
	}
	return fmt.Sprintf("%.3g ms", seconds*1000)
}
