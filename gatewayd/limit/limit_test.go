package limit_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func take(t *testing.T, s limit.Store, now time.Time, id string, rules ...limit.Rule) *limit.Decision {
	t.Helper()
	var d limit.Decision
	if err := s.Take(context.Background(), now, limit.Key{Owner: "rate-limiting", Scope: "route", ID: id}, rules, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// A shot is one request and what is expected of it.
type shot struct {
	at        string
	pass      bool
	remaining int64
	reset     int64
	retry     int64
	wait      time.Duration
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	rule := func(a limit.Algorithm, p limit.Period, n, size int64) []limit.Rule {
		return []limit.Rule{{Algorithm: a, Period: p, Limit: n, Size: size}}
	}
	for _, tc := range []struct {
		name  string
		rules []limit.Rule
		shots []shot
	}{
		{"fixed window ends with the minute", rule(limit.FixedWindow, limit.Minute, 2, 0), []shot{
			{"2026-03-01T12:00:30.5Z", true, 1, 30, 0, 0}, // as window - floor(30.5) (kong/plugins/rate-limiting/handler.lua:169)
			{"2026-03-01T12:00:31Z", true, 0, 29, 0, 0},
			{"2026-03-01T12:00:59.9Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:01:00Z", true, 1, 60, 0, 0},
		}},
		{"fixed second", rule(limit.FixedWindow, limit.Second, 1, 0), []shot{
			{"2026-03-01T12:00:00.999999999Z", true, 0, 1, 0, 0},
			{"2026-03-01T12:00:01Z", true, 0, 1, 0, 0},
			{"2026-03-01T12:00:01Z", false, 0, 1, 1, 0},
		}},
		{"fixed hour", rule(limit.FixedWindow, limit.Hour, 1, 0), []shot{
			{"2026-03-01T12:59:00Z", true, 0, 60, 0, 0},
			{"2026-03-01T13:00:00Z", true, 0, 3600, 0, 0},
		}},
		{"fixed day", rule(limit.FixedWindow, limit.Day, 1, 0), []shot{
			{"2026-03-01T23:00:00Z", true, 0, 3600, 0, 0},
			{"2026-03-02T00:00:00Z", true, 0, 86400, 0, 0},
		}},
		{"fixed month is the calendar's", rule(limit.FixedWindow, limit.Month, 1, 0), []shot{
			{"2028-02-01T00:00:00Z", true, 0, 29 * 86400, 0, 0},
			{"2028-02-29T23:59:59Z", false, 0, 1, 1, 0},
			{"2028-03-01T00:00:00Z", true, 0, 31 * 86400, 0, 0},
		}},
		{"fixed year is the calendar's", rule(limit.FixedWindow, limit.Year, 1, 0), []shot{
			{"2028-01-01T00:00:00Z", true, 0, 366 * 86400, 0, 0},
			{"2028-12-31T23:59:59Z", false, 0, 1, 1, 0},
			{"2029-01-01T00:00:00Z", true, 0, 365 * 86400, 0, 0},
		}},
		{"before 1970", rule(limit.FixedWindow, limit.Minute, 1, 0), []shot{
			{"1969-12-31T23:59:50Z", true, 0, 10, 0, 0},
			{"1969-12-31T23:59:59Z", false, 0, 1, 1, 0},
			{"1970-01-01T00:00:00Z", true, 0, 60, 0, 0},
		}},
		{"sliding window weighs the one before", rule(limit.SlidingWindow, limit.Minute, 4, 0), []shot{
			{"2026-03-01T12:00:10Z", true, 3, 50, 0, 0},
			{"2026-03-01T12:00:10Z", true, 2, 50, 0, 0},
			{"2026-03-01T12:00:10Z", true, 1, 50, 0, 0},
			{"2026-03-01T12:00:10Z", true, 0, 51, 0, 0}, // at 12:01:00 the estimate is 4 still
			{"2026-03-01T12:00:59Z", false, 0, 2, 2, 0},
			{"2026-03-01T12:01:00Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:01:01Z", true, 0, 15, 0, 0}, // 4 × 59/60 = 3.93; then 1 + 4 × share < 4 after 12:01:15
			{"2026-03-01T12:01:15Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:01:45Z", true, 1, 15, 0, 0}, // 1 + 4 × 1/4 = 2
			{"2026-03-01T12:02:30Z", true, 2, 30, 0, 0}, // 2 × 1/2 = 1
			{"2026-03-01T12:05:00Z", true, 3, 60, 0, 0}, // the one before was empty
		}},
		{"sliding month before a longer one", rule(limit.SlidingWindow, limit.Month, 2, 0), []shot{
			{"2026-02-28T00:00:00Z", true, 1, 86400, 0, 0},
			{"2026-02-28T00:00:00Z", true, 0, 86401, 0, 0},
			{"2026-03-16T12:00:00Z", true, 0, 1, 0, 0}, // 2 × 1/2 = 1: full, and below 2 a moment later
			{"2026-03-16T12:00:00Z", false, 0, 1, 1, 0},
		}},
		{"token bucket refills continuously", rule(limit.TokenBucket, limit.Minute, 6, 2), []shot{
			{"2026-03-01T12:00:00Z", true, 1, 10, 0, 0},
			{"2026-03-01T12:00:00Z", true, 0, 10, 0, 0},
			{"2026-03-01T12:00:00Z", false, 0, 10, 10, 0},
			{"2026-03-01T12:00:09.5Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:00:10Z", true, 0, 10, 0, 0},
			{"2026-03-01T12:00:40Z", true, 1, 10, 0, 0},
		}},
		{"token bucket's size is the limit by default", rule(limit.TokenBucket, limit.Minute, 2, 0), []shot{
			{"2026-03-01T12:00:00Z", true, 1, 30, 0, 0},
			{"2026-03-01T12:00:00Z", true, 0, 30, 0, 0},
			{"2026-03-01T12:00:00Z", false, 0, 30, 30, 0},
		}},
		{"leaky bucket of 5 a minute lets the fifth go after 48 s", rule(limit.LeakyBucket, limit.Minute, 5, 5), []shot{
			{"2026-03-01T12:00:00Z", true, 4, 12, 0, 0},
			{"2026-03-01T12:00:00Z", true, 3, 24, 0, 12 * time.Second},
			{"2026-03-01T12:00:00Z", true, 2, 36, 0, 24 * time.Second},
			{"2026-03-01T12:00:00Z", true, 1, 48, 0, 36 * time.Second},
			{"2026-03-01T12:00:00Z", true, 0, 12, 0, 48 * time.Second},
			{"2026-03-01T12:00:00Z", false, 0, 12, 12, 0},
			{"2026-03-01T12:00:11.5Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:00:12Z", true, 0, 12, 0, 48 * time.Second},
		}},
		{"leaky bucket of one", rule(limit.LeakyBucket, limit.Second, 2, 1), []shot{
			{"2026-03-01T12:00:00Z", true, 0, 1, 0, 0},
			{"2026-03-01T12:00:00.4Z", false, 0, 1, 1, 0},
			{"2026-03-01T12:00:00.5Z", true, 0, 1, 0, 0},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := limit.NewMemory()
			for i, s := range tc.shots {
				d := take(t, m, at(s.at), "ann", tc.rules...)
				got := shot{s.at, d.Allowed, d.States[0].Remaining, d.States[0].Reset, d.Retry, d.Wait}
				if diff := cmp.Diff(s, got, cmp.AllowUnexported(shot{})); diff != "" {
					t.Errorf("shot %d: want (-), got (+):\n%s", i+1, diff)
				}
			}
		})
	}
}

func TestRefusedConsumesNothing(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms() {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			m := limit.NewMemory()
			rules := []limit.Rule{{Algorithm: a, Period: limit.Minute, Limit: 2}, {Algorithm: a, Period: limit.Day, Limit: 5}}
			now := at("2026-03-01T12:00:00Z")
			var d *limit.Decision
			for range 10 {
				d = take(t, m, now, "ann", rules...)
			}
			if d.Allowed || d.States[0].Remaining != 0 || d.States[1].Remaining != 3 {
				t.Errorf("after ten against 2 a minute and 5 a day: got %+v", d.States)
			}
			if d.Tightest != 0 {
				t.Errorf("tightest: got %d, want 0", d.Tightest)
			}
		})
	}
}

