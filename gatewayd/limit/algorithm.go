package limit

import (
	"math"
	"math/bits"
	"time"
)

// slot is the state of a key in one period.
//
// Of a window: at is its start, n the count, more the count of the window
// before. Of a bucket: at is when it was last brought up to date, and n + more /
// period is what it is in debt: tokens missing, places taken. No debt is the
// state of a bucket that nobody has used. It is an exact fraction, not a float,
// as every refill is limit × elapsed / period.
type slot struct {
	at, n, more int64
}

// view is a slot brought up to date.
type view struct {
	slot
	// now is the time of the request, or a later one that the slot was last
	// used at.
	now        int64
	start, end int64 // of the window
	// free is how many requests would pass now; below 1 the rule refuses.
	free int64
	// row is the slot's place in the table, 0 for none.
	row uint32
}

// settle brings the slot up to now. A slot of the future is kept when it is no
// further than one period away, and void otherwise.
func (r *Rule) settle(s slot, known bool, now int64) view {
	if known && s.at > now {
		if s.at-now > r.Period.longest() {
			known = false
		} else {
			now = s.at
		}
	}
	v := view{slot: s, now: now}
	if r.Algorithm >= TokenBucket {
		if !known {
			v.slot = slot{at: now}
		} else {
			v.refill(r, now)
		}
		v.free = r.size() - v.n
		if v.more > 0 {
			v.free--
		}
		return v
	}
	v.start, v.end = r.Period.window(now)
	switch {
	case !known:
		v.slot = slot{at: v.start}
	case s.at < v.start:
		v.slot = slot{at: v.start}
		if r.Algorithm == SlidingWindow {
			if _, end := r.Period.window(s.at); end == v.start {
				v.more = s.n
			}
		}
	}
	v.free = r.Limit - v.n
	if r.Algorithm == SlidingWindow && v.more > 0 {
		v.free -= v.carried()
	}
	return v
}

// carried is the whole part of what the previous window still counts for.
func (v *view) carried() int64 {
	hi, lo := bits.Mul64(uint64(v.more), uint64(v.end-v.now))
	q, _ := bits.Div64(hi, lo, uint64(v.end-v.start))
	return int64(q)
}

// refill pays limit × elapsed / period of the debt back.
func (v *view) refill(r *Rule, now int64) {
	elapsed := uint64(now - v.at)
	v.at = now
	if v.n == 0 && v.more == 0 || elapsed == 0 {
		return
	}
	period := uint64(r.Period.length())
	hi, lo := bits.Mul64(elapsed, uint64(r.Limit))
	if hi >= period {
		v.n, v.more = 0, 0
		return
	}
	q, rem := bits.Div64(hi, lo, period)
	if q > uint64(v.n) {
		v.n, v.more = 0, 0
		return
	}
	v.n -= int64(q)
	v.more -= int64(rem)
	if v.more < 0 {
		v.n--
		v.more += int64(period)
	}
	if v.n < 0 {
		v.n, v.more = 0, 0
	}
}

// forever stands for times too far away to tell.
const forever = math.MaxInt64 / 8

// drain is how long a bucket takes to pay back n + more/period, rounded up.
func (r *Rule) drain(n, more int64) int64 {
	if n < 0 || n == 0 && more == 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(n), uint64(r.Period.length()))
	lo, carry := bits.Add64(lo, uint64(more), 0)
	lo, up := bits.Add64(lo, uint64(r.Limit-1), 0)
	hi += carry + up
	if hi >= uint64(r.Limit) {
		return forever
	}
	q, _ := bits.Div64(hi, lo, uint64(r.Limit))
	return int64(min(q, forever))
}

// next is the earliest time at which a request would pass when nobody else
// calls, given that none would at v.now.
func (v *view) next(r *Rule) int64 {
	switch r.Algorithm {
	case FixedWindow:
		return v.end
	case TokenBucket, LeakyBucket:
		return v.now + r.drain(v.n-(r.size()-1), v.more)
	}
	// In a window that has c counted and is followed by none, a request passes
	// at x before its end when p × x < (limit - c) × width. Either that comes
	// true in this window, or its count carries over to the next.
	c, p, end, width := v.n, v.more, v.end, v.end-v.start
	if c >= r.Limit {
		start, nextEnd := r.Period.window(v.end)
		c, p, end, width = 0, v.n, nextEnd, nextEnd-start
	}
	if p == 0 {
		return v.end
	}
	hi, lo := bits.Mul64(uint64(r.Limit-c), uint64(width))
	if hi >= uint64(p) {
		return v.now
	}
	q, rem := bits.Div64(hi, lo, uint64(p))
	if rem == 0 {
		q--
	}
	return end - int64(min(q, uint64(width)))
}

// take counts a request that passes and says how long it waits for its slot.
func (v *view) take(r *Rule) time.Duration {
	var wait int64
	if r.Algorithm == LeakyBucket {
		wait = r.drain(v.n, v.more)
	}
	v.n++
	v.free--
	return time.Duration(wait)
}

// expires is when the slot is as good as none.
func (v *view) expires(r *Rule) int64 {
	switch r.Algorithm {
	case FixedWindow:
		return v.end
	case SlidingWindow:
		return v.end + r.Period.longest()
	default:
		return v.now + r.drain(v.n, v.more)
	}
}

// state describes the slot after the decision; now is the time of the request.
func (v *view) state(r *Rule, refused bool, now int64, s *State) {
	s.Algorithm, s.Period, s.Limit = r.Algorithm, r.Period, r.Limit
	s.Remaining = max(0, v.free)
	s.Start, s.End = v.start, v.end
	s.Current, s.Previous, s.Size, s.Retry = 0, 0, 0, 0
	var better int64
	if r.Algorithm >= TokenBucket {
		s.Size = r.size()
		s.Used = float64(v.n) + float64(v.more)/float64(r.Period.length())
		better = v.now + r.drain(v.n, v.more)
	} else {
		s.Current, s.Previous = v.n, v.more
		s.Used = float64(v.n)
		if v.more > 0 {
			s.Used += float64(v.more) * (float64(v.end-v.now) / float64(v.end-v.start))
		}
		better = v.end
	}
	if s.Remaining == 0 {
		better = v.next(r)
	}
	s.Reset = seconds(now, better)
	if refused {
		s.Retry = s.Reset
	}
}
