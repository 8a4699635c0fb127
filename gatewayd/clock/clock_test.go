package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAdvanceWakesWhoeverIsDue(t *testing.T) {
	t.Parallel()
	c := NewTest()
	before := c.Now()
	done := make(chan error, 2)
	go func() { done <- c.Wait(t.Context(), time.Hour) }()
	ctx, cancel := context.WithCancel(t.Context())
	late := make(chan error, 1)
	go func() { late <- c.Wait(ctx, 3*time.Hour) }()
	for { // until the waiter has begun, a move may come too early for it
		c.Advance(time.Hour)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Millisecond):
			continue
		}
		break
	}
	if c.Now().Sub(before) < time.Hour {
		t.Errorf("the clock moved by %s", c.Now().Sub(before))
	}
	cancel()
	if err := <-late; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestSystemWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (System{}).Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if err := (System{}).Wait(t.Context(), 0); err != nil {
		t.Errorf("err = %v, want none", err)
	}
}
