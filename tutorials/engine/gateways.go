package engine

import (
	"context"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/stream"
)

const (
	// rollTimeout bounds the wait for gateways that take the place of others,
	// rollPause is how long it rests between looks.
	rollTimeout = 3 * time.Second
	rollPause   = 100 * time.Millisecond
	// lookEvery is how often they are looked for where some may come and go.
	lookEvery = 5 * time.Second
)

// gateways are those of the sandbox, as they were found last.
func (s *Session) gateways() []sandbox.Gateway {
	if s.stream == nil {
		return s.host.gateways
	}
	return s.stream.Gateways()
}

// present finds the sandbox's gateways as they are now, and listens to each: from
// now on its requests have their events.
func (s *Session) present(ctx context.Context) ([]sandbox.Gateway, error) {
	var list []sandbox.Gateway
	err := untilSettled(ctx, clock.System{}, func() (again bool, err error) {
		list, err = s.stream.Renew(ctx, func(ctx context.Context) ([]sandbox.Gateway, error) {
			f, err := s.host.Running(ctx)
			again = err == nil || s.rolls(f) // one that was found may have gone before it is heard
			return f.Gateways, err
		})
		return again, err
	})
	return list, unheard(ctx, s.host.Name(), err)
}

// untilSettled does what needs every gateway, again and again until rollTimeout is over
// while they may just take the place of others.
func untilSettled(ctx context.Context, c clock.Clock, do func() (again bool, err error)) error {
	end := c.Now().Add(rollTimeout)
	for {
		again, err := do()
		if err == nil || !again || ctx.Err() != nil || !c.Now().Before(end) {
			return err
		}
		if err := c.Wait(ctx, rollPause); err != nil {
			return err
		}
	}
}

// unheard says what to do when the gateways of a sandbox cannot be asked, unless the
// error says so itself or the caller has given up.
func unheard(ctx context.Context, name string, err error) error {
	if err == nil || ctx.Err() != nil || hint.ExitCode(err) != hint.Unexpected {
		return err
	}
	up := "gwctl up"
	if name != sandbox.DefaultName {
		up += " --name " + name
	}
	return hint.New("NOT_HEARD", hint.Broken, "a gateway of sandbox "+name+" cannot be asked", "gwctl status tells why; heal it: "+up).Because(err)
}

// rolls says that gateways may just take the place of others.
func (s *Session) rolls(f sandbox.Found) bool {
	return f.State == sandbox.Broken && s.host.Runtime() != sandbox.Local
}

// listen listens to the sandbox's gateways, until the session ends.
func (s *Session) listen(ctx context.Context) (*stream.Stream, error) {
	h := stream.Options{
		Gateways: s.host.gateways, Served: requests, Strange: s.strange,
		Said: func(message string) {
			s.emit(Event{Type: Working, Work: &WorkInfo{What: "events", State: "warned", Title: "Events", Message: message}})
		},
	}
	if s.host.Runtime() != sandbox.Local { // there is one gateway, and its stream ends with it
		h.Every = lookEvery
	}
	// Not with the session's own, which an action may be using.
	var sb *sandbox.Sandbox
	name := s.host.Name()
	h.Look = func(ctx context.Context) ([]sandbox.Gateway, error) {
		if sb == nil {
			var err error
			if sb, err = s.find(name); err != nil {
				return nil, err
			}
		}
		f, err := sb.Running(ctx)
		if err != nil {
			sb = nil // it may have been made anew
		}
		return f.Gateways, err
	}
	return stream.Open(context.WithoutCancel(ctx), h)
}

// requests asks how many requests a gateway has served.
func requests(ctx context.Context, g sandbox.Gateway) (int64, error) {
	text, err := g.Client().Metrics(ctx)
	if err != nil {
		return 0, err
	}
	n, _ := sumSeries(text, &lesson.Metric{Name: "gatewayd_http_requests_total"})
	return int64(n), nil
}
