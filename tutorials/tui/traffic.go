package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// dot is one request.
type dot struct {
	engine.AnswerInfo
	volley *engine.FireInfo // nil for somebody else's
	before *dot             // the one before it in its volley's lane
	// gap says that a volley begins here, edge that a minute of the calendar
	// that is counted in does.
	gap, edge bool
}

// lane is a row of dots.
type lane struct {
	label  string
	dots   []*dot
	counts map[int]int
	// pending are requests that have no answer yet.
	pending int
}

// grouping is what makes a lane.
type grouping int

const (
	byClient grouping = iota
	byRoute
	byGateway
	groupings
)

// traffic are all requests of the step, in lanes.
type traffic struct {
	dots    []*dot
	lanes   []*lane
	lane    map[string]*lane
	last    map[string]*dot // the last of each lane of the volleys
	volleys map[string]*engine.FireInfo
	begins  map[string]bool // the volleys of which no answer has come
	group   grouping
	// row and at are the cursor; at is -1 when no request is open.
	row, at int
}

// mostDots bounds what is kept.
const mostDots = 20_000

func (t *traffic) reset() {
	*t = traffic{lane: map[string]*lane{}, last: map[string]*dot{}, volleys: map[string]*engine.FireInfo{}, begins: map[string]bool{}, group: t.group, at: -1}
}

// fire takes in a volley that begins.
func (t *traffic) fire(f *engine.FireInfo) {
	t.volleys[f.ID] = f
	for _, l := range f.Lanes {
		t.begins[f.ID+"\x00"+l.Name] = true
		if t.group == byClient {
			t.named(t.label(&dot{AnswerInfo: engine.AnswerInfo{Fire: f.ID, Lane: l.Name}, volley: f})).pending = l.Count
		}
	}
}

// fired takes in the end of a volley: nothing is pending any more.
func (t *traffic) fired() {
	for _, l := range t.lanes {
		l.pending = 0
	}
}

// add takes in an answer.
func (t *traffic) add(a *engine.AnswerInfo) *dot {
	id := a.Fire + "\x00" + a.Lane
	d := &dot{AnswerInfo: *a, volley: t.volleys[a.Fire], before: t.last[id], gap: t.begins[id]}
	delete(t.begins, id)
	if d.gap {
		d.before = nil
	}
	t.last[id] = d
	t.put(d)
	return d
}

// stranger takes in somebody else's request.
func (t *traffic) stranger(e *event.Event) {
	t.put(&dot{AnswerInfo: engine.AnswerInfo{Status: e.Status, At: e.Time, Millis: float64(e.TotalMicros) / 1000, Limit: -1, Remaining: -1, Gateway: e}})
}

func (t *traffic) put(d *dot) {
	if len(t.dots) >= mostDots {
		t.dots = slices.Clone(t.dots[mostDots/2:])
		t.rebuild()
	}
	t.dots = append(t.dots, d)
	t.place(d)
}

// place puts a dot into its lane.
func (t *traffic) place(d *dot) {
	l := t.named(t.label(d))
	l.pending = max(0, l.pending-1)
	if n := len(l.dots); n > 0 {
		d.edge = crosses(l.dots[n-1], d)
	}
	l.dots = append(l.dots, d)
	l.counts[d.Status]++
}

// named gives the lane of that name.
func (t *traffic) named(label string) *lane {
	l := t.lane[label]
	if l == nil {
		l = &lane{label: label, counts: map[int]int{}}
		t.lane[label] = l
		t.lanes = append(t.lanes, l)
	}
	return l
}

// crosses says that a fixed window ends between two requests.
func crosses(a, b *dot) bool {
	x, y := windowOf(a), windowOf(b)
	return x != nil && y != nil && !x.WindowStart.Equal(y.WindowStart)
}

