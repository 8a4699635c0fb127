package limit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// A caller waits for its slot, and may leave before it.
type caller struct {
	arrives, leaves time.Duration // leaves 0 for never
	want            time.Duration // when it goes on; -1 for refused, -2 for left
}

// TestQueue runs on the fake clock of synctest.
func TestQueue(t *testing.T) {
	t.Parallel()
	const s = time.Second
	minute := []limit.Rule{{Algorithm: limit.LeakyBucket, Period: limit.Minute, Limit: 5}}
	for _, tc := range []struct {
		name    string
		rules   []limit.Rule
		callers []caller
	}{
		{"in order, one a slot", minute, []caller{{0, 0, 0}, {0, 0, 12 * s}, {1 * s, 0, 24 * s}, {2 * s, 0, 36 * s}, {3 * s, 0, 48 * s}, {4 * s, 0, -1}, {13 * s, 0, 60 * s}}},
		{"one in the middle leaves: those behind move up, and its place is free", minute, []caller{
			{0, 0, 0}, {0, 0, 12 * s}, {0, 5 * s, -2}, {0, 0, 24 * s}, {0, 0, 36 * s}, {4 * s, 0, -1}, {6 * s, 0, 48 * s},
		}},
		{"the first one waiting leaves", minute, []caller{{0, 0, 0}, {0, 5 * s, -2}, {0, 0, 12 * s}, {0, 0, 24 * s}}},
		{"the last leaves", minute, []caller{{0, 0, 0}, {0, 0, 12 * s}, {0, 5 * s, -2}, {6 * s, 0, 24 * s}}},
		{"all leave", minute, []caller{{0, 0, 0}, {0, 5 * s, -2}, {0, 5 * s, -2}, {0, 5 * s, -2}, {0, 5 * s, -2}, {6 * s, 0, 12 * s}}},
		{"two leave, the next hears of both when it is first", minute, []caller{{0, 0, 0}, {0, 0, 12 * s}, {0, 2 * s, -2}, {0, 3 * s, -2}, {0, 0, 24 * s}}},
		{"it leaves after one that was slow to hear", minute, []caller{{0, 0, 0}, {0, 0, 12 * s}, {0, 2 * s, -2}, {0, 20 * s, -2}, {0, 0, 24 * s}}},
		{"two periods: the slower one decides", []limit.Rule{
			{Algorithm: limit.LeakyBucket, Period: limit.Second, Limit: 5},
			{Algorithm: limit.LeakyBucket, Period: limit.Minute, Limit: 20},
		}, []caller{{0, 0, 0}, {0, 0, 3 * s}, {0, s, -2}, {0, 0, 6 * s}, {2 * s, 0, 9 * s}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, start := limit.NewMemory(), time.Now()
				got := make([]time.Duration, len(tc.callers))
				for i, c := range tc.callers {
					go func() { got[i] = call(m, tc.rules, start, c, time.Duration(i)) }()
				}
				time.Sleep(5 * time.Minute) //nolint:forbidigo // the fake time of synctest
				synctest.Wait()
				for i, c := range tc.callers {
					if got[i] != c.want {
						t.Errorf("caller %d: got %v, want %v", i+1, got[i], c.want)
					}
				}
				if n := limit.Waiting(m); n != 0 {
					t.Errorf("%d queues left", n)
				}
			})
		})
	}
}

// call lives the life of a caller; the order of those that arrive together is
// kept by nanoseconds, which are rounded off again.
func call(m *limit.Memory, rules []limit.Rule, start time.Time, c caller, order time.Duration) time.Duration {
	time.Sleep(c.arrives + order) //nolint:forbidigo // the fake time of synctest
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if c.leaves > 0 {
		ctx, cancel = context.WithDeadline(ctx, start.Add(c.leaves))
		defer cancel()
	}
	var d limit.Decision
	if err := m.Take(ctx, time.Now(), limit.Key{ID: "ann"}, rules, &d); err != nil {
		panic(err)
	}
	if !d.Allowed {
		return -1
	}
	if d.Place != nil {
		if err := limit.Await(ctx, d.Place, time.Now, sleep); errors.Is(err, context.DeadlineExceeded) {
			return -2
		} else if err != nil {
			panic(err)
		}
	}
	return time.Since(start).Round(time.Microsecond)
}

// TestQueueNeverLeaksFaster has random callers come and go: those that go on do
// so at least one slot apart, in the order in which they came.
func TestQueueNeverLeaksFaster(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			m, start := limit.NewMemory(), time.Now()
			rules := []limit.Rule{{Algorithm: limit.LeakyBucket, Period: limit.Second, Limit: 7, Size: 20}}
			callers := make([]caller, 200)
			went := make([]time.Duration, len(callers))
			var clock time.Duration
			for i := range callers {
				clock += time.Duration(rnd.Int64N(int64(300 * time.Millisecond)))
				callers[i].arrives = clock
				if rnd.IntN(3) == 0 {
					callers[i].leaves = clock + time.Duration(rnd.Int64N(int64(3*time.Second)))
				}
				go func() { went[i] = call(m, rules, start, callers[i], 0) }()
			}
			time.Sleep(10 * time.Minute) //nolint:forbidigo // the fake time of synctest
			synctest.Wait()
			went = slices.DeleteFunc(went, func(d time.Duration) bool { return d < 0 })
			if len(went) < 50 {
				t.Errorf("seed %d: only %d went on", seed, len(went))
			}
			for i := 1; i < len(went); i++ {
				if gap := went[i] - went[i-1]; gap < time.Second/7-2*time.Microsecond {
					t.Errorf("seed %d: %v after the one before, at %v", seed, gap, went[i])
				}
			}
		})
	}
}

func TestClearWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, start := limit.NewMemory(), time.Now()
		rules := []limit.Rule{{Algorithm: limit.LeakyBucket, Period: limit.Minute, Limit: 5}}
		got := make([]time.Duration, 4)
		for i := range got {
			go func() { got[i] = call(m, rules, start, caller{}, time.Duration(i)) }()
		}
		time.Sleep(time.Second) //nolint:forbidigo // the fake time of synctest
		m.Clear("")
		m.Clear("nobody")
		if d := call(m, rules, start, caller{}, 0); d != time.Second {
			t.Errorf("first after clearing: went on at %v", d)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // the fake time of synctest
		synctest.Wait()
		if want := []time.Duration{0, 12e9, 24e9, 36e9}; !slices.Equal(got, want) {
			t.Errorf("those that waited: got %v, want %v", got, want)
		}
	})
}

func TestAwaitReturnsTheErrorOfTheClock(t *testing.T) {
	t.Parallel()
	m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
	r := limit.Rule{Algorithm: limit.LeakyBucket, Period: limit.Minute, Limit: 1, Size: 2}
	take(t, m, now, "ann", r)
	broken := errors.New("broken clock")
	err := limit.Await(context.Background(), take(t, m, now, "ann", r).Place,
		func() time.Time { return now }, func(context.Context, time.Duration) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if d := take(t, m, now, "ann", r); !d.Allowed {
		t.Error("the place was not given back")
	}
}
