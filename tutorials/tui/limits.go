package tui

import (
	"math"
	"slices"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// hit is a request that a limiter has judged.
type hit struct {
	at     time.Time
	passed bool
}

// limiter is what a gateway told last of one caller's limit.
type limiter struct {
	key   string
	label string // the lane that met it last
	state plugin.LimitState
	at    time.Time // when the state was true
	hits  []hit
}

// limits are the limiters that the traffic of the step has met.
type limits struct{ list []*limiter }

// mostHits bounds what is kept of a limiter's requests.
const mostHits = 2000

// windowOf is the state of the fixed window that judged a request, nil for none.
func windowOf(d *dot) *plugin.LimitState {
	if d.Gateway == nil {
		return nil
	}
	for i := range d.Gateway.Plugins {
		for j := range d.Gateway.Plugins[i].Limits {
			if s := &d.Gateway.Plugins[i].Limits[j]; s.Algorithm == "fixed-window" {
				return s
			}
		}
	}
	return nil
}

// take takes in the states that a request has left.
func (l *limits) take(d *dot) {
	if d.Gateway == nil {
		return
	}
	for i := range d.Gateway.Plugins {
		p := &d.Gateway.Plugins[i]
		for j := range p.Limits {
			s := &p.Limits[j]
			x := l.of(d.Gateway.Route+"\x00"+p.Plugin+"\x00"+s.Algorithm+"\x00"+s.Period+"\x00"+s.Identifier, s)
			x.hits = append(x.hits, hit{d.Gateway.Time, p.Decision != "deny"})
			if len(x.hits) > mostHits {
				x.hits = slices.Clone(x.hits[mostHits/2:])
			}
			if d.Gateway.Time.Before(x.at) {
				continue // it waited, and tells of a time that has passed
			}
			x.state, x.at, x.label = *s, d.Gateway.Time, labelOf(d)
		}
	}
}

func labelOf(d *dot) string {
	if d.Lane != "" {
		return d.Lane
	}
	return d.Fire
}

func (l *limits) of(key string, s *plugin.LimitState) *limiter {
	for _, x := range l.list {
		if x.key == key {
			return x
		}
	}
	x := &limiter{key: key, state: *s}
	l.list = append(l.list, x)
	return x
}

// level is what a limiter's state has become by now.
type level struct {
	used, limit float64
	left        int64
	// next is when a request would pass that would not now, zero if one would.
	next time.Time
	// start and end bound the calendar window that now lies in.
	start, end time.Time
}

// level works out what the state has become, as its algorithm says.
func (x *limiter) level(now time.Time) level {
	s := &x.state
	since := max(0, now.Sub(x.at).Seconds())
	switch s.Algorithm {
	case "token-bucket":
		tokens := min(float64(s.Burst), s.Tokens+since*s.RefillPerSecond)
		v := level{used: float64(s.Burst) - tokens, limit: float64(s.Burst), left: int64(tokens + 1e-9)}
		if v.left == 0 && s.RefillPerSecond > 0 {
			v.next = now.Add(seconds((1 - tokens) / s.RefillPerSecond))
		}
		return v
	case "leaky-bucket":
		used := max(0, s.Used-since*s.RefillPerSecond)
		v := level{used: used, limit: float64(s.Queue), left: max(0, int64(float64(s.Queue)-used+1e-9))}
		if v.left == 0 && s.RefillPerSecond > 0 {
			v.next = now.Add(seconds((used - float64(s.Queue) + 1) / s.RefillPerSecond))
		}
		return v
	case "sliding-window":
		return x.sliding(now)
	}
	v := level{used: s.Used, limit: float64(s.Limit), left: s.Remaining, start: s.WindowStart, end: s.WindowEnd}
	if length := v.end.Sub(v.start); length > 0 && !now.Before(v.end) {
		n := now.Sub(v.start) / length
		v.start, v.used, v.left = v.start.Add(n*length), 0, s.Limit
		v.end = v.start.Add(length)
	}
	if v.left <= 0 {
		v.next = v.end
	}
	return v
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// sliding is current + previous × the share of the previous window that a window
// ending now still covers.
func (x *limiter) sliding(now time.Time) level {
	s := &x.state
	v := level{limit: float64(s.Limit), start: s.WindowStart, end: s.WindowEnd}
	current, previous := float64(s.Current), float64(s.Previous)
	length := v.end.Sub(v.start)
	if length <= 0 {
		v.used, v.left = s.Used, s.Remaining
		return v
	}
	for i := 0; !now.Before(v.end); i++ {
		previous, current = current, 0
		if i > 1 {
			previous = 0
			v.start = v.start.Add(now.Sub(v.start) / length * length)
		} else {
			v.start = v.end
		}
		v.end = v.start.Add(length)
	}
	share := min(1, max(0, 1-now.Sub(v.start).Seconds()/length.Seconds()))
	v.used = current + previous*share
	v.left = max(0, int64(math.Ceil(v.limit-v.used-1e-9)))
	if v.left == 0 {
		v.next = x.at.Add(time.Duration(max(s.ResetSeconds, s.RetrySeconds)) * time.Second)
		if !v.next.After(now) {
			v.next = v.end
		}
	}
	return v
}

// flow says that a bucket changes at this moment.
func (l *limits) flow(now time.Time) bool {
	for _, x := range l.list {
		if s := &x.state; s.RefillPerSecond > 0 && x.level(now).used > 0 {
			return true
		}
	}
	return false
}

// move says that something of what is drawn moves.
func (l *limits) move(now time.Time) bool {
	for _, x := range l.list {
		s := &x.state
		length := s.WindowEnd.Sub(s.WindowStart)
		if s.Algorithm == "sliding-window" {
			length *= 2
		}
		if now.Before(s.WindowStart.Add(length)) && length <= 3*time.Hour {
			return true
		}
	}
	return l.flow(now)
}