func TestTightest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		minute, hour   int64
		want           int
		remaining, res int64
	}{
		{"least remaining", 2, 100, 0, 1, 60},
		{"equal remaining: the longer", 5, 5, 1, 4, 3600}, // kong/plugins/rate-limiting/handler.lua:157
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := take(t, limit.NewMemory(), at("2026-03-01T12:00:00Z"), "ann",
				limit.Rule{Algorithm: limit.FixedWindow, Period: limit.Minute, Limit: tc.minute},
				limit.Rule{Algorithm: limit.FixedWindow, Period: limit.Hour, Limit: tc.hour})
			s := d.States[d.Tightest]
			if d.Tightest != tc.want || s.Remaining != tc.remaining || s.Reset != tc.res {
				t.Errorf("got %d, %d remaining, reset %d", d.Tightest, s.Remaining, s.Reset)
			}
		})
	}
}

// TestEditedRuleKeepsCounts changes the values of a rule between requests.
func TestEditedRuleKeepsCounts(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms() {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
			for range 3 {
				take(t, m, now, "ann", limit.Rule{Algorithm: a, Period: limit.Minute, Limit: 5})
			}
			if d := take(t, m, now, "ann", limit.Rule{Algorithm: a, Period: limit.Minute, Limit: 10}); d.States[0].Remaining != 6 {
				t.Errorf("raised to 10 after 3: got %d remaining after the fourth, want 6", d.States[0].Remaining)
			}
			if d := take(t, m, now, "ann", limit.Rule{Algorithm: a, Period: limit.Minute, Limit: 2}); d.Allowed || d.States[0].Remaining != 0 {
				t.Errorf("lowered to 2 after 4: got %+v", d.States[0])
			}
			for _, other := range algorithms() {
				if d := take(t, m, now, "ann", limit.Rule{Algorithm: other, Period: limit.Hour, Limit: 5}); d.States[0].Remaining != 4 {
					t.Errorf("another period or algorithm has state of its own: got %+v", d.States[0])
				}
			}
		})
	}
}

