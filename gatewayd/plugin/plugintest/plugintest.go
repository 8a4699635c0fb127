// Package plugintest runs a live gateway around plugins, so that their tests say
// what a client and an upstream see over the wire.
package plugintest

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// Gateway is a gateway with one route to one upstream, and the plugins under
// test on that route.
type Gateway struct {
	*proxytest.Gateway
	Upstream *proxytest.Upstream
	Clock    *Clock
	Config   *entity.Config

	t testing.TB
}

// Start serves the kinds, which Plugin configures, until the test ends.
func Start(t testing.TB, kinds ...plugin.Kind) *Gateway {
	t.Helper()
	g := &Gateway{t: t, Upstream: proxytest.NewUpstream(t, nil), Clock: NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	g.Config = proxytest.To(g.Upstream)
	g.Gateway = proxytest.Start(t, g.Config, proxytest.Options{Kinds: kinds, Now: g.Clock.Now, Wait: g.Clock.Wait})
	return g
}

// Plugin binds a plugin, its config in YAML, to the route, or to what change
// says; it fails the test on any problem.
func (g *Gateway) Plugin(name, config string, change ...func(*entity.Plugin)) {
	g.t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(config))
	if err != nil {
		g.t.Fatal(err)
	}
	if string(raw) == "null" {
		raw = nil
	}
	p := entity.NewPlugin()
	p.ID, p.Name, p.RouteID, p.Config = name, name, g.Config.Routes[0].ID, json.RawMessage(raw)
	for _, f := range change {
		f(&p)
	}
	next := *g.Config
	next.Plugins = append([]entity.Plugin{p}, without(g.Config.Plugins, p.ID)...)
	g.Config = &next
	g.Apply()
}

func without(ps []entity.Plugin, id string) []entity.Plugin {
	var out []entity.Plugin
	for _, p := range ps {
		if p.ID != id {
			out = append(out, p)
		}
	}
	return out
}

// Consumer adds a consumer with a credential; its id is its name.
func (g *Gateway) Consumer(name, kind, key string) {
	g.t.Helper()
	next := *g.Config
	next.Consumers = append(append([]entity.Consumer(nil), next.Consumers...), entity.Consumer{ID: name, Username: name})
	if kind != "" {
		next.Credentials = append(append([]entity.Credential(nil), next.Credentials...),
			entity.Credential{ID: name + "-" + kind, Kind: kind, ConsumerID: name, Key: entity.Secret(key)})
	}
	g.Config = &next
	g.Apply()
}

// Apply serves Config, and fails the test on any problem.
func (g *Gateway) Apply() {
	g.t.Helper()
	for _, p := range g.Swap(g.Config).Problems {
		g.t.Error(p)
	}
}

// Listen returns the events from now on.
func (g *Gateway) Listen() <-chan event.Event {
	s := g.Hub.Subscribe(1024)
	g.t.Cleanup(s.Close)
	return s.Events()
}

// Clock is a clock that stands still unless it is moved.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	moved   chan struct{}
	waiters int
	waits   chan int
}

// NewClock returns a clock that shows now.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now, moved: make(chan struct{}), waits: make(chan int, 4096)}
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock ahead.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.moved)
	c.moved = make(chan struct{})
}

// Wait waits until the clock has been moved by d.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	due := c.now.Add(d)
	c.waiters++
	c.waits <- c.waiters
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.waiters--
		c.mu.Unlock()
	}()
	for {
		c.mu.Lock()
		now, moved := c.now, c.moved
		c.mu.Unlock()
		if !now.Before(due) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// UntilWaiting returns once n requests wait on the clock.
func (c *Clock) UntilWaiting(n int) {
	for have := range c.waits {
		if have >= n {
			return
		}
	}
}
