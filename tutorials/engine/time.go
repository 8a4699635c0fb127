package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/sandbox"
)

// settle is how far into a new minute a volley begins that is not to meet its
// edge.
const settle = 30 * time.Millisecond

// watch is the time of the gateways: the machine's, and all moves.
type watch struct {
	gateways func() []sandbox.Gateway
	test     bool
	moved    atomic.Int64 // nanoseconds
}

// newWatch reads the gateways' clocks.
func newWatch(ctx context.Context, gateways func() []sandbox.Gateway) (*watch, error) {
	w := &watch{gateways: gateways, test: true}
	for i, g := range gateways() {
		begin := time.Now()
		st, err := g.Client().Status(ctx)
		if err != nil {
			return nil, err
		}
		w.test = w.test && st.TestClock
		if i == 0 {
			w.moved.Store(int64(st.Now.Sub(begin)))
		}
	}
	if !w.test {
		w.moved.Store(0)
	}
	return w, nil
}

// ahead is by how much the gateways' clocks are ahead of the machine's.
func (w *watch) ahead() time.Duration { return time.Duration(w.moved.Load()) }

func (w *watch) now() time.Time { return time.Now().Add(w.ahead()) }

// wait waits until the time has come, or moves the clocks there.
func (w *watch) wait(ctx context.Context, until time.Time) error {
	d := until.Sub(w.now())
	if d <= 0 {
		return ctx.Err()
	}
	if !w.test {
		return clock.System{}.Wait(ctx, d)
	}
	for _, g := range w.gateways() {
		if _, err := g.Client().Advance(ctx, d); err != nil {
			return err
		}
	}
	w.moved.Add(int64(d))
	return nil
}

// place tells when the clock is next that far in a minute, notice from now at the
// soonest.
func (w *watch) place(at, notice time.Duration) time.Time {
	now := w.now().Add(notice)
	due := now.Truncate(time.Minute).Add(at)
	if !due.After(now) {
		due = due.Add(time.Minute)
	}
	return due
}

// room tells when a volley of that duration can begin so that no minute ends
// meanwhile: now or with the next minute.
func (w *watch) room(d time.Duration) time.Time {
	const slack = 2 * time.Second
	now := w.now()
	next := now.Truncate(time.Minute).Add(time.Minute)
	if now.Add(d + slack).Before(next) {
		return now
	}
	return next.Add(settle)
}