func TestKeysAreTheirOwn(t *testing.T) {
	t.Parallel()
	m, now, r := limit.NewMemory(), at("2026-03-01T12:00:00Z"), []limit.Rule{{Limit: 1}}
	for _, k := range []limit.Key{
		{"a", "s", "x"},
		{"b", "s", "x"},
		{"a", "t", "x"},
		{"a", "s", "y"},
		{"a", "s", ""},
		{"a", "s", "x\x00"},
		{"a", "", "s\x00x"},
		{"", "a", "s\x00x"},
		{"as", "", "x"},
	} {
		var d limit.Decision
		if _ = m.Take(context.Background(), now, k, r, &d); !d.Allowed {
			t.Errorf("first of %q was refused", k)
		}
		if _ = m.Take(context.Background(), now, k, r, &d); d.Allowed {
			t.Errorf("second of %q passed", k)
		}
	}
}

func TestExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms() {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
			rules := []limit.Rule{{Algorithm: a, Period: limit.Minute, Limit: 5}, {Algorithm: a, Period: limit.Year, Limit: 1000}}
			var passed atomic.Int64
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 1000 {
				wg.Go(func() {
					<-start
					if take(t, m, now, "ann", rules...).Allowed {
						passed.Add(1)
					}
				})
			}
			close(start)
			wg.Wait()
			if passed.Load() != 5 {
				t.Errorf("got %d passed, want 5", passed.Load())
			}
		})
	}
}

func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms() {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			m, r := limit.NewMemory(), limit.Rule{Algorithm: a, Period: limit.Minute, Limit: 2}
			take(t, m, at("2026-03-01T12:00:00Z"), "ann", r)
			take(t, m, at("2026-03-01T12:00:00Z"), "ann", r)
			d := take(t, m, at("2026-03-01T11:59:50Z"), "ann", r)
			if d.Allowed {
				t.Errorf("ten seconds back: passed")
			}
			again := at("2026-03-01T11:59:50Z").Add(time.Duration(d.Retry) * time.Second)
			if take(t, m, again.Add(-time.Second), "ann", r).Allowed || !take(t, m, again, "ann", r).Allowed {
				t.Errorf("ten seconds back: retry after %d s is not the truth", d.Retry)
			}
			if !take(t, m, at("1999-01-01T00:00:00Z"), "ann", r).Allowed {
				t.Errorf("27 years back: refused")
			}
			if !take(t, m, time.Time{}, "bob", r).Allowed || !take(t, m, at("9999-01-01T00:00:00Z"), "bob", r).Allowed {
				t.Errorf("far away: refused")
			}
		})
	}
}

func TestParseAlgorithm(t *testing.T) {
	t.Parallel()
	for _, a := range algorithms() {
		if got, err := limit.ParseAlgorithm(a.String()); err != nil || got != a {
			t.Errorf("%s: got %v, %v", a, got, err)
		}
	}
	if _, err := limit.ParseAlgorithm("magic"); err == nil {
		t.Error("magic: no error")
	}
	var names []string
	for p := range limit.Period(limit.Periods) {
		names = append(names, p.String())
	}
	if want := []string{"second", "minute", "hour", "day", "month", "year"}; !slices.Equal(names, want) {
		t.Errorf("periods: got %v, want %v", names, want)
	}
}
