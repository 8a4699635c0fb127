// Package clock is the one clock that a gateway reads, so that a test or a
// lesson may move it instead of waiting.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Wait returns once d has passed, or ctx's error if that ends first.
	Wait(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
type System struct{}

// Now is the machine's time.
func (System) Now() time.Time { return time.Now() }

// Wait waits on the machine's clock.
func (System) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Test is a clock that goes with the machine's and can be moved ahead. Whoever
// waits is woken when the move reaches its time.
type Test struct {
	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{} // closed and replaced at every move
}

// NewTest returns a clock that begins at the machine's time.
func NewTest() *Test { return &Test{moved: make(chan struct{})} }

// Now is the machine's time and all moves.
func (t *Test) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Add(t.offset)
}

// Advance moves the clock ahead by d, and returns the new time. A negative d
// moves nothing.
func (t *Test) Advance(d time.Duration) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d > 0 {
		t.offset += d
		close(t.moved)
		t.moved = make(chan struct{})
	}
	return time.Now().Add(t.offset)
}

// Wait waits until d has passed on this clock.
func (t *Test) Wait(ctx context.Context, d time.Duration) error {
	t.mu.Lock()
	due := time.Now().Add(t.offset + d)
	t.mu.Unlock()
	for {
		t.mu.Lock()
		left := due.Sub(time.Now().Add(t.offset))
		moved := t.moved
		t.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-moved:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
