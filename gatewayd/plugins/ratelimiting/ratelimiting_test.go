package ratelimiting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins/ratelimiting"
)

// gateway lends instances what a gateway would.
type gateway struct {
	mu     sync.Mutex
	now    time.Time
	shared map[string]any
	log    bytes.Buffer
	env    plugin.Env
}

func newGateway() *gateway {
	g := &gateway{shared: map[string]any{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	g.env = plugin.Env{
		Now: func() time.Time { return g.now },
		Log: slog.New(slog.NewTextHandler(&g.log, nil)),
		Shared: func(key string, open func() (any, error)) (any, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if v, ok := g.shared[key]; ok {
				return v, nil
			}
			v, err := open()
			g.shared[key] = v
			return v, err
		},
		Scope: plugin.Scope{Route: "route-id", Service: "service-id"},
	}
	return g
}

func strict(config string) func(any) error {
	return func(into any) error {
		d := json.NewDecoder(strings.NewReader(config))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
}

func (g *gateway) instance(t testing.TB, config string) plugin.Accessor {
	t.Helper()
	i, err := ratelimiting.Kind().New(strict(config), g.env)
	if err != nil {
		t.Fatalf("config %s: %v", config, err)
	}
	return i.(plugin.Accessor)
}

type wire struct{ ctx context.Context }

func (w wire) Context() context.Context   { return w.ctx }
func (wire) ReplaceBody([]byte)           {}
func (wire) ReadBody(int) ([]byte, error) { return nil, nil }

func exchange() *plugin.Exchange {
	x := &plugin.Exchange{}
	x.Begin(wire{context.Background()}, true)
	x.Peer, x.Client = "10.0.0.1", "192.0.2.7"
	x.Route = &plugin.Route{ID: "route-id", ServiceID: "service-id", Service: "shop"}
	x.Request.Method, x.Request.Path = "GET", "/a"
	return x
}

func answer(x *plugin.Exchange) string {
	var lines []string
	for _, f := range x.Answer().Fields() {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return strings.Join(lines, "\n")
}

// TestAnswers has what handler.lua does (kong/plugins/rate-limiting/handler.lua,
// access at 111) and the cases of spec/03-plugins/23-rate-limiting/04-access_spec.lua.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, config string
		plain        bool
		after        time.Duration // of the last request
		before       int           // requests before the last
		status       int           // 0 for passed
		want, reason string
	}{
		{
			"handler 142: one period", `{"minute":5}`, false, 0, 1, 0,
			"X-RateLimit-Limit-Minute: 5\nX-RateLimit-Remaining-Minute: 3\nRateLimit-Limit: 5\nRateLimit-Remaining: 3\nRateLimit-Reset: 60", "pass: minute 2/5",
		},
		{
			"handler 169: reset is window - floor(elapsed)", `{"minute":5}`, false, 20500 * time.Millisecond, 0, 0,
			"X-RateLimit-Limit-Minute: 5\nX-RateLimit-Remaining-Minute: 4\nRateLimit-Limit: 5\nRateLimit-Remaining: 4\nRateLimit-Reset: 40", "pass: minute 1/5",
		},
		{
			"spec 505: the limit is exceeded", `{"minute":2}`, false, 37 * time.Second, 2, 429,
			"X-RateLimit-Limit-Minute: 2\nX-RateLimit-Remaining-Minute: 0\nRateLimit-Limit: 2\nRateLimit-Remaining: 0\nRateLimit-Reset: 23\nRetry-After: 23", "deny: minute 2/2, resets in 23 s",
		},
		{
			"spec 677: several periods, the tightest is told", `{"minute":6,"hour":99999}`, false, 0, 0, 0,
			"X-RateLimit-Limit-Minute: 6\nX-RateLimit-Remaining-Minute: 5\nX-RateLimit-Limit-Hour: 99999\nX-RateLimit-Remaining-Hour: 99998\nRateLimit-Limit: 6\nRateLimit-Remaining: 5\nRateLimit-Reset: 60", "pass: minute 1/6",
		},
		{
			"handler 150: one that did not stop it keeps this request", `{"minute":2,"hour":10}`, false, 0, 2, 429,
			"X-RateLimit-Limit-Minute: 2\nX-RateLimit-Remaining-Minute: 0\nX-RateLimit-Limit-Hour: 10\nX-RateLimit-Remaining-Hour: 8\nRateLimit-Limit: 2\nRateLimit-Remaining: 0\nRateLimit-Reset: 60\nRetry-After: 60", "deny: minute 2/2, resets in 60 s",
		},
		{
			"handler 157: equally tight, the longer one is told", `{"second":1,"day":1}`, false, 0, 0, 0,
			"X-RateLimit-Limit-Second: 1\nX-RateLimit-Remaining-Second: 0\nX-RateLimit-Limit-Day: 1\nX-RateLimit-Remaining-Day: 0\nRateLimit-Limit: 1\nRateLimit-Remaining: 0\nRateLimit-Reset: 43200", "pass: day 1/1",
		},
		{
			"all periods, in order", `{"second":9,"minute":9,"hour":9,"day":9,"month":9,"year":9}`, false, 0, 0, 0,
			"X-RateLimit-Limit-Second: 9\nX-RateLimit-Remaining-Second: 8\nX-RateLimit-Limit-Minute: 9\nX-RateLimit-Remaining-Minute: 8\n" +
				"X-RateLimit-Limit-Hour: 9\nX-RateLimit-Remaining-Hour: 8\nX-RateLimit-Limit-Day: 9\nX-RateLimit-Remaining-Day: 8\n" +
				"X-RateLimit-Limit-Month: 9\nX-RateLimit-Remaining-Month: 8\nX-RateLimit-Limit-Year: 9\nX-RateLimit-Remaining-Year: 8\n" +
				"RateLimit-Limit: 9\nRateLimit-Remaining: 8\nRateLimit-Reset: 26395200", "pass: year 1/9",
		},
		{
			"spec 722: the window ends", `{"second":1}`, false, time.Second, 1, 0,
			"X-RateLimit-Limit-Second: 1\nX-RateLimit-Remaining-Second: 0\nRateLimit-Limit: 1\nRateLimit-Remaining: 0\nRateLimit-Reset: 1", "pass: second 1/1",
		},
		{"spec 620: headers are hidden, Retry-After too", `{"minute":1,"hide_client_headers":true}`, true, 0, 1, 429, "", "deny: minute 1/1, resets in 60 s"},
		{
			"spec 781: another code and message", `{"minute":1,"error_code":404,"error_message":"Fake Not Found"}`, false, 0, 1, 404,
			"X-RateLimit-Limit-Minute: 1\nX-RateLimit-Remaining-Minute: 0\nRateLimit-Limit: 1\nRateLimit-Remaining: 0\nRateLimit-Reset: 60\nRetry-After: 60", "deny: minute 1/1, resets in 60 s",
		},
		{
			"plain headers for manifests", `{"minute":5,"algorithm":"sliding-window"}`, true, 0, 0, 0,
			"X-RateLimit-Limit-Minute: 5\nX-RateLimit-Remaining-Minute: 4\nRateLimit-Limit: 5\nRateLimit-Remaining: 4\nRateLimit-Reset: 60\nX-RateLimit-Limit: 5\nX-RateLimit-Remaining: 4", "pass: minute 1/5",
		},
		{
			"sliding window", `{"minute":2,"algorithm":"sliding-window"}`, false, 30 * time.Second, 2, 429,
			"X-RateLimit-Limit-Minute: 2\nX-RateLimit-Remaining-Minute: 0\nRateLimit-Limit: 2\nRateLimit-Remaining: 0\nRateLimit-Reset: 31\nRetry-After: 31", "deny: minute 2/2, resets in 31 s",
		},
		{
			"token bucket", `{"minute":60,"algorithm":"token-bucket","burst":2}`, false, 0, 2, 429,
			"X-RateLimit-Limit-Minute: 60\nX-RateLimit-Remaining-Minute: 0\nRateLimit-Limit: 60\nRateLimit-Remaining: 0\nRateLimit-Reset: 1\nRetry-After: 1", "deny: minute 2/2, resets in 1 s",
		},
		{
			"leaky bucket, full", `{"minute":5,"algorithm":"leaky-bucket","queue":1}`, false, 2 * time.Second, 1, 429,
			"X-RateLimit-Limit-Minute: 5\nX-RateLimit-Remaining-Minute: 0\nRateLimit-Limit: 5\nRateLimit-Remaining: 0\nRateLimit-Reset: 10\nRetry-After: 10", "deny: minute 1/1, resets in 10 s",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.env.PlainHeaders = tc.plain
			l := g.instance(t, tc.config)
			for range tc.before {
				if r, err := l.Access(exchange()); r != nil || err != nil {
					t.Fatalf("before: got %v, %v", r, err)
				}
			}
			g.now = g.now.Add(tc.after)
			x := exchange()
			reply, err := l.Access(x)
			if err != nil {
				t.Fatal(err)
			}
			checkReply(t, reply, tc.status)
			if diff := cmp.Diff(tc.want, answer(x)); diff != "" {
				t.Errorf("headers: want (-), got (+):\n%s", diff)
			}
			if v := x.TakeVerdict(); v.Decision+": "+v.Reason != tc.reason {
				t.Errorf("verdict: got %s: %s, want %s", v.Decision, v.Reason, tc.reason)
			}
		})
	}
}

func checkReply(t *testing.T, r *plugin.Reply, status int) {
	t.Helper()
	switch {
	case r == nil && status == 0:
	case r == nil:
		t.Errorf("passed, want %d", status)
	case r.Status != status:
		t.Errorf("got %d, want %d", r.Status, status)
	case status == 429 && r.Message != "API rate limit exceeded", status == 404 && r.Message != "Fake Not Found":
		t.Errorf("got message %q", r.Message)
	}
}

// TestIdentifier says whose requests are counted together (handler.lua:49), and
// how that is shown.
func TestIdentifier(t *testing.T) {
	t.Parallel()
	ann := &plugin.Consumer{ID: "ann-id", Username: "ann"}
	cred := &plugin.Credential{ID: "cred-id", Consumer: ann}
	other := &plugin.Credential{ID: "cred-2", Consumer: ann}
	as := func(who *plugin.Consumer, c *plugin.Credential) func(*plugin.Exchange) {
		return func(x *plugin.Exchange) { x.Authenticate(who, c) }
	}
	nobody := func(*plugin.Exchange) {}
	elsewhere := func(x *plugin.Exchange) { x.Client = "192.0.2.8" }
	with := func(name, value string) func(*plugin.Exchange) {
		return func(x *plugin.Exchange) { x.Request.Header.Add(name, value) }
	}
	path := func(p string) func(*plugin.Exchange) { return func(x *plugin.Exchange) { x.Request.Path = p } }
	for _, tc := range []struct {
		name, config string
		a, b         func(*plugin.Exchange)
		together     bool
		shown        string // of a
	}{
		{"consumer: by consumer", `"limit_by":"consumer"`, as(ann, cred), as(ann, other), true, "ann"},
		{"consumer: others", `"limit_by":"consumer"`, as(ann, cred), as(&plugin.Consumer{ID: "bob-id"}, other), false, "ann"},
		{"consumer: without a username", `"limit_by":"consumer"`, as(&plugin.Consumer{ID: "bob-id"}, other), nobody, false, "bob-id"},
		{"consumer: else by credential", `"limit_by":"consumer"`, as(nil, cred), as(nil, other), false, "cred-id"},
		{"consumer: else by address", `"limit_by":"consumer"`, nobody, elsewhere, false, "192.0.2.7"},
		{"consumer is the default", `"policy":"local"`, as(ann, cred), as(ann, other), true, "ann"},
		{"credential", `"limit_by":"credential"`, as(ann, cred), as(ann, other), false, "ann"},
		{"credential: a consumer without one is an address", `"limit_by":"credential"`, as(ann, nil), nobody, true, "192.0.2.7"},
		{"ip", `"limit_by":"ip"`, as(ann, cred), nobody, true, "192.0.2.7"},
		{"ip: others", `"limit_by":"ip"`, nobody, elsewhere, false, "192.0.2.7"},
		{"service", `"limit_by":"service"`, nobody, elsewhere, true, "shop"},
		{"service: others", `"limit_by":"service"`, nobody, func(x *plugin.Exchange) { x.Route.ServiceID = "other" }, false, "shop"},
		{"service: without one by address", `"limit_by":"service"`, func(x *plugin.Exchange) { x.Route.ServiceID = "" }, elsewhere, false, "192.0.2.7"},
		{"header", `"limit_by":"header","header_name":"X-App"`, with("x-app", "v1"), with("x-app", "v2"), false, "X-App #3bfc2695"},
		{"header: the same", `"limit_by":"header","header_name":"X-App"`, with("x-app", "v1"), with("X-APP", "v1"), true, "X-App #3bfc2695"},
		{"header: _ is -", `"limit_by":"header","header_name":"x_app"`, with("x-app", "v1"), with("x_app", "v1"), true, "x_app #3bfc2695"},
		{"header: the first of several", `"limit_by":"header","header_name":"X-App"`, func(x *plugin.Exchange) { with("X-App", "v1")(x); with("X-App", "v2")(x) }, with("X-App", "v1"), true, "X-App #3bfc2695"},
		{"header: without it by address", `"limit_by":"header","header_name":"X-App"`, nobody, elsewhere, false, "192.0.2.7"},
		{"header: an address in it is no address", `"limit_by":"header","header_name":"X-App"`, with("X-App", "192.0.2.7"), nobody, false, "X-App #37dad677"},
		{"header: long ones", `"limit_by":"header","header_name":"X-App"`, with("X-App", strings.Repeat("x", 8000)), with("X-App", strings.Repeat("x", 8001)), false, ""},
		{"path", `"limit_by":"path","path":"/a"`, nobody, elsewhere, true, "/a"},
		{"path: another is by address", `"limit_by":"path","path":"/a"`, path("/b"), func(x *plugin.Exchange) { path("/b")(x); elsewhere(x) }, false, "192.0.2.7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := newGateway().instance(t, `{"minute":1,`+tc.config+`}`)
			x, y := exchange(), exchange()
			tc.a(x)
			tc.b(y)
			if r, err := l.Access(x); r != nil || err != nil {
				t.Fatalf("first: got %v, %v", r, err)
			}
			if r, _ := l.Access(y); (r != nil) != tc.together {
				t.Errorf("counted together: got %v, want %v", r != nil, tc.together)
			}
			if got := x.TakeVerdict().Limits[0].Identifier; got != tc.shown && tc.shown != "" {
				t.Errorf("shown as %q, want %q", got, tc.shown)
			}
		})
	}
}

