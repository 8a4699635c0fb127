package engine

import (
	"context"
	"time"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/sandbox"
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
	return s.stream.Renew(ctx, func(ctx context.Context) ([]sandbox.Gateway, error) {
		f, err := s.host.Running(ctx)
		for end := time.Now().Add(rollTimeout); err != nil && s.rolls(f) && time.Now().Before(end); {
			if err := (clock.System{}).Wait(ctx, rollPause); err != nil {
				return nil, err
			}
			f, err = s.host.Running(ctx)
		}
		return f.Gateways, err
	})
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
