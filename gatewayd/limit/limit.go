package limit

import (
	"context"
	"fmt"
	"time"
)

// Algorithm is a way to count; the package comment describes each.
type Algorithm uint8

// The algorithms.
const (
	SlidingWindow Algorithm = iota
	FixedWindow
	TokenBucket
	LeakyBucket
	algorithms
)

// String is the name of the algorithm in configs: sliding-window, …
func (a Algorithm) String() string {
	switch a {
	case SlidingWindow:
		return "sliding-window"
	case FixedWindow:
		return "fixed-window"
	case TokenBucket:
		return "token-bucket"
	case LeakyBucket:
		return "leaky-bucket"
	default:
		return "unknown algorithm"
	}
}

// ParseAlgorithm gives the algorithm of that name.
func ParseAlgorithm(name string) (Algorithm, error) {
	for a := range algorithms {
		if a.String() == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("parsing algorithm %q: expected sliding-window, fixed-window, token-bucket or leaky-bucket", name)
}

// MaxLimit is the highest limit and the largest size of a bucket.
const MaxLimit = 1 << 53

// Rule is one limit over one period.
type Rule struct {
	Algorithm Algorithm
	Period    Period
	// Limit is how many requests pass in a period, 1 to MaxLimit.
	Limit int64
	// Size is how many tokens a TokenBucket holds, and how many requests may be
	// in a LeakyBucket, the one in service included: 1 to MaxLimit, 0 for Limit.
	// Windows have none.
	Size int64
}

func (r *Rule) size() int64 {
	if r.Size > 0 {
		return r.Size
	}
	return r.Limit
}

// Key says whose requests are counted together. Two keys are the same when all
// their parts are; the state under a key knows nothing of the values of a rule,
// so that it survives their change.
type Key struct {
	// Owner is the name of the plugin that counts, for Clear.
	Owner string
	// Scope is what the plugin is bound to. Owner and Scope hold no NUL.
	Scope string
	// ID tells callers apart: any text.
	ID string
}

// State is what is known of a key in one period after a decision.
type State struct {
	Algorithm Algorithm
	Period    Period
	Limit     int64 // that of the rule
	// Remaining is how many more requests would pass at this moment.
	Remaining int64
	// Used is what counts against the limit: a count, the estimate of a
	// SlidingWindow, the tokens missing from a TokenBucket, the places taken in
	// a LeakyBucket.
	Used float64
	// Reset is in how many seconds the state gets better, at least 1. With
	// nothing remaining that is when one request would pass; else when the
	// window ends or the bucket is as if never used.
	Reset int64
	// Retry is in how many seconds this rule would let a request pass, 0 when
	// it did now.
	Retry int64
	// Start and End bound the calendar window that now lies in, for windows:
	// nanoseconds since 1970. See Window.
	Start, End int64
	// Current and Previous are the counts of this window and, for a
	// SlidingWindow, of the one before.
	Current, Previous int64
	// Size is that of the bucket, for buckets.
	Size int64
	// Wait is how long the request waits for its slot in this LeakyBucket.
	Wait time.Duration
}

// Window gives the bounds of the calendar window, zero times for buckets.
func (s *State) Window() (start, end time.Time) {
	if s.End == 0 && s.Start == 0 {
		return start, end
	}
	return time.Unix(0, s.Start).UTC(), time.Unix(0, s.End).UTC()
}

// Tokens is what a bucket has left, fractions of a token included.
func (s *State) Tokens() float64 { return max(0, float64(s.Size)-s.Used) }

// PerSecond is how many requests a second the rule allows in the long run.
func (s *State) PerSecond() float64 {
	return float64(s.Limit) / s.Period.Length().Seconds()
}

// Decision is what a Store says of one request. The zero Decision is ready to
// use, and using one again saves its memory.
type Decision struct {
	// Allowed says that every rule allows the request. It is counted then.
	Allowed bool
	// States has one state a rule, in the order of the rules.
	States []State
	// Tightest is the index of the state with the least remaining; of several,
	// the one with the longest period. That is Kong's choice for the RateLimit
	// fields (kong/plugins/rate-limiting/handler.lua:155).
	Tightest int
	// Retry is in how many seconds the request would pass, 0 when it was
	// allowed: the latest Retry of all states.
	Retry int64
	// Wait is how long an allowed request has to wait for its slot in a leaky
	// bucket; Place is then its place in the queue, else nil. Its holder calls
	// Await, or Start or Leave itself.
	Wait  time.Duration
	Place Place

	views []view
}

// Sum sets Allowed, Tightest, Retry and Wait from the states, which a store has
// filled in, and Place to nil. refused says that some rule refuses.
func (d *Decision) Sum(refused bool) {
	d.Allowed, d.Tightest, d.Retry, d.Wait, d.Place = !refused, 0, 0, 0, nil
	for i := range d.States {
		s, t := &d.States[i], &d.States[d.Tightest]
		if s.Remaining < t.Remaining || s.Remaining == t.Remaining && s.Period > t.Period {
			d.Tightest = i
		}
		d.Retry = max(d.Retry, s.Retry)
		d.Wait = max(d.Wait, s.Wait)
	}
}

// Store keeps counts. It is safe for use by many at once.
type Store interface {
	// Take judges one request of the key and, when all the rules allow it,
	// counts it in each: one atomic step, so that a refused request changes
	// nothing. It fills d. No two rules have the same period and algorithm, and
	// the slice may be kept: nobody writes to it afterwards. An error means that
	// the counts could not be reached.
	Take(ctx context.Context, now time.Time, k Key, rules []Rule, d *Decision) error
}

// Place is the place of one waiting request in the queue of a leaky bucket. It
// ends with Start or Leave, of which the first call counts.
type Place interface {
	// Due says when the slot of the request is. When it moves to an earlier
	// time, as others leave the queue, the store calls moved once, from any
	// goroutine, and Due tells the new time. It never moves to a later one.
	// moved returns at once and does not call the store.
	Due(moved func()) time.Time
	// Start says that the slot has come and the request goes on.
	Start()
	// Leave says that the request has gone: before its slot, the place is free
	// again and those behind it move up; after it, the slot was used.
	Leave(now time.Time)
}

// Await waits until the slot of p has come, reading the clock with now and
// waiting with sleep, which returns early with an error when its context ends.
// When ctx ends first, Await gives the place back and returns ctx's error.
func Await(ctx context.Context, p Place, now func() time.Time, sleep func(context.Context, time.Duration) error) error {
	for {
		asleep, wake := context.WithCancel(ctx)
		d := p.Due(wake).Sub(now())
		if d <= 0 {
			wake()
			p.Start()
			return nil
		}
		err := sleep(asleep, d)
		moved := asleep.Err() != nil && ctx.Err() == nil
		wake()
		if err != nil && !moved {
			p.Leave(now())
			if why := ctx.Err(); why != nil {
				return why // a place that moved in the same moment says Canceled
			}
			return err
		}
	}
}
