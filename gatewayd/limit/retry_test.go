package limit_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

// TestRetryTellsTheTruth sends random traffic and checks, at every refusal, that
// one request passes after the time told and none a second before.
func TestRetryTellsTheTruth(t *testing.T) {
	t.Parallel()
	for seed := range uint64(120) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			rules := randomRules(rnd)
			store := limit.NewMemory()
			now := at("2027-12-20T00:00:00Z").Add(time.Duration(rnd.Int64N(int64(90 * 24 * time.Hour))))
			var sent []time.Time
			send := func(m *limit.Memory, now time.Time) *limit.Decision { return take(t, m, now, "ann", rules...) }
			for range 120 {
				d := send(store, now)
				if d.Allowed {
					sent = append(sent, now)
				} else {
					checkRetry(t, d, sent, now, send)
				}
				if rnd.IntN(3) == 0 {
					now = now.Add(time.Duration(rnd.Int64N(int64(rules[rnd.IntN(len(rules))].Period.Length()))))
				} else {
					now = now.Add(time.Duration(rnd.Int64N(int64(time.Second))))
				}
			}
		})
	}
}

// checkRetry replays what passed into fresh stores, and asks each once.
func checkRetry(t *testing.T, d *limit.Decision, sent []time.Time, now time.Time, send func(*limit.Memory, time.Time) *limit.Decision) {
	t.Helper()
	if d.Retry < 1 {
		t.Fatalf("refused with retry %d", d.Retry)
	}
	ask := func(seconds int64) bool {
		m := limit.NewMemory()
		for _, s := range sent {
			if !send(m, s).Allowed {
				t.Fatalf("replaying: refused at %v what passed before", s)
			}
		}
		return send(m, now.Add(time.Duration(seconds)*time.Second)).Allowed
	}
	if !ask(d.Retry) {
		t.Fatalf("refused at %v: still refused after %d s; states %+v", now, d.Retry, d.States)
	}
	if d.Retry > 1 && ask(d.Retry-1) {
		t.Fatalf("refused at %v: told %d s, passes a second earlier; states %+v", now, d.Retry, d.States)
	}
}

func randomRules(rnd *rand.Rand) []limit.Rule {
	var rules []limit.Rule
	a := limit.Algorithm(rnd.IntN(4))
	mixed := rnd.IntN(4) == 0
	most := int64(1)
	for p := range limit.Period(limit.Periods) {
		if rnd.IntN(3) != 0 {
			continue
		}
		if mixed {
			a = limit.Algorithm(rnd.IntN(4))
		}
		most += rnd.Int64N(7)
		r := limit.Rule{Algorithm: a, Period: p, Limit: most}
		if a >= limit.TokenBucket && rnd.IntN(2) == 0 {
			r.Size = 1 + rnd.Int64N(10)
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return []limit.Rule{{Algorithm: a, Period: limit.Minute, Limit: 3}}
	}
	return rules
}

// TestAgainstArithmetic compares what passes with the formulas of the package
// comment, done on fractions over the times of the requests that passed.
func TestAgainstArithmetic(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		r := limit.Rule{Algorithm: limit.Algorithm(rnd.IntN(4)), Period: limit.Period(rnd.IntN(3)), Limit: 1 + rnd.Int64N(9)}
		if r.Algorithm >= limit.TokenBucket {
			r.Size = 1 + rnd.Int64N(9)
		}
		m, now := limit.NewMemory(), at("2026-03-01T12:00:00Z")
		var sent []time.Time
		for i := range 150 {
			now = now.Add(time.Duration(rnd.Int64N(int64(r.Period.Length()) / r.Limit)))
			want := free(r, sent, now)
			pass := want >= 1
			d := take(t, m, now, "ann", r)
			if d.Allowed {
				sent = append(sent, now)
				want--
			}
			if d.Allowed != pass || d.States[0].Remaining != max(0, want) {
				t.Fatalf("seed %d, request %d, %+v at %v: got %v with %d remaining, want %d", seed, i, r, now, d.Allowed, d.States[0].Remaining, want)
			}
		}
	}
}

// free is how many requests pass at now after those sent: the smallest whole
// number not below limit - estimate, or the whole tokens.
func free(r limit.Rule, sent []time.Time, now time.Time) int64 {
	width := r.Period.Length()
	left := big.NewRat(r.Limit, 1)
	start := now.Truncate(width)
	part := big.NewRat(int64(start.Add(width).Sub(now)), int64(width))
	debt, last := new(big.Rat), now
	for _, s := range sent {
		switch {
		case r.Algorithm >= limit.TokenBucket:
			debt.Sub(debt, big.NewRat(int64(max(0, s.Sub(last)))*r.Limit, int64(width)))
			if debt.Sign() < 0 {
				debt.SetInt64(0)
			}
			debt.Add(debt, big.NewRat(1, 1))
			last = s
		case !s.Before(start):
			left.Sub(left, big.NewRat(1, 1))
		case r.Algorithm == limit.SlidingWindow && !s.Before(start.Add(-width)):
			left.Sub(left, part)
		}
	}
	if r.Algorithm >= limit.TokenBucket {
		debt.Sub(debt, big.NewRat(int64(max(0, now.Sub(last)))*r.Limit, int64(width)))
		if debt.Sign() < 0 {
			debt.SetInt64(0)
		}
		return floor(new(big.Rat).Sub(big.NewRat(r.Size, 1), debt))
	}
	return -floor(new(big.Rat).Neg(left))
}

func floor(x *big.Rat) int64 {
	return new(big.Int).Div(x.Num(), x.Denom()).Int64() // Euclidean, and Denom is positive
}
