package event

import (
	"strconv"
	"sync"
	"testing"
)

func TestSlowListenerLosesEventsAndIsTold(t *testing.T) {
	t.Parallel()
	var h Hub
	if h.Active() {
		t.Error("a hub without listeners is active")
	}
	slow, quick := h.Subscribe(2), h.Subscribe(10)
	for i := range 5 {
		h.Publish(Event{ID: strconv.Itoa(i)})
	}
	if n := slow.Dropped(); n != 3 {
		t.Errorf("the slow listener lost %d, want 3", n)
	}
	if n := slow.Dropped(); n != 0 {
		t.Errorf("it is told twice: %d", n)
	}
	if n := quick.Dropped(); n != 0 || len(quick.Events()) != 5 {
		t.Errorf("the quick listener lost %d and has %d", n, len(quick.Events()))
	}
	slow.Close()
	slow.Close()
	if !h.Active() {
		t.Error("one listener is left, but the hub is not active")
	}
	quick.Close()
	if h.Active() {
		t.Error("no listener is left, but the hub is active")
	}
	if e, ok := <-slow.Events(); !ok || e.ID != "0" {
		t.Errorf("what was queued before Close is gone: %v %v", e, ok)
	}
}

func TestHubUnderRace(t *testing.T) {
	t.Parallel()
	var h Hub
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				s := h.Subscribe(1)
				h.Publish(Event{})
				s.Close()
			}
		})
	}
	wg.Wait()
	if h.Active() {
		t.Error("the hub is active when all have left")
	}
}

func BenchmarkNobodyListens(b *testing.B) {
	var h Hub
	for b.Loop() {
		if h.Active() {
			h.Publish(Event{})
		}
	}
}
