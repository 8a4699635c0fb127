package cli

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/sandbox"
)

// patience is how long an answer waits for its event, which the gateway sends
// after the last byte.
const patience = time.Second

// stream keeps the events of all gateways of a sandbox by request id, until they
// are asked for.
type stream struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	dropped atomic.Int64
	ended   atomic.Bool

	mu     sync.Mutex
	events map[string]*event.Event
	more   chan struct{} // closed and replaced when one came
}

// follow begins to listen; every request from now on has its event.
func follow(ctx context.Context, gateways []sandbox.Gateway) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{cancel: cancel, events: map[string]*event.Event{}, more: make(chan struct{})}
	for _, g := range gateways {
		ready, failed := make(chan struct{}), make(chan error, 1)
		s.running.Go(func() {
			failed <- g.Client().Events(ctx, sync.OnceFunc(func() { close(ready) }), s.add, func(n int64) { s.dropped.Add(n) })
			s.ended.Store(true)
			s.signal()
		})
		select {
		case <-ready:
		case err := <-failed:
			s.close()
			if err == nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
	}
	return s, nil
}

func (s *stream) add(e event.Event) {
	s.mu.Lock()
	s.events[e.ID] = &e
	s.mu.Unlock()
	s.signal()
}

func (s *stream) signal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
}

// of gives the event of a request, nil if none comes in time.
func (s *stream) of(ctx context.Context, id string) *event.Event {
	if id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s.mu.Lock()
		e, more := s.events[id], s.more
		delete(s.events, id)
		s.mu.Unlock()
		if e != nil || s.ended.Load() || s.dropped.Load() > 0 {
			return e
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *stream) lost() int64 { return s.dropped.Load() }

func (s *stream) close() {
	s.cancel()
	s.running.Wait()
}
