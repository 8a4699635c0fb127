package stream

import (
	"context"
	"sync"

	"github.com/gwctl/gwctl/gatewayd/event"
)

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
