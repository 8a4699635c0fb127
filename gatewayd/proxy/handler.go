package proxy

import (
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/uri"
)

// Options are what a Handler needs.
type Options struct {
	// Name is what Server and Via say: "gatewayd/VERSION".
	Name string
	// Instance names this gateway in events.
	Instance string
	// Trusted are the networks whose X-Forwarded-* fields are believed
	// (Kong's trusted_ips). Empty trusts nobody.
	Trusted   Networks
	Transport Transport
	Hub       *event.Hub
	Log       *slog.Logger
	// Observe, when not nil, is told of every exchange that has ended, for
	// metrics. It must be quick.
	Observe func(route *snapshot.Route, sum plugin.Summary)
}

// Handler serves exchanges. It is safe for concurrent use.
type Handler struct {
	opts    Options
	current atomic.Pointer[snapshot.Snapshot]
	paths   *uri.Normalizer
	via     map[int]string // 10*major+minor → inbound Via
	viaOut  string
	numbers *numbers
	dropped *dropped
	dials   dials
}

// New returns a handler that serves an empty snapshot until the first Swap.
func New(opts Options) *Handler {
	h := &Handler{
		opts: opts, paths: uri.New(), numbers: newNumbers(), dropped: newDropped(),
		via: map[int]string{
			10: "1 " + opts.Name, 11: "1.1 " + opts.Name, 20: "2 " + opts.Name,
		},
		viaOut: "1.1 " + opts.Name,
	}
	return h
}

// Swap puts next in the place of the snapshot that is served. Requests that are
// under way end with the one they began with, but wait no longer for a connection
// to a target that their service has no more: they go to one that it has.
func (h *Handler) Swap(next *snapshot.Snapshot) {
	h.current.Store(next)
	h.giveUp(next)
}

// Snapshot is the one that is served, nil before the first Swap.
func (h *Handler) Snapshot() *snapshot.Snapshot { return h.current.Load() }

// Active says whether anybody listens to events; engines hand it to
// plugin.Exchange.Begin.
func (h *Handler) Active() bool { return h.opts.Hub.Active() }

// Serve serves one request, whose head stands in x, to the end of its answer.
func (h *Handler) Serve(x *Exchange) {
	snap := h.current.Load()
	x.begin(h, snap)
	h.serve(x)
	h.finish(x)
}

func (h *Handler) serve(x *Exchange) {
	if x.snap == nil {
		h.fail(x, 503, "no configuration is served yet")
		return
	}
	if !h.normalise(x) {
		x.Request.Header.Reset() // nginx refuses the line before it reads any field
		h.Refuse(x, 400)
		return
	}
	if reply, err := h.rewrite(x); reply != nil || err != nil {
		h.collect(x, x.snap.Global)
		h.early(x, reply, err)
		return
	}
	m, ok := x.snap.Match(&x.Request, x.Port)
	if !ok {
		h.collect(x, x.snap.Global)
		h.fail(x, 404, "no Route matched with those values")
		return
	}
	x.route, x.matched = m.Route, m.Matched
	x.Exchange.Route = &m.Route.Route
	if h.wrongProtocol(x) {
		return
	}
	if m.Route.Broken != "" {
		h.collect(x, m.Route.Slots)
		h.explainRoute(x, m.Route.Broken)
		h.fail(x, 500, "An unexpected error occurred")
		return
	}
	if reply, err := h.access(x); reply != nil || err != nil {
		h.early(x, reply, err)
		return
	}
	h.forward(x)
}

// explainRoute tells listeners why a route does not serve.
func (h *Handler) explainRoute(x *Exchange, reason string) {
	if x.Observed() {
		x.steps = append(x.steps, event.Step{
			Plugin: "route", Phase: "access", Verdict: plugin.Verdict{Decision: "error", Reason: reason},
		})
	}
}

var errQuery = errors.New("query holds a byte that may not stand in a URI")

// normalise brings the path into the form that routes match.
func (h *Handler) normalise(x *Exchange) bool {
	path, err := h.paths.Normalize(x.Request.Path)
	if err == nil && !validQuery(x.Request.Query) {
		err = errQuery
	}
	if err != nil {
		x.failure = err
		return false
	}
	x.Request.Path = path
	return true
}

// rewrite runs the rewrite phase of the global plugins.
func (h *Handler) rewrite(x *Exchange) (*plugin.Reply, error) {
	for _, s := range x.snap.Global {
		p := s.For(nil)
		if p == nil || p.Rewrite == nil {
			continue
		}
		from := x.stepStart()
		reply, err := p.Rewrite.Rewrite(&x.Exchange)
		x.note(p, "rewrite", from, err)
		if reply != nil || err != nil {
			return reply, err
		}
	}
	return nil, nil
}

// access runs the access phase. Plugins are looked up one by one, for one that
// authenticates changes whose config the later ones run with; and after an early
// answer the rest are still collected, for their header and log phases
// (kong/init.lua:execute_collecting_plugins_iterator).
func (h *Handler) access(x *Exchange) (reply *plugin.Reply, err error) {
	for _, s := range x.route.Chain {
		p := s.For(x.Consumer())
		if p == nil {
			continue
		}
		x.ran = append(x.ran, p)
		x.order = append(x.order, s.Kind.Priority)
		if p.Access == nil || reply != nil || err != nil {
			continue
		}
		from := x.stepStart()
		reply, err = p.Access.Access(&x.Exchange)
		x.note(p, "access", from, err)
		if err != nil && !errors.Is(err, ErrClientLeft) {
			h.opts.Log.Error("a plugin failed", "plugin", p.Name, "route", x.route.Name, "request", x.ID, "error", err)
		}
	}
	if !slices.IsSortedFunc(x.order, func(a, b int) int { return b - a }) {
		x.byPriority()
	}
	return reply, err
}

