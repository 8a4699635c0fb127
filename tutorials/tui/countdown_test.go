package tui

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

// punctual is how long after its end a countdown's request may leave.
const punctual = 50 * time.Millisecond

// TestRetryAtTheEnd: wherever in the minute the refusal comes, however it is
// counted and whenever t is pressed, the request leaves right after the countdown
// has ended and passes a real limiter.
func TestRetryAtTheEnd(t *testing.T) {
	t.Parallel()
	const runs = 100
	seed := rand.New(rand.NewPCG(1, 2))
	for n := range runs {
		algorithm := []limit.Algorithm{limit.FixedWindow, limit.SlidingWindow, limit.TokenBucket}[n%3]
		phase := time.Duration(seed.Int64N(int64(time.Minute)))
		if n < 9 { // exactly at, before and after a second
			phase = time.Duration(n/3)*20*time.Second + time.Duration(n/3-1)*time.Nanosecond + time.Minute
		}
		press := seed.Float64()
		t.Run(fmt.Sprintf("%s at %s", algorithm, phase), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pass(t, phase)
				h := &host{gateway: newGateway(fiveAMinute(algorithm)), burst: 6}
				p := start(t, Options{Still: n%4 != 0}, h) // fewer frames in most runs
				p.press(t, "enter")
				if !p.countdown.runs(p.now()) {
					t.Fatal("no countdown runs")
				}
				end := p.countdown.end
				p.pass(t, time.Duration(press*float64(time.Until(end)-100*time.Millisecond)))
				p.press(t, "t")
				if len(h.fired) > 0 {
					t.Fatalf("it left %s before the end", time.Until(end))
				}
				if !strings.Contains(p.View(), "goes by itself") {
					t.Errorf("nobody says that it waits:\n%s", p.View())
				}
				p.pass(t, time.Until(end)+punctual)
				p.settle(t)
				if len(h.fired) != 1 {
					t.Fatalf("%d requests have left, want 1", len(h.fired))
				}
				a := h.fired[0]
				if late := a.At.Sub(end); late < 0 || late > punctual || a.Status != 200 {
					t.Errorf("got %d, %s after the end, want 200 within %s", a.Status, late, punctual)
				}
				if !strings.Contains(p.View(), "the promise held") {
					t.Errorf("the proof is not shown:\n%s", p.View())
				}
				p.quit(t)
			})
		})
	}
}

// TestRetryLate: after the end t sends it at once.
func TestRetryLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.TokenBucket)), burst: 6}
		p := start(t, Options{}, h)
		p.press(t, "enter")
		p.pass(t, 13*time.Second)
		if !strings.Contains(p.View(), "t tries now") {
			t.Errorf("nobody says that it can be tried:\n%s", p.View())
		}
		before := time.Now()
		p.press(t, "t")
		if len(h.fired) != 1 || h.fired[0].Status != 200 || h.fired[0].At.Sub(before) > punctual {
			t.Errorf("got %+v, want one 200 at once", h.fired)
		}
		p.quit(t)
	})
}

// TestRetryStopped: Esc takes a request back that waits for the end.
func TestRetryStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.FixedWindow)), burst: 6}
		p := start(t, Options{}, h)
		p.press(t, "enter", "t", "esc")
		p.pass(t, 2*time.Minute)
		if len(h.fired) != 0 {
			t.Errorf("got %+v, want none", h.fired)
		}
		p.quit(t)
	})
}

// TestRetryWhileBusy: what comes due while something else is under way goes right
// after it.
func TestRetryWhileBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &host{gateway: newGateway(fiveAMinute(limit.TokenBucket)), burst: 6, took: 3 * time.Second}
		p := start(t, Options{}, h)
		p.press(t, "enter")
		end := p.countdown.end
		p.press(t, "t")
		p.pass(t, time.Until(end)-time.Second)
		p.busy = "something else"
		p.pass(t, 5*time.Second)
		if len(h.fired) != 0 || !p.countdown.late {
			t.Fatalf("it has left in between: %+v", h.fired)
		}
		p.handle(acted{})
		p.pass(t, 4*time.Second)
		if len(h.fired) != 1 {
			t.Errorf("got %+v, want one", h.fired)
		}
		p.quit(t)
	})
}

// TestStillWhenIdle: nothing is drawn anew once nothing moves, and seldom while
// something does.
func TestStillWhenIdle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		still       bool
		after, for_ time.Duration
		most        int
	}{
		{"counting down", false, 0, 10 * time.Second, 110},
		{"reduced motion", true, 0, 10 * time.Second, 12},
		{"over", false, 5 * time.Minute, 10 * time.Minute, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &host{gateway: newGateway(fiveAMinute(limit.TokenBucket)), burst: 6}
				p := start(t, Options{Still: tt.still}, h)
				p.press(t, "enter")
				p.pass(t, tt.after)
				before := p.frames
				p.pass(t, tt.for_)
				if n := p.frames - before; n > tt.most {
					t.Errorf("%d frames in %s, want at most %d", n, tt.for_, tt.most)
				}
				p.quit(t)
			})
		})
	}
}
