package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
)

const (
	// patience is how long an answer is held back for its event, which the
	// gateway sends after the last byte; what comes later is told apart.
	patience = 50 * time.Millisecond
	// strangeAfter is how long an event without an answer waits before it counts
	// as somebody else's request.
	strangeAfter = 500 * time.Millisecond
)

// stream hears the events of all gateways.
type stream struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	// spawn runs something until the stream is closed.
	spawn   func(do func(context.Context))
	dropped atomic.Int64
	// fresh are events that no answer has asked for yet, late those that came
	// after their answer was told.
	fresh, late mailbox
	look        func(context.Context) ([]sandbox.Gateway, error)
	strange     func(event.Event)
	said        func(string)
	broke       chan struct{} // a stream has ended

	joining sync.Mutex // held while gateways are looked for and taken in

	mu      sync.Mutex
	missing map[string]func(event.Event) // answers that were told without theirs
	list    []sandbox.Gateway
	ears    map[string]*ear // by instance
}

// follow begins to listen; every request from now on has its event.
func follow(ctx context.Context, h hearing) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{
		cancel: cancel, look: h.look, strange: h.strange, said: h.said, broke: make(chan struct{}, 1),
		missing: map[string]func(event.Event){}, ears: map[string]*ear{},
	}
	s.spawn = func(do func(context.Context)) { s.running.Go(func() { do(ctx) }) }
	if err := s.join(ctx, h.gateways); err != nil {
		s.close()
		return nil, err
	}
	s.spawn(func(ctx context.Context) { s.keep(ctx, h.every) })
	return s, nil
}

func (s *stream) add(ctx context.Context, e event.Event) {
	s.mu.Lock()
	late := s.missing[e.ID]
	delete(s.missing, e.ID)
	if late == nil {
		s.fresh.put(e)
	}
	s.mu.Unlock()
	if late != nil {
		late(e)
		s.late.put(e)
		return
	}
	s.running.Go(func() { s.expire(ctx, e.ID) })
}

// expire takes an event that nobody has asked for as a stranger's.
func (s *stream) expire(ctx context.Context, id string) {
	timer := time.NewTimer(strangeAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	if e := s.fresh.get(id); e != nil {
		s.strange(*e)
	}
}

// of gives the event of a request. When none comes soon it is nil, and late is
// called when it does.
func (s *stream) of(ctx context.Context, id string, late func(event.Event)) *event.Event {
	if id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if e := s.fresh.take(ctx, id); e != nil {
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.fresh.get(id)
	if e == nil {
		s.missing[id] = late
	}
	return e
}

func (s *stream) close() {
	s.cancel()
	s.running.Wait()
}

// mailbox keeps events by request id until they are taken. The zero mailbox is
// ready to use.
type mailbox struct {
	mu     sync.Mutex
	events map[string]*event.Event
	more   chan struct{} // closed when one came
}

func (m *mailbox) put(e event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = map[string]*event.Event{}
	}
	m.events[e.ID] = &e
	if m.more != nil {
		close(m.more)
		m.more = nil
	}
}

// get takes an event that is there, nil if it is not.
func (m *mailbox) get(id string) *event.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.events[id]
	delete(m.events, id)
	return e
}

// take waits for an event until ctx ends.
func (m *mailbox) take(ctx context.Context, id string) *event.Event {
	for {
		m.mu.Lock()
		e := m.events[id]
		delete(m.events, id)
		if m.more == nil {
			m.more = make(chan struct{})
		}
		more := m.more
		m.mu.Unlock()
		if e != nil {
			return e
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}