// byPriority sorts the plugins that ran, where a route has its own order, which
// only the access phase keeps.
func (x *Exchange) byPriority() {
	for i := 1; i < len(x.ran); i++ {
		for j := i; j > 0 && x.order[j] > x.order[j-1]; j-- {
			x.order[j], x.order[j-1] = x.order[j-1], x.order[j]
			x.ran[j], x.ran[j-1] = x.ran[j-1], x.ran[j]
		}
	}
}

// collect takes in plugins whose access phase does not run, for their header
// and log phases.
func (h *Handler) collect(x *Exchange, slots []*snapshot.Slot) {
	for _, s := range slots {
		if p := s.For(x.Consumer()); p != nil {
			x.ran = append(x.ran, p)
		}
	}
}

// wrongProtocol answers requests that matched a route of another protocol
// (kong/runloop/handler.lua:1243-1290).
func (h *Handler) wrongProtocol(x *Exchange) bool {
	r := x.route
	switch {
	case r.HTTPSOnly && h.forwardedProto(x) != "https":
		h.collect(x, r.Slots)
		if r.HTTPSRedirectStatusCode == 426 {
			h.answer(x, h.message(x, 426, "Please use HTTPS protocol",
				plugin.Field{Name: "Connection", Value: "Upgrade"}, plugin.Field{Name: "Upgrade", Value: "TLS/1.2, HTTP/1.1"}))
			return true
		}
		location := "https://" + h.forwardedHost(x) + requestURI(x)
		h.answer(x, &plugin.Reply{
			Status: r.HTTPSRedirectStatusCode, Body: nginxPage(r.HTTPSRedirectStatusCode), ContentType: nginxType,
			Header: []plugin.Field{{Name: "Location", Value: location}},
		})
		return true
	case r.GRPC && !isGRPC(&x.Request.Header):
		h.collect(x, r.Slots)
		h.fail(x, 415, "Non-gRPC request matched gRPC route")
		return true
	case r.GRPC && x.Request.Major != 2:
		h.collect(x, r.Slots)
		h.answer(x, h.message(x, 426, "Please use HTTP2 protocol",
			plugin.Field{Name: "connection", Value: "Upgrade"}, plugin.Field{Name: "upgrade", Value: "HTTP/2"}))
		return true
	case r.GRPC && !slices.Contains(r.Route.Protocols, "grpc") && h.forwardedProto(x) != "https":
		h.collect(x, r.Slots)
		h.answer(x, &plugin.Reply{Status: 200, Body: []byte{}, ContentType: "application/grpc", Header: []plugin.Field{
			{Name: "grpc-status", Value: "1"}, {Name: "grpc-message", Value: "gRPC request matched gRPCs route"},
		}})
		return true
	}
	return false
}

func isGRPC(h *plugin.Header) bool {
	const prefix = "application/grpc"
	t := h.Get("Content-Type")
	return len(t) >= len(prefix) && t[:len(prefix)] == prefix
}

// finish runs the log phase, tells listeners, and ends the exchange.
func (h *Handler) finish(x *Exchange) {
	sum := plugin.Summary{
		Status: x.status, ResponseBytes: x.sent, RequestBytes: x.bodyBytes.Load(),
		Total: time.Since(x.Arrived), Err: x.failure,
	}
	if x.target != nil {
		sum.Target = x.target.Address
		if !x.headAt.IsZero() {
			sum.UpstreamLatency = x.headAt.Sub(x.dialAt)
		}
	}
	for _, p := range x.ran {
		if p.Log != nil {
			p.Log.Log(&x.Exchange, sum)
		}
	}
	if h.opts.Observe != nil {
		h.opts.Observe(x.route, sum)
	}
	if x.Observed() {
		h.opts.Hub.Publish(h.event(x, sum))
	}
}

func (h *Handler) event(x *Exchange, sum plugin.Summary) event.Event {
	e := event.Event{
		Instance: h.opts.Instance, ID: x.ID, Time: x.Start, Client: x.Client,
		Method: x.Request.Method, Host: x.Request.Host, Path: pathOnly(x.Request.Target), Proto: protoText(x),
		Status: sum.Status, Target: sum.Target, Tries: x.tries, Upstream: pathOnly(x.upPath), Plugins: x.steps,
		TotalMicros: sum.Total.Microseconds(), UpstreamMicros: sum.UpstreamLatency.Microseconds(),
		RequestBytes: sum.RequestBytes, ResponseBytes: sum.ResponseBytes,
	}
	e.ProxyMicros = e.TotalMicros
	if !x.dialAt.IsZero() {
		e.ProxyMicros = x.dialAt.Sub(x.Arrived).Microseconds()
	}
	if x.route != nil {
		e.Route, e.Service = x.route.Name, x.route.Route.Service
	}
	if c := x.Consumer(); c != nil {
		e.Consumer = c.Username
		if e.Consumer == "" {
			e.Consumer = c.CustomID
		}
	}
	if x.failure != nil {
		e.Error = x.failure.Error()
	}
	if x.snap != nil {
		e.Revision = x.snap.Revision
	}
	return e
}

func protoText(x *Exchange) string {
	if x.Request.Major == 2 {
		return "HTTP/2"
	}
	return "HTTP/1." + strconv.Itoa(x.Request.Minor)
}

func pathOnly(target string) string {
	for i := range len(target) {
		if target[i] == '?' {
			return target[:i]
		}
	}
	return target
}

// requestURI is the request target with its query, as nginx's $request_uri.
func requestURI(x *Exchange) string { return x.Request.Target }
