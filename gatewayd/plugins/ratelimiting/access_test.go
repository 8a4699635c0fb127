package ratelimiting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins/ratelimiting"
)

// broken is a store that cannot be reached.
type broken struct{}

func (broken) Take(context.Context, time.Time, limit.Key, []limit.Rule, *limit.Decision) error {
	return errors.New("no route to host")
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.shared["rate-limiting/local"] = broken{}
	x := exchange()
	if r, err := g.instance(t, `{"minute":1}`).Access(x); r != nil || err != nil {
		t.Errorf("fault tolerant: got %v, %v", r, err)
	}
	if v := x.TakeVerdict(); v.Decision != "error" || answer(x) != "" || !strings.Contains(g.log.String(), "no route to host") {
		t.Errorf("fault tolerant: got %+v, %q, log %s", v, answer(x), g.log.String())
	}
	_, err := g.instance(t, `{"minute":1,"fault_tolerant":false}`).Access(x)
	if err == nil || err.Error() != "counting the request: no route to host" {
		t.Errorf("else: got %v", err)
	}
	g.shared["rate-limiting/local"] = 5
	if _, err := ratelimiting.Kind().New(strict(`{"minute":1}`), g.env); err == nil {
		t.Error("a store that is none: no error")
	}
	g.env.Shared = func(string, func() (any, error)) (any, error) { return nil, errors.New("closed") }
	if _, err := ratelimiting.Kind().New(strict(`{"minute":1}`), g.env); err == nil {
		t.Error("nothing shared: no error")
	}
}

func TestExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	l := newGateway().instance(t, `{"minute":5,"hour":100}`)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			if r, _ := l.Access(exchange()); r == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 5 {
		t.Errorf("got %d, want 5", passed.Load())
	}
}

// TestLeakyBucketWaits runs on the fake clock of synctest.
func TestLeakyBucketWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.env.Now = time.Now
		g.env.Wait = func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		}
		l := g.instance(t, `{"minute":5,"algorithm":"leaky-bucket","queue":5}`)
		start := time.Now()
		var mu sync.Mutex
		var got []string
		for i := range 7 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond) //nolint:forbidigo // the fake time of synctest
				x := exchange()
				if i == 2 { // leaves after five seconds
					ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
					defer cancel()
					x.Begin(wire{ctx}, true)
					x.Client = exchange().Client
				}
				if i == 6 { // comes once there is room again
					time.Sleep(6 * time.Second) //nolint:forbidigo // the fake time of synctest
				}
				r, err := l.Access(x)
				status := 0
				if r != nil {
					status = r.Status
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, fmt.Sprintf("%d %d at %s: %s %v", i, status, time.Since(start).Round(time.Second), x.TakeVerdict().Reason, err))
			}()
		}
		time.Sleep(time.Hour) //nolint:forbidigo // the fake time of synctest
		synctest.Wait()
		want := []string{
			"0 0 at 0s: minute 1/5 <nil>",
			"5 429 at 0s: minute 5/5, resets in 12 s <nil>",
			"2 499 at 5s: the client left while it waited for its turn <nil>",
			"1 0 at 12s: minute 2/5, waited 11.999s <nil>",
			"3 0 at 24s: minute 4/5, waited 35.997s <nil>",
			"4 0 at 36s: minute 5/5, waited 47.996s <nil>",
			"6 0 at 48s: minute 5/5, waited 41.994s <nil>",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
	})
}

func TestBrokenClock(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.env.Wait = func(context.Context, time.Duration) error { return errors.New("stopped") }
	l := g.instance(t, `{"minute":5,"algorithm":"leaky-bucket"}`)
	_, _ = l.Access(exchange())
	if _, err := l.Access(exchange()); err == nil || err.Error() != "waiting for a slot of the leaky bucket: stopped" {
		t.Errorf("got %v", err)
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := newGateway().instance(t, `{"minute":5,"hour":1000}`)
	x, w := exchange(), plugin.Wire(wire{context.Background()})
	access := func() {
		x.Begin(w, false)
		x.Client = "192.0.2.7"
		_, _ = l.Access(x)
	}
	access()
	if n := testing.AllocsPerRun(3, access); n != 0 {
		t.Errorf("passing: got %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, access); n > 1 {
		t.Errorf("refusing: got %v allocations, want the reply's", n)
	}
}

func BenchmarkAccess(b *testing.B) {
	for _, tc := range []struct{ name, config string }{
		{"pass", `{"minute":1000000000,"algorithm":"token-bucket","burst":4000}`}, {"refuse", `{"minute":1}`},
	} {
		b.Run(tc.name, func(b *testing.B) {
			g := newGateway()
			g.env.Now, g.env.PlainHeaders = time.Now, true
			l := g.instance(b, tc.config)
			x, w := exchange(), plugin.Wire(wire{context.Background()})
			b.ReportAllocs()
			for b.Loop() {
				x.Begin(w, false)
				x.Client = "192.0.2.7"
				_, _ = l.Access(x)
			}
		})
	}
}
