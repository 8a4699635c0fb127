// Package event tells whoever listens what became of each request: one Event a
// request, with every plugin's verdict. When nobody listens it costs one atomic
// load a request.
package event

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// Event is what became of one request.
type Event struct {
	// Instance names the gateway that served it.
	Instance string    `json:"instance"`
	ID       string    `json:"id"`
	Time     time.Time `json:"time"` // when its head was read, on the gateway's clock
	Client   string    `json:"client"`
	Method   string    `json:"method"`
	Host     string    `json:"host"`
	Path     string    `json:"path"` // the request target without its query, which may hold a key
	Proto    string    `json:"proto"`
	Status   int       `json:"status"`
	Route    string    `json:"route,omitempty"`
	Service  string    `json:"service,omitempty"`
	Consumer string    `json:"consumer,omitempty"`
	// Target is the address of the upstream target, empty if none was asked.
	Target   string `json:"target,omitempty"`
	Tries    int    `json:"tries,omitempty"`
	Upstream string `json:"upstreamPath,omitempty"` // the path that it was asked for
	// Plugins are the phases of plugins that left a verdict, in the order in
	// which they ran.
	Plugins []Step `json:"plugins"`
	// Latencies in microseconds: in all, in the gateway before the upstream was
	// asked, waiting for the head of its answer.
	TotalMicros    int64 `json:"totalMicros"`
	ProxyMicros    int64 `json:"proxyMicros"`
	UpstreamMicros int64 `json:"upstreamMicros,omitempty"`
	RequestBytes   int64 `json:"requestBytes"`
	ResponseBytes  int64 `json:"responseBytes"`
	// Error says why the exchange broke off, if it did.
	Error string `json:"error,omitempty"`
	// Revision is the configuration that served it.
	Revision string `json:"revision"`
}

// Step is one phase of one plugin.
type Step struct {
	Plugin string `json:"plugin"`
	Phase  string `json:"phase"` // rewrite, access, header
	plugin.Verdict
	Micros int64 `json:"micros"`
}

// Hub hands events to listeners. The zero Hub is ready to use.
type Hub struct {
	active atomic.Int32

	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Subscription is one listener's queue.
type Subscription struct {
	hub     *Hub
	events  chan Event
	dropped atomic.Int64
}

// Active says whether anybody listens.
func (h *Hub) Active() bool { return h.active.Load() > 0 }

// Subscribe opens a queue that holds up to size events. Close it when done.
func (h *Hub) Subscribe(size int) *Subscription {
	s := &Subscription{hub: h, events: make(chan Event, size)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs == nil {
		h.subs = map[*Subscription]struct{}{}
	}
	h.subs[s] = struct{}{}
	h.active.Store(int32(len(h.subs)))
	return s
}

// Publish hands the event to every listener that has room, and never waits: a
// full queue loses it and counts that.
func (h *Hub) Publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		select {
		case s.events <- e:
		default:
			s.dropped.Add(1)
		}
	}
}

// Events is the queue. It is closed by Close.
func (s *Subscription) Events() <-chan Event { return s.events }

// Dropped returns how many events have been lost since the last call.
func (s *Subscription) Dropped() int64 { return s.dropped.Swap(0) }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, ok := s.hub.subs[s]; ok {
		delete(s.hub.subs, s)
		s.hub.active.Store(int32(len(s.hub.subs)))
		close(s.events)
	}
}
