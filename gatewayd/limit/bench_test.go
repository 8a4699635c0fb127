package limit_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

func algorithms() []limit.Algorithm {
	return []limit.Algorithm{limit.SlidingWindow, limit.FixedWindow, limit.TokenBucket, limit.LeakyBucket}
}

// BenchmarkTake is one decision over one period, for 1 to 1,000,000 keys.
func BenchmarkTake(b *testing.B) {
	for _, a := range algorithms() {
		for _, n := range []int{1, 1_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", a, n), func(b *testing.B) { benchTake(b, n, 1, a) })
		}
	}
}

// BenchmarkTakeAll is one decision over all six periods.
func BenchmarkTakeAll(b *testing.B) {
	for _, a := range algorithms() {
		b.Run(a.String(), func(b *testing.B) { benchTake(b, 1_000, limit.Periods, a) })
	}
}

func benchTake(b *testing.B, n, periods int, a limit.Algorithm) {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
	}
	rules := make([]limit.Rule, periods)
	for i := range rules {
		rules[i] = limit.Rule{Algorithm: a, Period: limit.Period(len(rules) - 1 - i), Limit: 1000}
		if periods == 1 {
			rules[i].Period = limit.Minute
		}
	}
	before := heap()
	m := limit.NewMemory()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := limit.Key{Owner: "rate-limiting", Scope: "8a7d2f6e-0000-4000-8000-000000000001\x1f8a7d2f6e-0000-4000-8000-000000000002"}
	var d limit.Decision
	own := 0
	for _, id := range ids {
		key.ID = id
		own += len(key.Owner) + len(key.Scope) + len(key.ID)
		if err := m.Take(context.Background(), now, key, rules, &d); err != nil {
			b.Fatal(err)
		}
	}
	perKey := float64(heap()-before-int64(own)) / float64(n*periods)
	b.ReportAllocs()
	i, step := 0, time.Minute/500/time.Duration(n) // half the limit, so that no bucket makes a request wait
	now = now.Add(time.Second)
	for b.Loop() {
		key.ID = ids[i]
		if i++; i == n { // in order, as a request's identifier is in the cache; the table scatters them
			i = 0
		}
		now = now.Add(step)
		if err := m.Take(context.Background(), now, key, rules, &d); err != nil {
			b.Fatal(err)
		}
	}
	if n > 1 {
		b.ReportMetric(perKey, "B/key+period")
	}
	runtime.KeepAlive(m)
}

// BenchmarkTakeParallel is many goroutines on one key.
func BenchmarkTakeParallel(b *testing.B) {
	m := limit.NewMemory()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rules := []limit.Rule{{Period: limit.Minute, Limit: 1000}}
	b.RunParallel(func(pb *testing.PB) {
		var d limit.Decision
		for pb.Next() {
			_ = m.Take(context.Background(), now, limit.Key{Owner: "rate-limiting", Scope: "s", ID: "one"}, rules, &d)
		}
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
