package proxy

import (
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Exchange is one request on its way through the proxy. An engine owns it, one
// to a connection or stream, fills it and hands it to Handler.Serve.
type Exchange struct {
	plugin.Exchange

	// Down is the client's side.
	Down Downstream
	// Port is the port that the request came in on, PortText the same in text.
	Port     int
	PortText string
	// Arrived is when the head was read, on the machine's own clock, which time
	// limits and latencies go by.
	Arrived time.Time

	handler *Handler
	snap    *snapshot.Snapshot
	route   *snapshot.Route
	matched string
	ran     []*snapshot.Plugin
	order   []int // priorities of ran, kept where a route changes the order
	steps   []event.Step
	fields  []plugin.Field // of the outgoing request
	out     Outgoing
	head    plugin.Head // of an answer of our own

	host      string // Host to the upstream
	upPath    string
	target    *balance.Target
	tries     int
	dialAt    time.Time // when the balancer was done: Kong's BALANCER_ENDED_AT
	headAt    time.Time // when the upstream's head was there
	proxied   bool      // an upstream was to be asked: Kong's KONG_PROXIED
	headSent  bool
	status    int
	sent      int64
	failure   error
	body      []byte // of the request, where it was read whole
	bodyRead  bool
	bodyBytes atomic.Int64
}

// begin makes the exchange ready for the next request.
func (x *Exchange) begin(h *Handler, snap *snapshot.Snapshot) {
	x.handler = h
	x.snap, x.People = snap, snap
	x.route, x.matched = nil, ""
	x.ran, x.order = x.ran[:0], x.order[:0]
	x.steps = nil
	x.host, x.upPath = "", ""
	x.target, x.tries = nil, 0
	x.dialAt, x.headAt = time.Time{}, time.Time{}
	x.proxied, x.headSent = false, false
	x.status, x.sent = 0, 0
	x.failure = nil
	if cap(x.body) > 2*smallBody {
		x.body = nil
	}
	x.body, x.bodyRead = x.body[:0], false
	x.bodyBytes.Store(0)
}

// note records the verdict of the plugin that has just run, if anybody listens.
func (x *Exchange) note(p *snapshot.Plugin, phase string, from time.Time, err error) {
	if !x.Observed() {
		return
	}
	v := x.TakeVerdict()
	if err != nil && v.Decision == "" {
		v = plugin.Verdict{Decision: "error", Reason: err.Error()}
	}
	if v.Decision == "" {
		return
	}
	x.steps = append(x.steps, event.Step{
		Plugin: p.Name, Phase: phase, Verdict: v, Micros: time.Since(from).Microseconds(),
	})
}

// stepStart reads the clock if anybody listens.
func (x *Exchange) stepStart() time.Time {
	if !x.Observed() {
		return time.Time{}
	}
	return time.Now()
}
