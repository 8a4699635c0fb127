package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// volley is one volley as it is drawn.
type volley struct {
	ID     string
	Took   string
	Lost   int64
	Lanes  []lane
	Charts []chart
	Rows   []row
	Named  bool // its lanes have names
	Long   bool // the table is folded
	Heads  []head

	fire    *engine.FireInfo
	answers []*engine.AnswerInfo
}

// row is one request in the table.
type row struct {
	Lane, At, Took    string
	N, Class          int
	Status            string
	Remaining, Retry  string
	Chain             []verdict
	Reached, Consumer string
}

// verdict is what one plugin decided.
type verdict struct{ Plugin, Decision, Reason, Took string }

// head is an answer in full, the first of its status.
type head struct {
	Title string
	Lines []string
	Body  string
}

// long is how many rows a table has at most that is not folded.
const long = 24

func newVolley(f *engine.FireInfo) *volley { return &volley{ID: f.ID, fire: f} }

// trace adds what a gateway told late.
func (v *volley) trace(t *engine.TraceInfo) {
	for _, a := range v.answers {
		if a.Lane == t.Lane && a.N == t.N {
			a.Gateway = t.Event
		}
	}
}

func (v *volley) sum(f *engine.FiredInfo) {
	v.Took, v.Lost = lasting(time.Duration(f.Millis)*time.Millisecond), f.Lost
}

// finish draws what has been collected.
func (v *volley) finish() {
	var byLane []*engine.AnswerInfo
	for _, l := range v.fire.Lanes {
		var mine []*engine.AnswerInfo
		reached := 0
		for _, a := range v.answers {
			if a.Lane == l.Name {
				mine = append(mine, a)
				if a.Gateway != nil && a.Gateway.Target != "" {
					reached++
				}
			}
		}
		slices.SortStableFunc(mine, func(a, b *engine.AnswerInfo) int { return cmp.Compare(a.N, b.N) })
		byLane = append(byLane, mine...)
		v.Named = v.Named || l.Name != ""
		v.Lanes = append(v.Lanes, lane{
			Name: l.Name, Sends: sends(l), Dots: dots(mine), Words: runs(mine),
			Sum: fmt.Sprintf("%s; %d of %d reached a backend", counted(mine), reached, len(mine)),
		})
	}
	v.Charts = charts(byLane)
	v.Long = len(v.answers) > long
	shown := map[int]bool{}
	for _, a := range v.answers {
		v.Rows = append(v.Rows, v.row(a))
		if !shown[a.Status] && a.Error == "" {
			shown[a.Status] = true
			v.Heads = append(v.Heads, head{
				fmt.Sprintf("The first %d", a.Status), append([]string{fmt.Sprintf("HTTP %d", a.Status)}, headers(a.Header)...), strings.TrimSpace(a.Body),
			})
		}
	}
}

// counted says how many there were of each status.
func counted(answers []*engine.AnswerInfo) string {
	counts := map[string]int{}
	for _, a := range answers {
		counts[status(a)]++
	}
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[s], s))
	}
	return strings.Join(parts, ", ")
}

func (v *volley) row(a *engine.AnswerInfo) row {
	r := row{
		Lane: a.Lane, N: a.N, Class: class(a), Status: status(a), At: "+" + lasting(a.At.Sub(v.answers[0].At)), Took: fmt.Sprintf("%.1f ms", a.Millis),
		Remaining: "–", Retry: "–",
	}
	if a.At.Before(v.answers[0].At) {
		r.At = "−" + lasting(v.answers[0].At.Sub(a.At))
	}
	if a.Limit >= 0 {
		r.Remaining = fmt.Sprintf("%d of %d", a.Remaining, a.Limit)
	}
	if a.RetryAfter > 0 {
		r.Retry = fmt.Sprintf("%d s", a.RetryAfter)
	}
	if a.Error != "" {
		r.Chain = []verdict{{Plugin: "client", Decision: "error", Reason: a.Error}}
	}
	if a.Gateway != nil {
		r.verdicts(a.Gateway)
	}
	return r
}

// verdicts tells the way of a request through the gateway.
func (r *row) verdicts(g *event.Event) {
	r.Consumer = g.Consumer
	for _, s := range g.Plugins {
		if s.Decision != "" {
			r.Chain = append(r.Chain, verdict{s.Plugin, s.Decision, s.Reason, fmt.Sprintf("%d µs", s.Micros)})
		}
	}
	switch {
	case g.Target != "":
		r.Reached = service(g.Service)
		if g.Upstream != "" && g.Upstream != g.Path {
			r.Reached += ", asked for " + g.Upstream
		}
	case g.Route == "" && len(r.Chain) == 0:
		r.Chain = []verdict{{Plugin: "route", Decision: "deny", Reason: "none matches"}}
	}
}

// service shortens namespace.name.port to the name.
func service(name string) string {
	if parts := strings.Split(name, "."); len(parts) == 3 {
		return parts[1]
	}
	return name
}
