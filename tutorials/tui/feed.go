package tui

import (
	"context"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// gather is the least time between two batches of events: what comes faster is
// drawn together.
const gather = 30 * time.Millisecond

// feed takes the engine's events and hands them out in batches, so that neither
// waits for the other.
type feed struct {
	clock clock.Clock
	wake  chan struct{}

	mu     sync.Mutex
	events []engine.Event
}

func newFeed(c clock.Clock) *feed {
	return &feed{clock: c, wake: make(chan struct{}, 1)}
}

// add takes one event.
func (f *feed) add(e engine.Event) {
	f.mu.Lock()
	f.events = append(f.events, e)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// batch are events that have come.
type batch struct{ events []engine.Event }

// listen is a command that gives the next batch; the last was at that time.
func (f *feed) listen(ctx context.Context, last time.Time) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil
		}
		if d := gather - f.clock.Now().Sub(last); d > 0 {
			_ = f.clock.Wait(ctx, d) // it ends soon anyway
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		b := batch{f.events}
		f.events = nil
		return b
	}
}
