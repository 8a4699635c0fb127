package limit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

func fill(t *testing.T, m *limit.Memory, now time.Time, owner string, n int, rules ...limit.Rule) {
	t.Helper()
	var d limit.Decision
	for i := range n {
		if err := m.Take(context.Background(), now, limit.Key{Owner: owner, Scope: "s", ID: fmt.Sprint(i)}, rules, &d); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSweepGivesIdleKeysBack(t *testing.T) {
	t.Parallel()
	now := at("2026-03-01T12:00:00Z")
	for _, tc := range []struct {
		algorithm limit.Algorithm
		idle      time.Duration
	}{
		{limit.FixedWindow, time.Minute},
		{limit.SlidingWindow, 2 * time.Minute},
		{limit.TokenBucket, 12 * time.Second},
		{limit.LeakyBucket, 12 * time.Second},
	} {
		t.Run(tc.algorithm.String(), func(t *testing.T) {
			t.Parallel()
			m := limit.NewMemory()
			fill(t, m, now, "a", 5000, limit.Rule{Algorithm: tc.algorithm, Period: limit.Minute, Limit: 5})
			m.Sweep(now.Add(tc.idle - time.Nanosecond))
			if m.Len() != 5000 {
				t.Errorf("before they are idle: got %d keys", m.Len())
			}
			m.Sweep(now.Add(tc.idle))
			if m.Len() != 0 || limit.Rows(m) != 0 {
				t.Errorf("idle: got %d keys, %d rows", m.Len(), limit.Rows(m))
			}
		})
	}
}

// TestCallsSweep sends 100,000 callers once each, 3,333 a minute: the
// table holds those of the last minutes only. Then one key alone lets it shrink.
func TestCallsSweep(t *testing.T) {
	t.Parallel()
	m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
	rules := []limit.Rule{{Algorithm: limit.FixedWindow, Period: limit.Minute, Limit: 5}}
	var d limit.Decision
	most := 0
	for i := range 100_000 {
		now = now.Add(18 * time.Millisecond)
		if err := m.Take(context.Background(), now, limit.Key{ID: fmt.Sprint(i)}, rules, &d); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			most = max(most, limit.Rows(m))
		}
	}
	if most > 14_000 {
		t.Errorf("with 3,333 keys a minute: got %d rows", most)
	}
	now = now.Add(time.Hour)
	for i := range 100_000 {
		_ = m.Take(context.Background(), now, limit.Key{ID: fmt.Sprint(i % 100)}, rules, &d)
		now = now.Add(100 * time.Microsecond)
	}
	if n := limit.Rows(m); n > 32*64 {
		t.Errorf("with 100 keys: got %d rows", n)
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	now, r := at("2026-03-01T12:00:00Z"), limit.Rule{Algorithm: limit.FixedWindow, Period: limit.Minute, Limit: 5}
	m := limit.NewMemory()
	fill(t, m, now, "a", 1000, r)
	fill(t, m, now, "ab", 500, r)
	m.Clear("a")
	if m.Len() != 500 {
		t.Errorf("cleared a: got %d keys, want 500", m.Len())
	}
	m.Clear("")
	if m.Len() != 0 {
		t.Errorf("cleared all: got %d keys", m.Len())
	}
}

// TestKeep: what was put aside comes back in the place of what was counted since,
// once.
func TestKeep(t *testing.T) {
	t.Parallel()
	now, r := at("2026-03-01T12:00:00Z"), limit.Rule{Algorithm: limit.FixedWindow, Period: limit.Minute, Limit: 5}
	m := limit.NewMemory()
	left := func(id string) int64 {
		t.Helper()
		var d limit.Decision
		if err := m.Take(t.Context(), now, limit.Key{Owner: "a", Scope: "s", ID: id}, []limit.Rule{r}, &d); err != nil {
			t.Fatal(err)
		}
		return d.States[0].Remaining
	}
	fill(t, m, now, "a", 1000, r)
	fill(t, m, now, "a", 1000, r)
	m.Keep()
	m.Clear("")
	if got := left("7"); got != 4 {
		t.Errorf("after Clear %d are left, want 4", got)
	}
	fill(t, m, now, "b", 10, r)
	m.Restore()
	if m.Len() != 1000 {
		t.Errorf("%d keys, want 1000", m.Len())
	}
	if got := left("7"); got != 2 {
		t.Errorf("after Restore %d are left, want 2", got)
	}
	m.Restore() // nothing is aside any more
	if m.Len() != 0 {
		t.Errorf("%d keys, want none", m.Len())
	}
}

// TestTableAgainstMap does random work on a store and on a plain map.
func TestTableAgainstMap(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	m, counts := limit.NewMemory(), map[string]int64{}
	now := at("2026-03-01T12:00:00Z")
	rules := []limit.Rule{
		{Algorithm: limit.FixedWindow, Period: limit.Minute, Limit: 1 << 30},
		{Algorithm: limit.FixedWindow, Period: limit.Hour, Limit: 1 << 30},
	}
	var d limit.Decision
	for i := range 60_000 {
		id := strings.Repeat("k", rnd.IntN(5)) + fmt.Sprint(rnd.IntN(3000))
		some := rules[:1+rnd.IntN(2)]
		if err := m.Take(context.Background(), now, limit.Key{Owner: "o", ID: id}, some, &d); err != nil {
			t.Fatal(err)
		}
		for j := range some {
			key := id + some[j].Period.String()
			counts[key]++
			if got := d.States[j].Current; got != counts[key] {
				t.Fatalf("call %d, %s: got %d, want %d", i, key, got, counts[key])
			}
		}
		switch rnd.IntN(6_000) {
		case 0:
			now = now.Add(time.Minute)
			for key := range counts {
				if strings.HasSuffix(key, "minute") {
					delete(counts, key)
				}
			}
			m.Sweep(now)
		case 1:
			m.Clear("o")
			clear(counts)
		case 2:
			now = now.Truncate(time.Hour).Add(time.Hour)
			m.Sweep(now)
			clear(counts)
		}
	}
}

func TestTakeAllocatesNothing(t *testing.T) {
	m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
	for _, a := range algorithms() {
		rules := []limit.Rule{{Algorithm: a, Period: limit.Minute, Limit: 5}, {Algorithm: a, Period: limit.Hour, Limit: 50}}
		var d limit.Decision
		if n := testing.AllocsPerRun(1000, func() {
			now = now.Add(15 * time.Second)
			_ = m.Take(context.Background(), now, limit.Key{Owner: "o", ID: "ann"}, rules, &d)
		}); n != 0 {
			t.Errorf("%s: got %v allocations", a, n)
		}
	}
}
