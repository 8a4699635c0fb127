package engine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// ofTraffic judges what a volley was answered.
func (s *Session) ofTraffic(c *lesson.Condition) []verdict {
	r := s.place.results[c.Fire]
	if r == nil {
		return []verdict{no("nothing has been sent yet")}
	}
	all, on := r.pick(c)
	var out []verdict
	if c.Status != nil {
		out = append(out, judgeStatuses(c.Status, all))
	}
	if c.Reached != nil {
		out = append(out, judgeReached(c.Reached, all))
	}
	if (c.Header != nil || c.Body != nil) && len(on) == 0 {
		return append(out, no("there is no answer of status %d to look at", c.On))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		m := c.Header[name]
		out = append(out, judgeHeader(name, &m, on))
	}
	if c.Body != nil {
		out = append(out, judgeBody(c.Body, on))
	}
	if c.Trace != nil {
		out = append(out, judgeTrace(c.Trace, on))
	}
	if c.Limiter != nil {
		out = append(out, judgeLimiter(c.Limiter, all))
	}
	return out
}

// pick gives the answers of the lane that is meant, and of those the ones of the
// status that is meant.
func (r *result) pick(c *lesson.Condition) (all, on []AnswerInfo) {
	for _, a := range r.answers {
		if c.Lane != "" && a.Lane != c.Lane {
			continue
		}
		all = append(all, a)
		if c.On == 0 || a.Status == c.On {
			on = append(on, a)
		}
	}
	return all, on
}

func countStatuses(answers []AnswerInfo) map[int]int {
	counts := map[int]int{}
	for _, a := range answers {
		counts[a.Status]++
	}
	return counts
}

// times says "5 times 200 and 3 times 429".
func times(counts map[int]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		what := fmt.Sprint(code)
		if code == 0 {
			what = "no answer"
		}
		parts = append(parts, often(counts[code])+" "+what)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, " and ")
}

// often says how many times.
func often(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// oftenWanted says how many times something should be.
func oftenWanted(m *lesson.Match) string {
	if m.Equals != nil && m.Not == nil && m.AtLeast == nil && m.AtMost == nil {
		if n, err := strconv.Atoi(*m.Equals); err == nil {
			return often(n)
		}
	}
	return words(m) + " times"
}

func judgeStatuses(want map[int]lesson.Match, answers []AnswerInfo) verdict {
	counts := countStatuses(answers)
	ok := true
	var wanted []string
	for _, code := range slices.Sorted(maps.Keys(want)) {
		m := want[code]
		ok = ok && fitsNumber(&m, float64(counts[code]))
		wanted = append(wanted, fmt.Sprintf("%s %d", oftenWanted(&m), code))
	}
	for code := range counts {
		_, known := want[code]
		ok = ok && known
	}
	if ok {
		return yes("the answers were %s", times(counts))
	}
	return no("the answers were %s, and should be %s", times(counts), strings.Join(wanted, " and "))
}

func judgeReached(m *lesson.Match, answers []AnswerInfo) verdict {
	n := 0
	for _, a := range answers {
		if a.Gateway != nil && a.Gateway.Target != "" {
			n++
		}
	}
	if fitsNumber(m, float64(n)) {
		return yes("%d of %d requests reached a backend", n, len(answers))
	}
	return no("%d of %d requests reached a backend, and it should be %s", n, len(answers), words(m))
}

func judgeHeader(name string, m *lesson.Match, answers []AnswerInfo) verdict {
	for _, a := range answers {
		values := a.Header.Values(name)
		value := strings.Join(values, ", ")
		if fits(m, value, len(values) > 0) {
			continue
		}
		if len(values) == 0 {
			return no("an answer of status %d has no %s, and should have %s", a.Status, name, words(m))
		}
		return no("%s of an answer of status %d is %s, and should be %s", name, a.Status, value, words(m))
	}
	last := answers[len(answers)-1].Header.Values(name)
	if len(last) == 0 {
		return yes("no answer has %s", name)
	}
	return yes("%s is %s", name, strings.Join(last, ", "))
}

func judgeBody(m *lesson.Match, answers []AnswerInfo) verdict {
	for _, a := range answers {
		if !fits(m, a.Body, a.Body != "") {
			return no("the body of an answer of status %d is %s, and should be %s", a.Status, oneLine(a.Body), words(m))
		}
	}
	return yes("the body is %s", words(m))
}

func oneLine(body string) string {
	const long = 120
	text := []rune(strings.Join(strings.Fields(body), " "))
	if len(text) > long {
		return string(text[:long]) + "…"
	}
	return string(text)
}

func judgeTrace(t *lesson.Trace, answers []AnswerInfo) verdict {
	n, decisions := 0, map[string]int{}
	for _, a := range answers {
		if a.Gateway == nil {
			continue
		}
		for _, step := range a.Gateway.Plugins {
			if step.Plugin != t.Plugin || step.Decision == "" {
				continue
			}
			decisions[step.Decision]++
			if (t.Decision == "" || step.Decision == t.Decision) && (t.Reason == nil || fits(t.Reason, step.Reason, step.Reason != "")) {
				n++
			}
		}
	}
	what := t.Plugin
	if t.Decision != "" {
		what += " said " + t.Decision
	} else {
		what += " decided"
	}
	if t.Reason != nil {
		what += fmt.Sprintf(" because of %s", words(t.Reason))
	}
	count := t.Count
	if count == nil {
		one := 1.0
		count = &lesson.Match{AtLeast: &one}
	}
	if fitsNumber(count, float64(n)) {
		return yes("%s %s", what, often(n))
	}
	return no("%s %s (in all it said %s), and it should be %s", what, often(n), decided(decisions), oftenWanted(count))
}

func decided(counts map[string]int) string {
	var parts []string
	for _, d := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, d+" "+often(counts[d]))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// judgeLimiter looks at the state after the last answer that tells one.
func judgeLimiter(l *lesson.Limiter, answers []AnswerInfo) verdict {
	var found *plugin.LimitState
	for _, a := range answers {
		if a.Gateway == nil {
			continue
		}
		for _, step := range a.Gateway.Plugins {
			for n := range step.Limits {
				x := &step.Limits[n]
				if (l.Algorithm == "" || x.Algorithm == l.Algorithm) && (l.Period == "" || x.Period == l.Period) {
					found = x
				}
			}
		}
	}
	if found == nil {
		return no("no limiter with %s has decided", strings.TrimSpace(strings.Join([]string{orAny(l.Algorithm, "algorithm"), orAny(l.Period, "period")}, ", ")))
	}
	for _, f := range []struct {
		name string
		m    *lesson.Match
		is   float64
	}{
		{"limit", l.Limit, float64(found.Limit)},
		{"used", l.Used, found.Used},
		{"remaining", l.Remaining, float64(found.Remaining)},
		{"current", l.Current, float64(found.Current)},
		{"tokens", l.Tokens, found.Tokens},
		{"queued", l.Queued, float64(found.Queued)},
	} {
		if !fitsNumber(f.m, f.is) {
			return no("the limiter (%s, %s) has %s %s, and it should be %s", found.Algorithm, found.Period, f.name, plain(f.is), words(f.m))
		}
	}
	return yes("the limiter (%s, %s) has %d of %d left", found.Algorithm, found.Period, found.Remaining, found.Limit)
}

func orAny(s, what string) string {
	if s == "" {
		return "any " + what
	}
	return s
}
