package stream

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

// Options say whom a Stream listens to.
type Options struct {
	// Gateways are those to begin with.
	Gateways []sandbox.Gateway
	// Look finds them as they are now. Every is how often they are looked for while
	// all are heard, 0 for never.
	Look  func(context.Context) ([]sandbox.Gateway, error)
	Every time.Duration
	// Served asks a gateway how many requests it has served since it was started.
	Served func(context.Context, sandbox.Gateway) (int64, error)
	// Strange is told of requests that nobody asks for, Said of gateways that come
	// and go, in words. Both are called from other goroutines.
	Strange func(event.Event)
	Said    func(message string)
}

// Stream hears the events of all gateways.
type Stream struct {
	opts    Options
	cancel  context.CancelFunc
	running sync.WaitGroup
	// spawn runs something until the stream is closed.
	spawn   func(do func(context.Context))
	dropped atomic.Int64
	// fresh are events that no answer has asked for yet, late those that came
	// after their answer was told.
	fresh, late mailbox
	broke       chan struct{} // a stream has ended

	joining chan struct{} // holds one while gateways are looked for and taken in

	mu      sync.Mutex
	missing map[string]func(event.Event) // answers that were told without theirs
	list    []sandbox.Gateway
	ears    map[string]*ear // by instance
}

// Open begins to listen; every request from now on has its event, until Close.
func Open(ctx context.Context, o Options) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{
		opts: o, cancel: cancel, broke: make(chan struct{}, 1), joining: make(chan struct{}, 1),
		missing: map[string]func(event.Event){}, ears: map[string]*ear{},
	}
	s.spawn = func(do func(context.Context)) { s.running.Go(func() { do(ctx) }) }
	if err := s.join(ctx, o.Gateways); err != nil {
		s.Close()
		return nil, err
	}
	s.spawn(s.keep)
	return s, nil
}

// Close ends it, and returns once nothing of it runs any more.
func (s *Stream) Close() {
	s.cancel()
	s.running.Wait()
}

// Dropped is how many events the gateways could not tell in time.
func (s *Stream) Dropped() int64 { return s.dropped.Load() }

func (s *Stream) add(ctx context.Context, e event.Event) {
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
func (s *Stream) expire(ctx context.Context, id string) {
	timer := time.NewTimer(strangeAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	if e := s.fresh.get(id); e != nil {
		s.opts.Strange(*e)
	}
}

// Of gives the event of a request. When none comes soon it is nil, and late is
// called when it does.
func (s *Stream) Of(ctx context.Context, id string, late func(event.Event)) *event.Event {
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

// Late waits, until ctx ends, for the event that Of did not give in time.
func (s *Stream) Late(ctx context.Context, id string) *event.Event { return s.late.take(ctx, id) }
