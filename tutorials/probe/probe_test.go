package probe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/tutorials/probe"
)

// fakeClock moves on by whatever somebody waits for.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits, c.now = append(c.waits, d), c.now.Add(d)
	return ctx.Err()
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func collect(t *testing.T, p *probe.Prober, plan probe.Plan) []probe.Answer {
	t.Helper()
	t.Cleanup(p.Close)
	var got []probe.Answer
	if err := p.Run(t.Context(), plan, func(a probe.Answer) { got = append(got, a) }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header http.Header
		status int
		want   probe.Answer
	}{
		{"says nothing", http.Header{}, 200, probe.Answer{Status: 200, Limit: probe.Unknown, Remaining: probe.Unknown}},
		{
			"passed by a limit",
			http.Header{"X-Ratelimit-Limit": {"5"}, "X-Ratelimit-Remaining": {"4"}, "X-Kong-Request-Id": {"abc"}},
			200,
			probe.Answer{Status: 200, Limit: 5, Remaining: 4, RequestID: "abc"},
		},
		{
			"refused by a limit of Kong's fields alone",
			http.Header{"Ratelimit-Limit": {"5"}, "Ratelimit-Remaining": {"0"}, "Retry-After": {"23"}},
			429,
			probe.Answer{Status: 429, Limit: 5, Remaining: 0, RetryAfter: 23 * time.Second},
		},
		{
			"nonsense",
			http.Header{"X-Ratelimit-Limit": {"x"}, "Retry-After": {"-3"}},
			500,
			probe.Answer{Status: 500, Limit: probe.Unknown, Remaining: probe.Unknown},
		},
		{"sends elsewhere", http.Header{"Location": {"/elsewhere"}}, 302, probe.Answer{Status: 302, Limit: probe.Unknown, Remaining: probe.Unknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				maps.Copy(w.Header(), tt.header)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, "body")
			})
			got := collect(t, &probe.Prober{}, probe.Plan{URL: s.URL})[0]
			if got.Elapsed <= 0 || got.At.IsZero() || string(got.Body) != "body" || got.Header.Get("Date") == "" {
				t.Errorf("got %+v without its times, body or header", got)
			}
			tt.want.N, tt.want.At, tt.want.Elapsed, tt.want.Header, tt.want.Body = 1, got.At, got.Elapsed, got.Header, got.Body
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var got string
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintln(r.Method, r.Host, r.RequestURI, r.Header["X-A"], r.Header["Apikey"], string(body))
	})
	collect(t, &probe.Prober{}, probe.Plan{
		URL: s.URL + "/a?b=c", Method: "PUT", Header: http.Header{"X-A": {"1", "2"}, "Host": {"shop.test"}}, Key: "k", Body: []byte("hi"),
	})
	if want := "PUT shop.test /a?b=c [1 2] [k] hi\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRate: the nth request is due n/rate after the first, whatever the answers
// take.
func TestRate(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := &fakeClock{now: start}
	got := collect(t, &probe.Prober{Clock: clock}, probe.Plan{URL: s.URL, N: 5, Rate: 2, Concurrency: 1})
	var at []time.Duration
	for _, a := range got {
		at = append(at, a.At.Sub(start))
	}
	// A number waits for its worker, and the clock is ahead by then; the waits
	// tell when each was due.
	if want := slices.Repeat([]time.Duration{500 * time.Millisecond}, 4); !slices.Equal(clock.waits, want) {
		t.Errorf("got waits %v, want %v; requests at %v", clock.waits, want, at)
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	const n, concurrency = 60, 6
	var now, most atomic.Int64
	full := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		defer now.Add(-1)
		if k := now.Add(1); k > most.Load() {
			if most.Store(k); k == concurrency {
				close(full)
			}
		}
		<-full // nobody is answered until all are there
	})
	got := collect(t, &probe.Prober{}, probe.Plan{URL: s.URL, N: n, Concurrency: concurrency})
	seen := map[int]bool{}
	for _, a := range got {
		seen[a.N] = a.Err == nil
	}
	if len(seen) != n || most.Load() != concurrency {
		t.Errorf("got %d answers with up to %d at a time, want %d with %d", len(seen), most.Load(), n, concurrency)
	}
}

// TestKeepAlive: one connection does for requests one after another.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }))
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	collect(t, &probe.Prober{}, probe.Plan{URL: s.URL, N: 20})
	if got := conns.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	got := collect(t, &probe.Prober{}, probe.Plan{URL: s.URL, N: 2})
	for _, a := range got {
		if a.Err == nil || a.Status != 0 {
			t.Errorf("got %+v, want an error", a)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	var p probe.Prober
	t.Cleanup(p.Close)
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	if err := p.Run(ctx, probe.Plan{URL: s.URL, N: 3, Concurrency: 2}, func(a probe.Answer) { t.Errorf("got answer %+v", a) }); !errors.Is(err, why) {
		t.Errorf("got error %v, want %v", err, why)
	}
}

func TestPlanIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		plan probe.Plan
	}{
		{"no host", probe.Plan{URL: "/echo"}},
		{"no URL", probe.Plan{URL: "http://a b"}},
		{"no method", probe.Plan{URL: "http://127.0.0.1", Method: "G ET"}},
		{"a number below 0", probe.Plan{URL: "http://127.0.0.1", N: -1}},
		{"a rate below 0", probe.Plan{URL: "http://127.0.0.1", Rate: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := new(probe.Prober).Run(t.Context(), tt.plan, func(probe.Answer) {}); err == nil {
				t.Error("got no error")
			}
		})
	}
}
