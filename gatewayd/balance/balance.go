// Package balance picks the target of an upstream that the next request goes
// to. It knows nothing of HTTP.
package balance

import (
	"errors"
	"sync"
)

// ErrNoTarget says that an upstream has no target that takes traffic.
var ErrNoTarget = errors.New("no target takes traffic")

// Target is one address that requests can be sent to.
type Target struct {
	// Address is host:port.
	Address string
	// Host is the host of Address, Port its port.
	Host   string
	Port   int
	Weight int
}

// Balancer picks targets. It is safe for concurrent use.
type Balancer interface {
	// Next picks a target, other than last where there is another, as a retry
	// should not ask the target that has just failed. last is nil on the first
	// try.
	Next(last *Target) (*Target, error)
	// Targets lists all that may be picked.
	Targets() []Target
}

// RoundRobin is smooth weighted round-robin: in every stretch of as many picks
// as the weights add up to, each target is picked as often as its weight, and
// never in a row where that can be helped (the method is nginx's).
type RoundRobin struct {
	targets []Target
	total   int

	mu      sync.Mutex
	current []int
}

// NewRoundRobin returns a balancer over those targets that have a weight above 0.
func NewRoundRobin(targets []Target) *RoundRobin {
	r := &RoundRobin{}
	for _, t := range targets {
		if t.Weight > 0 {
			r.targets = append(r.targets, t)
			r.total += t.Weight
		}
	}
	r.current = make([]int, len(r.targets))
	return r
}

// Targets lists the targets that take traffic.
func (r *RoundRobin) Targets() []Target { return r.targets }

// Next picks the next target.
func (r *RoundRobin) Next(last *Target) (*Target, error) {
	switch len(r.targets) {
	case 0:
		return nil, ErrNoTarget
	case 1:
		return &r.targets[0], nil
	}
	t := r.pick()
	if t == last {
		t = r.pick()
	}
	return t, nil
}

func (r *RoundRobin) pick() *Target {
	r.mu.Lock()
	defer r.mu.Unlock()
	best := 0
	for i := range r.targets {
		r.current[i] += r.targets[i].Weight
		if r.current[i] > r.current[best] {
			best = i
		}
	}
	r.current[best] -= r.total
	return &r.targets[best]
}
