package proxy

import (
	"errors"
	"slices"
	"sync"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// ErrTargetGone says that the configuration took the target away from its service
// while a connection to it was being made.
var ErrTargetGone = errors.New("the target is gone from the configuration")

// dials are the connections that are being made. A pod that has just gone
// answers nothing, not even with a refusal, so that a request would wait for
// Service.ConnectTimeout (60 s, Kong's default) for what the configuration may
// know by then to be away.
type dials struct {
	mu      sync.Mutex
	waiting map[*dial]struct{}
}

type dial struct {
	service, address string
	give             func() // gives it up
}

// whileServed has give called if a configuration in which the service lacks the
// target is served before end is called.
func (h *Handler) whileServed(service, address string, give func()) (end func()) {
	d := &dial{service, address, give}
	h.dials.mu.Lock()
	if h.dials.waiting == nil {
		h.dials.waiting = map[*dial]struct{}{}
	}
	h.dials.waiting[d] = struct{}{}
	h.dials.mu.Unlock()
	// The request may have begun with a snapshot that is served no more.
	if lacks(h.current.Load(), service, address) {
		give()
	}
	return func() {
		h.dials.mu.Lock()
		delete(h.dials.waiting, d)
		h.dials.mu.Unlock()
	}
}

// giveUp ends the dials of targets that next has no more.
func (h *Handler) giveUp(next *snapshot.Snapshot) {
	h.dials.mu.Lock()
	defer h.dials.mu.Unlock()
	for d := range h.dials.waiting {
		if lacks(next, d.service, d.address) {
			d.give()
		}
	}
}

// lacks says that the service is there without the target. Of a service that is not
// there it says nothing: requests that began with it end with it.
func lacks(s *snapshot.Snapshot, service, address string) bool {
	sv := s.Service(service)
	return sv != nil && !slices.ContainsFunc(sv.Balancer.Targets(), func(t balance.Target) bool { return t.Address == address })
}

// WhileServed has give called, from any goroutine, if a configuration in which the
// service lacks the target is served before end is called.
func (x *Exchange) WhileServed(s *snapshot.Service, t *balance.Target, give func()) (end func()) {
	return x.handler.whileServed(s.ID, t.Address, give)
}
