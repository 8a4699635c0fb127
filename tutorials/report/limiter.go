package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// chart is the state of one limiter over time: a line in a box of chartWidth by
// chartHeight.
type chart struct {
	Title, Y      string // Y says what is drawn
	Line          string // points of a polyline
	Marks         []mark
	Edges         []edge
	Top           string // the value at the top
	First, Last   string // the times at both ends
	Words         string
	Width, Height float64
}

// mark is the state that one request met.
type mark struct {
	X, Y  float64
	Class int
	Title string
}

// edge is where a minute of the clock ends.
type edge struct {
	X    float64
	Text string
}

const (
	chartWidth, chartHeight = 360, 130
	left, right             = 26, 350 // where time begins and ends
	top, bottom             = 12, 104 // where the limit and nothing left are
)

// sample is a limiter's state at one request.
type sample struct {
	at    time.Time
	state *plugin.LimitState
	a     *engine.AnswerInfo
}

// charts draws every limiter that the answers of a volley tell of.
func charts(answers []*engine.AnswerInfo) []chart {
	series := map[string][]sample{}
	var order []string
	for _, a := range answers {
		if a.Gateway == nil {
			continue
		}
		for _, s := range a.Gateway.Plugins {
			for i := range s.Limits {
				l := &s.Limits[i]
				title := seriesTitle(a, l)
				if series[title] == nil {
					order = append(order, title)
				}
				series[title] = append(series[title], sample{a.Gateway.Time, l, a})
			}
		}
	}
	var out []chart
	for _, title := range order {
		if s := series[title]; len(s) > 1 {
			slices.SortStableFunc(s, func(a, b sample) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.a.N, b.a.N)) })
			out = append(out, draw(title, s))
		}
	}
	return out
}

// seriesTitle tells limiters apart.
func seriesTitle(a *engine.AnswerInfo, l *plugin.LimitState) string {
	parts := []string{fmt.Sprintf("%s, %d a %s", l.Algorithm, l.Limit, l.Period)}
	if l.Identifier != "" {
		parts = append(parts, "for "+l.Identifier)
	}
	if a.Gateway.Route != "" {
		parts = append(parts, "on "+a.Gateway.Path)
	}
	return strings.Join(parts, " ")
}

// value is what is drawn of a limiter, and how high it can get.
func value(l *plugin.LimitState) (v, most float64, what string) {
	switch l.Algorithm {
	case "token-bucket":
		return l.Tokens, float64(max(l.Burst, 1)), "tokens left"
	case "leaky-bucket":
		return float64(l.Queued), float64(max(l.Queue, 1)), "requests in the queue"
	}
	return float64(l.Remaining), float64(max(l.Limit, 1)), "requests left"
}

func draw(title string, samples []sample) chart {
	c := chart{Title: title, Width: chartWidth, Height: chartHeight}
	first, last := samples[0].at, samples[len(samples)-1].at
	span := max(last.Sub(first), time.Microsecond)
	_, most, what := value(samples[0].state)
	c.Y, c.Top = what, number(most)
	x := func(t time.Time) float64 {
		return round(left + float64(t.Sub(first))/float64(span)*(right-left))
	}
	y := func(v float64) float64 {
		return round(bottom - min(max(v, 0), most)/most*(bottom-top))
	}
	var line, words []string
	before, at := 0.0, first
	for i, s := range samples {
		v, _, _ := value(s.state)
		if i > 0 {
			line = append(line, fmt.Sprintf("%g,%g", x(s.at), y(before+s.state.RefillPerSecond*s.at.Sub(at).Seconds())))
		}
		line = append(line, fmt.Sprintf("%g,%g", x(s.at), y(v)))
		c.Marks = append(c.Marks, mark{x(s.at), y(v), class(s.a), sentence(s.a) + ", " + number(v) + " " + what})
		words = append(words, number(v))
		before, at = v, s.at
	}
	c.Line, c.Words = strings.Join(line, " "), what+": "+strings.Join(words, ", ")
	for m := first.UTC().Truncate(time.Minute).Add(time.Minute); !m.After(last); m = m.Add(time.Minute) {
		c.Edges = append(c.Edges, edge{x(m), m.Format("15:04:05")})
	}
	c.First, c.Last = "0", "+"+lasting(last.Sub(first))
	return c
}

func round(x float64) float64 { return math.Round(x*10) / 10 }

func number(x float64) string { return fmt.Sprintf("%g", math.Round(x*100)/100) }

// lasting writes a duration for people.
func lasting(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
