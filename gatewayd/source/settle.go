package source

import (
	"context"
	"time"
)

const (
	// Quiet is how long nothing must happen before a change counts as settled.
	Quiet = 100 * time.Millisecond
	// Patience is how long changes may go on before they are taken as they are.
	Patience = 500 * time.Millisecond
)

// Settle calls do once after every burst of events: when none has come for
// Quiet, at the latest Patience after the first. Events that come while do runs
// begin the next burst. It returns nil when ctx ends and do's error if there is
// one. after is time.After, or a test's own clock; nil means time.After.
func Settle(ctx context.Context, events <-chan struct{}, after func(time.Duration) <-chan time.Time, do func() error) error {
	if after == nil {
		after = time.After
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
		}
		if !calm(ctx, events, after) {
			return nil
		}
		if err := do(); err != nil {
			return err
		}
	}
}

// calm waits for the end of a burst; it returns false when ctx ends first.
func calm(ctx context.Context, events <-chan struct{}, after func(time.Duration) <-chan time.Time) bool {
	limit, quiet := after(Patience), after(Quiet)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-limit:
			return true
		case <-quiet:
			return true
		case <-events:
			quiet = after(Quiet)
		}
	}
}
