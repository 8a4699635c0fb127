package ratelimiting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// basis is what kind of thing tells callers apart.
type basis int

const (
	byID basis = iota // of a consumer, credential or service
	byIP
	byHeader
	byPath
	bases
)

// statusLeft is nginx's status for a client that left before its answer.
const statusLeft = 499

// Access implements plugin.Accessor.
func (l *instance) Access(x *plugin.Exchange) (*plugin.Reply, error) {
	by, id := l.identify(x)
	d := l.tools.borrow()
	defer l.tools.giveBack(d)
	// The context matters to stores that go over a network, which none does yet;
	// asking the exchange for its own costs.
	key := limit.Key{Owner: name, Scope: l.scopes[by], ID: id}
	if err := l.store.Take(context.Background(), l.env.Now(), key, l.rules, d); err != nil {
		return nil, l.fault(x, err)
	}
	if d.Place != nil {
		ctx := x.Context()
		if err := limit.Await(ctx, d.Place, l.env.Now, l.env.Wait); err != nil && ctx.Err() != nil {
			explain(x, plugin.Verdict{Decision: "error", Reason: "the client left while it waited for its turn"})
			return &plugin.Reply{Status: statusLeft, Message: "client closed request"}, nil
		} else if err != nil {
			return nil, fmt.Errorf("waiting for a slot of the leaky bucket: %w", err)
		}
	}
	if !l.c.HideClientHeaders {
		l.tell(x, d)
	}
	if x.Observed() {
		l.explain(x, d, by, id)
	}
	if d.Allowed {
		return nil, nil
	}
	return &plugin.Reply{Status: l.c.ErrorCode, Message: l.c.ErrorMessage}, nil
}

// identify says what tells the caller apart from others (handler.lua:49). What a
// request does not have, its client address stands for.
func (l *instance) identify(x *plugin.Exchange) (basis, string) {
	switch l.c.LimitBy {
	case "consumer":
		if who := x.Consumer(); who != nil {
			return byID, who.ID
		}
		if cred := x.Credential(); cred != nil {
			return byID, cred.ID
		}
	case "credential":
		if cred := x.Credential(); cred != nil {
			return byID, cred.ID
		}
	case "service":
		if x.Route != nil && x.Route.ServiceID != "" {
			return byID, x.Route.ServiceID
		}
	case "header":
		if value, ok := header(&x.Request.Header, given(l.c.HeaderName)); ok {
			return byHeader, short(value)
		}
	case "path":
		if x.Request.Path == *l.c.Path {
			return byPath, x.Request.Path
		}
	}
	return byIP, x.Client
}

// header finds the first field of that name, where "_" and "-" are the same, as
// in nginx's variables, which Kong reads (kong/tools/http.lua:553).
func header(h *plugin.Header, name string) (string, bool) {
	if v, ok := h.Lookup(name); ok || !strings.ContainsAny(name, "-_") {
		return v, ok
	}
	want := strings.ReplaceAll(name, "_", "-")
	for _, f := range h.Fields() {
		if len(f.Name) == len(want) && plugin.EqualFold(strings.ReplaceAll(f.Name, "_", "-"), want) {
			return f.Value, true
		}
	}
	return "", false
}

// short bounds what a client can make the counters remember.
func short(value string) string {
	const long = 64
	if len(value) <= long {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// tell adds the header fields of the answer, always in the same order
// (handler.lua:142). A period that did not stop a refused request is shown as it
// is, without this request.
func (l *instance) tell(x *plugin.Exchange, d *limit.Decision) {
	for i := range d.States {
		s := &d.States[i]
		x.AddAnswer(l.tools.limitNames[s.Period], l.limits[i])
		x.AddAnswer(l.tools.remainingNames[s.Period], l.tools.text(s.Remaining))
	}
	tightest := &d.States[d.Tightest]
	most, left := l.limits[d.Tightest], l.tools.text(tightest.Remaining)
	x.AddAnswer("RateLimit-Limit", most)
	x.AddAnswer("RateLimit-Remaining", left)
	x.AddAnswer("RateLimit-Reset", l.tools.text(tightest.Reset))
	if !d.Allowed {
		x.AddAnswer("Retry-After", l.tools.text(d.Retry))
	}
	if l.env.PlainHeaders {
		x.AddAnswer("X-RateLimit-Limit", most)
		x.AddAnswer("X-RateLimit-Remaining", left)
	}
}

// fault lets the request pass, or returns the error for a 500 (handler.lua:126).
func (l *instance) fault(x *plugin.Exchange, err error) error {
	if !l.c.FaultTolerant {
		explain(x, plugin.Verdict{Decision: "error", Reason: "the counts cannot be reached"})
		return fmt.Errorf("counting the request: %w", err)
	}
	l.env.Log.Error("counts cannot be reached, request passes uncounted", "plugin", name, "route", l.env.Scope.Route, "service", l.env.Scope.Service, "err", err)
	explain(x, plugin.Verdict{Decision: "error", Reason: "the counts cannot be reached; passed uncounted"})
	return nil
}

func explain(x *plugin.Exchange, v plugin.Verdict) {
	if x.Observed() {
		x.Explain(v)
	}
}

// explain leaves the verdict of a decision.
func (l *instance) explain(x *plugin.Exchange, d *limit.Decision, by basis, id string) {
	v := plugin.Verdict{Decision: "pass", Limits: make([]plugin.LimitState, len(d.States))}
	who := l.caller(x, by, id)
	for i := range d.States {
		v.Limits[i] = describe(&d.States[i], who)
	}
	t := &d.States[d.Tightest]
	most := t.Limit
	if t.Size > 0 {
		most = t.Size
	}
	v.Reason = fmt.Sprintf("%s %d/%d", t.Period, most-min(most, t.Remaining), most)
	switch {
	case !d.Allowed:
		v.Decision = "deny"
		v.Reason += fmt.Sprintf(", resets in %d s", d.Retry)
	case d.Wait > 0:
		v.Reason += fmt.Sprintf(", waited %s", d.Wait.Round(time.Millisecond))
	}
	x.Explain(v)
}

// caller names the caller without telling a secret.
func (l *instance) caller(x *plugin.Exchange, by basis, id string) string {
	switch {
	case by == byHeader:
		sum := sha256.Sum256([]byte(id))
		return given(l.c.HeaderName) + " #" + hex.EncodeToString(sum[:4])
	case by != byID:
		return id
	case l.c.LimitBy == "service":
		if x.Route.Service != "" {
			return x.Route.Service
		}
	case x.Consumer() != nil && x.Consumer().Username != "":
		return x.Consumer().Username
	}
	return id
}

func describe(s *limit.State, who string) plugin.LimitState {
	out := plugin.LimitState{
		Algorithm: s.Algorithm.String(), Period: s.Period.String(), Identifier: who,
		Limit: s.Limit, Used: s.Used, Remaining: s.Remaining, ResetSeconds: s.Reset, RetrySeconds: s.Retry,
	}
	out.WindowStart, out.WindowEnd = s.Window()
	switch s.Algorithm {
	case limit.SlidingWindow:
		out.Current, out.Previous = s.Current, s.Previous
	case limit.TokenBucket:
		out.Tokens, out.RefillPerSecond, out.Burst = s.Tokens(), s.PerSecond(), s.Size
	case limit.LeakyBucket:
		out.Queue, out.Queued, out.Wait = s.Size, s.Size-min(s.Size, s.Remaining), s.Wait
		out.RefillPerSecond = s.PerSecond()
	}
	return out
}
