package tui

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// gateway answers requests as a real limiter decides, at whatever time it is.
type gateway struct {
	rule  limit.Rule
	store *limit.Memory
	lanes map[string]int // how many requests a lane has had
}

func newGateway(r limit.Rule) *gateway {
	return &gateway{rule: r, store: limit.NewMemory(), lanes: map[string]int{}}
}

// caller is the key of the demo; strangers come without it.
const caller = "demo-user"

// ask judges one request.
func (g *gateway) ask(now time.Time, fire, lane string, of int, key bool) *engine.AnswerInfo {
	g.lanes[fire+lane]++
	a := &engine.AnswerInfo{
		Fire: fire, Lane: lane, N: g.lanes[fire+lane], Of: of, At: now, Millis: 0.4, Status: 200, Limit: -1, Remaining: -1,
		Header: http.Header{"Content-Type": {"application/json"}}, RequestID: fmt.Sprintf("%s-%s-%d", fire, lane, g.lanes[fire+lane]),
	}
	e := &event.Event{
		Instance: "gateway-0", ID: a.RequestID, Time: now, Client: "127.0.0.1", Method: "GET", Path: "/echo-1", Proto: "HTTP/1.1",
		Route: "api-gateway-demo.echo-routes.echo-1..80", Service: "api-gateway-demo.echo-1.80", TotalMicros: 18, Plugins: []event.Step{},
	}
	a.Gateway = e
	defer func() { e.Status = a.Status }()
	if !key {
		a.Status = 401
		e.Plugins = append(e.Plugins, event.Step{Plugin: "key-auth", Phase: "access", Verdict: plugin.Verdict{Decision: "deny", Reason: "no key"}, Micros: 2})
		return a
	}
	e.Consumer = caller
	e.Plugins = append(e.Plugins, event.Step{Plugin: "key-auth", Phase: "access", Verdict: plugin.Verdict{Decision: "pass", Reason: caller}, Micros: 7})
	g.judge(now, lane, a, e)
	return a
}

func (g *gateway) judge(now time.Time, lane string, a *engine.AnswerInfo, e *event.Event) {
	var d limit.Decision
	if err := g.store.Take(context.Background(), now, limit.Key{Owner: "rate-limiting", Scope: lane, ID: caller}, []limit.Rule{g.rule}, &d); err != nil {
		panic(err)
	}
	s := &d.States[0]
	l := plugin.LimitState{
		Algorithm: s.Algorithm.String(), Period: s.Period.String(), Identifier: caller, Limit: s.Limit, Used: s.Used, Remaining: s.Remaining,
		ResetSeconds: s.Reset, RetrySeconds: s.Retry, Current: s.Current, Previous: s.Previous, Wait: s.Wait,
	}
	l.WindowStart, l.WindowEnd = s.Window()
	switch s.Algorithm {
	case limit.TokenBucket:
		l.Tokens, l.RefillPerSecond, l.Burst = s.Tokens(), s.PerSecond(), s.Size
	case limit.LeakyBucket:
		l.Queue, l.RefillPerSecond = s.Size, s.PerSecond()
		l.Queued = int64(s.Used)
	default:
	}
	a.Header.Set("RateLimit-Limit", strconv.FormatInt(s.Limit, 10))
	a.Header.Set("RateLimit-Remaining", strconv.FormatInt(s.Remaining, 10))
	v := plugin.Verdict{Decision: "pass", Reason: fmt.Sprintf("%s %d/%d", s.Period, s.Limit-s.Remaining, s.Limit), Limits: []plugin.LimitState{l}}
	if d.Allowed {
		e.Target, e.Upstream, e.UpstreamMicros = "127.0.0.1:9000", "/", 120
	} else {
		v.Decision, v.Reason = "deny", v.Reason+fmt.Sprintf(", resets in %d s", d.Retry)
		a.Status, a.RetryAfter = 429, int(d.Retry)
		a.Header.Set("Retry-After", strconv.FormatInt(d.Retry, 10))
	}
	e.Plugins = append(e.Plugins, event.Step{Plugin: "rate-limiting", Phase: "access", Verdict: v, Micros: 4})
}

// host is a lesson without an engine: every Advance sends a burst.
type host struct {
	clock   clock.Clock
	gateway *gateway
	burst   int
	emit    func(engine.Event)
	took    time.Duration     // what the engine needs before a request leaves
	next    *engine.ReadyInfo // what is told to be next, if not the check

	mu    sync.Mutex
	calls []string
	fired []*engine.AnswerInfo // by Try
}

func (h *host) note(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
}

func (h *host) did(call string) error {
	h.note(call)
	if h.emit == nil || call == "close" {
		return nil
	}
	return h.ready()
}

// done lists what was called since the last time.
func (h *host) done() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	calls := h.calls
	h.calls = nil
	return calls
}

func (h *host) tell(e engine.Event) {
	e.Time = h.clock.Now()
	h.emit(e)
}

func (h *host) ready() error {
	r := engine.ReadyInfo{Next: "check", About: "check whether it holds", Can: []string{"again", "try", "hint", "solve", "edit", "back"}}
	if h.next != nil {
		r = *h.next
	}
	h.tell(engine.Event{Type: engine.Ready, Ready: &r})
	return nil
}

func fireInfo(id string, count int) *engine.FireInfo {
	return &engine.FireInfo{ID: id, Count: count, Lanes: []engine.LaneInfo{{Method: "GET", Path: "/echo-1", Header: http.Header{"Apikey": {"my-secret-api-key"}}, Count: count}}}
}

func (h *host) Advance(context.Context) error {
	h.note("advance")
	h.tell(engine.Event{Type: engine.Firing, Fire: fireInfo("burst", h.burst)})
	for range h.burst {
		h.tell(engine.Event{Type: engine.Answered, Answer: h.gateway.ask(h.clock.Now(), "burst", "", h.burst, true)})
	}
	return h.ready()
}

func (h *host) Try(ctx context.Context) error {
	h.note("try")
	if err := h.clock.Wait(ctx, h.took); err != nil {
		return err
	}
	a := h.gateway.ask(h.clock.Now(), engine.TryID, "", 1, true)
	h.mu.Lock()
	h.fired = append(h.fired, a)
	h.mu.Unlock()
	h.tell(engine.Event{Type: engine.Firing, Fire: fireInfo(engine.TryID, 1)})
	h.tell(engine.Event{Type: engine.Answered, Answer: a})
	return h.ready()
}

func (h *host) Guess(_ context.Context, answer string) error { return h.did("guess " + answer) }
func (h *host) Hint(context.Context) error                   { return h.did("hint") }
func (h *host) Solve(context.Context) error                  { return h.did("solve") }
func (h *host) Again(context.Context) error                  { return h.did("again") }
func (h *host) Draft(context.Context) (string, error)        { return "draft", h.did("draft") }
func (h *host) Edit(_ context.Context, text string) error    { return h.did("edit " + text) }
func (h *host) Goto(_ context.Context, n int) error          { return h.did(fmt.Sprintf("goto %d", n)) }
func (h *host) Close(context.Context) error                  { return h.did("close") }