// label names the lane of a dot.
func (t *traffic) label(d *dot) string {
	switch {
	case d.volley == nil:
		return "others"
	case t.group == byRoute && d.Gateway != nil:
		return routeName(d.Gateway)
	case t.group == byGateway && d.Gateway != nil:
		return d.Gateway.Instance
	case t.group != byClient:
		return "unknown"
	case d.Lane == "":
		return d.Fire
	case len(t.volleys) > 1:
		return d.Fire + " " + d.Lane
	}
	return d.Lane
}

// regroup makes lanes of something else and says what.
func (t *traffic) regroup() string {
	t.group = (t.group + 1) % groupings
	t.closeDetail()
	t.rebuild()
	return [groupings]string{"client", "route", "gateway"}[t.group]
}

func (t *traffic) rebuild() {
	t.lanes, t.lane = nil, map[string]*lane{}
	t.at, t.row = -1, 0
	for _, d := range t.dots {
		t.place(d)
	}
}

// trace adds what a gateway told late.
func (t *traffic) trace(x *engine.TraceInfo) {
	if d := t.find(x.Fire, x.Lane, x.N); d != nil {
		d.Gateway = x.Event
	}
}

// find finds a request of the newest volley of that id.
func (t *traffic) find(fire, lane string, n int) *dot {
	for _, d := range slices.Backward(t.dots) {
		if d.N == n && d.Fire == fire && d.Lane == lane {
			return d
		}
	}
	return nil
}

// open says that a request is open, chosen gives it.
func (t *traffic) open() bool { return t.at >= 0 }

func (t *traffic) chosen() *dot {
	if t.at < 0 || t.row >= len(t.lanes) || t.at >= len(t.lanes[t.row].dots) {
		return nil
	}
	return t.lanes[t.row].dots[t.at]
}

// newest is the request that is open, else the last one.
func (t *traffic) newest() *dot {
	if d := t.chosen(); d != nil {
		return d
	}
	if len(t.dots) == 0 {
		return nil
	}
	return t.dots[len(t.dots)-1]
}

func (t *traffic) closeDetail() { t.at = -1 }

// point moves the cursor along its lane; the first move opens the last request.
func (t *traffic) point(by int) {
	if len(t.lanes) == 0 {
		return
	}
	t.row = min(t.row, len(t.lanes)-1)
	n := len(t.lanes[t.row].dots)
	if t.at < 0 {
		if d := t.newest(); d != nil {
			t.row = max(0, slices.IndexFunc(t.lanes, func(l *lane) bool { return len(l.dots) > 0 && l.dots[len(l.dots)-1] == d }))
			t.at = len(t.lanes[t.row].dots) - 1
		}
		return
	}
	t.at = max(0, min(t.at+by, n-1))
}

// change moves the cursor to another lane.
func (t *traffic) change(by int) {
	if !t.open() || len(t.lanes) == 0 {
		return
	}
	row := max(0, min(t.row+by, len(t.lanes)-1))
	if len(t.lanes[row].dots) == 0 {
		return
	}
	t.row = row
	t.at = min(t.at, len(t.lanes[t.row].dots)-1)
}

// statuses sums answers up by status.
func (l *look) statuses(counts map[int]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		k := classOf(code)
		parts = append(parts, l.classes[k].Render(fmt.Sprintf("%s %d %s %s", l.dot[k], counts[code], l.times, statusText(code))))
	}
	return strings.Join(parts, "  ")
}

// routeName shortens namespace.ingress.service..port to the middle.
func routeName(e *event.Event) string {
	if e.Route == "" {
		return "no route"
	}
	return short(e.Route)
}

// short leaves the namespace and the port out of a name.
func short(name string) string {
	parts := strings.Split(strings.TrimRight(name, "."), ".")
	if len(parts) < 3 {
		return name
	}
	parts = parts[1:]
	for len(parts) > 1 && (parts[len(parts)-1] == "" || strings.Trim(parts[len(parts)-1], "0123456789") == "") {
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, ".")
}