func TestScopeOfCounts(t *testing.T) {
	t.Parallel()
	g := newGateway()
	pass := func(want bool, config string) {
		t.Helper()
		if r, err := g.instance(t, config).Access(exchange()); err != nil || (r == nil) != want {
			t.Errorf("%s in %+v: got %v, %v", config, g.env.Scope, r, err)
		}
	}
	pass(true, `{"minute":1}`)
	pass(false, `{"minute":1,"error_message":"edited"}`)
	pass(true, `{"minute":2}`)
	g.env.Scope.Route = "other"
	pass(true, `{"minute":1}`)
	g.env.Scope = plugin.Scope{Service: "service-id"}
	pass(true, `{"minute":1}`)
	pass(false, `{"minute":1}`)
	g.shared["rate-limiting/local"].(plugin.Clearer).Clear("key-auth")
	pass(false, `{"minute":1}`)
	g.shared["rate-limiting/local"].(plugin.Clearer).Clear("rate-limiting")
	pass(true, `{"minute":1}`)
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		config string
		want   plugin.LimitState
	}{
		{`{"minute":5}`, plugin.LimitState{Algorithm: "fixed-window", Used: 1, ResetSeconds: 60, WindowStart: noon, WindowEnd: noon.Add(time.Minute)}},
		{`{"minute":5,"algorithm":"sliding-window"}`, plugin.LimitState{Algorithm: "sliding-window", Used: 1, ResetSeconds: 60, Current: 1, WindowStart: noon, WindowEnd: noon.Add(time.Minute)}},
		{`{"minute":5,"algorithm":"token-bucket"}`, plugin.LimitState{Algorithm: "token-bucket", Used: 1, ResetSeconds: 12, Tokens: 4, RefillPerSecond: 5.0 / 60, Burst: 5}},
		{`{"minute":5,"algorithm":"leaky-bucket"}`, plugin.LimitState{Algorithm: "leaky-bucket", Used: 1, ResetSeconds: 12, Queue: 5, Queued: 1, RefillPerSecond: 5.0 / 60}},
	} {
		t.Run(tc.want.Algorithm, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			if _, err := newGateway().instance(t, tc.config).Access(x); err != nil {
				t.Fatal(err)
			}
			tc.want.Period, tc.want.Identifier, tc.want.Limit, tc.want.Remaining = "minute", "192.0.2.7", 5, 4
			if diff := cmp.Diff([]plugin.LimitState{tc.want}, x.TakeVerdict().Limits); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}
