package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/metrics"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/h2"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Provider sends whole configurations, each in the place of the one before,
// until ctx ends.
type Provider interface {
	Run(ctx context.Context, send func(*entity.Config)) error
}

// Options are what a Daemon needs.
type Options struct {
	// Version is the gateway's own, as Server and Via say it.
	Version string
	// Instance names this gateway; the host's name when empty.
	Instance string
	Provider Provider
	Kinds    []plugin.Kind
	// Listen, Admin and Health are addresses, host:port; port 0 picks one. An
	// empty Admin or Health opens none.
	Listen, Admin, Health string
	// Listener, when not nil, takes the place of Listen.
	Listener net.Listener
	// AdminToken guards the admin listener; an address other than loopback
	// needs one.
	AdminToken string
	// TrustedIPs, RealIPHeader and RealIPRecursive are Kong's trusted_ips,
	// real_ip_header (X-Real-IP when empty) and real_ip_recursive.
	TrustedIPs      []string
	RealIPHeader    string
	RealIPRecursive bool
	// TestClock makes a clock that the admin listener can move; it is refused
	// unless all listeners are on loopback.
	TestClock bool
	// DrainTimeout bounds the wait for requests under way when the daemon stops
	// (30 s when 0), DrainGrace how long idle connections may still bring a
	// request then (100 ms when 0).
	DrainTimeout, DrainGrace time.Duration
	// ShutdownDelay is how long the daemon, told to stop, says that it is not
	// ready and serves all the same, so that whoever sends it requests can learn
	// of it.
	ShutdownDelay time.Duration
	// Served, when not nil, is told of every snapshot that is served, in order,
	// and must not block.
	Served func(*snapshot.Snapshot)
	Limits h1.Limits
	// Print prints entities as a kong.yml without secrets, for /config.
	Print func(*entity.Config) ([]byte, error)
	Log   *slog.Logger
}

// Daemon is a gateway that runs.
type Daemon struct {
	opts      Options
	clock     clock.Clock
	handler   *proxy.Handler
	transport *h1.Transport
	hub       *event.Hub
	h1        *h1.Server
	h2        *h2.Server
	metrics   *metrics.Metrics
	shared    *shared

	listener net.Listener
	admin    net.Listener
	health   net.Listener
	started  time.Time
	swaps    atomic.Int64
	// served is closed when the first configuration is served.
	served chan struct{}
	once   sync.Once
	// stopping is set as soon as the daemon is told to stop.
	stopping atomic.Bool
}

// New checks the options and opens the listeners. Run serves on them; Close
// gives them back if Run is not called.
func New(o Options) (*Daemon, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 30 * time.Second
	}
	if o.DrainGrace == 0 {
		o.DrainGrace = 100 * time.Millisecond
	}
	if o.RealIPHeader == "" {
		o.RealIPHeader = "X-Real-IP"
	}
	if o.Instance == "" {
		o.Instance, _ = os.Hostname()
	}
	trusted, err := proxy.ParseNetworks(o.TrustedIPs)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted IPs: %w", err)
	}
	d := &Daemon{
		opts: o, clock: clock.System{}, hub: &event.Hub{}, shared: newShared(), served: make(chan struct{}),
		transport: h1.NewTransport(h1.TransportOptions{}), started: time.Now(),
	}
	if o.TestClock {
		d.clock = clock.NewTest()
	}
	if err := d.listen(); err != nil {
		d.Close()
		return nil, err
	}
	d.metrics = metrics.New(func() *snapshot.Snapshot { return d.handler.Snapshot() })
	d.handler = proxy.New(proxy.Options{
		Name: "gatewayd/" + o.Version, Instance: o.Instance, Trusted: trusted,
		Transport: d.transport, Hub: d.hub, Log: o.Log, Observe: d.metrics.Observe,
	})
	realIP := proxy.RealIP{Trusted: trusted, Header: o.RealIPHeader, Recursive: o.RealIPRecursive}
	d.h2 = h2.NewServer(h2.Options{Handler: d.handler, RealIP: realIP, Now: d.clock.Now, Log: o.Log, MaxHead: o.Limits.Head})
	d.h1 = h1.NewServer(h1.ServerOptions{
		Handler: d.handler, RealIP: realIP, Now: d.clock.Now, HTTP2: d.h2.Take, Limits: o.Limits, Log: o.Log,
	})
	return d, nil
}

// ErrNeedsToken says that an admin address can be reached from elsewhere.
var ErrNeedsToken = errors.New("an admin listener beyond loopback needs a token")

// ErrTestClock says that a gateway that others can reach may not have a clock
// that they move.
var ErrTestClock = errors.New("a test clock needs every listener on loopback")

func (d *Daemon) listen() error {
	o := &d.opts
	if o.AdminToken == "" && o.Admin != "" && !loopback(o.Admin) {
		return fmt.Errorf("listening for the admin on %s: %w", o.Admin, ErrNeedsToken)
	}
	if o.TestClock && (o.Listener == nil && !loopback(o.Listen) || o.Admin != "" && !loopback(o.Admin)) {
		return fmt.Errorf("starting on %s: %w", o.Listen, ErrTestClock)
	}
	open := func(what, address string, into *net.Listener) error {
		if address == "" || *into != nil {
			return nil
		}
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
		if err != nil {
			return fmt.Errorf("listening for %s: %w", what, err)
		}
		*into = l
		return nil
	}
	d.listener = o.Listener
	return errors.Join(
		open("clients", o.Listen, &d.listener),
		open("the admin", o.Admin, &d.admin),
		open("probes", o.Health, &d.health),
	)
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Close gives the listeners back.
func (d *Daemon) Close() {
	for _, l := range []net.Listener{d.listener, d.admin, d.health} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// Addr is the address that serves clients.
func (d *Daemon) Addr() string { return d.listener.Addr().String() }

// AdminAddr is the address of the admin listener, "" for none.
func (d *Daemon) AdminAddr() string {
	if d.admin == nil {
		return ""
	}
	return d.admin.Addr().String()
}

// HealthAddr is the address of the probes' listener, "" for none.
func (d *Daemon) HealthAddr() string {
	if d.health == nil {
		return ""
	}
	return d.health.Addr().String()
}

// Served is closed once the first configuration is served.
func (d *Daemon) Served() <-chan struct{} { return d.served }

// linger is how long a gateway that can be told of late, and so has a shutdown
// delay, stays after its last connection is closed. What a client sends on one
// meanwhile is reset, and tried again elsewhere; an address that goes with its pod
// would swallow it without a word.
const linger = time.Second

// Run serves until ctx ends and Options.ShutdownDelay has passed, then lets
// requests under way end. It returns the error of whatever part failed first.
func (d *Daemon) Run(told context.Context) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(told))
	defer cancel(nil)
	defer context.AfterFunc(told, func() { d.leave(ctx, func() { cancel(nil) }) })()
	var parts sync.WaitGroup
	fail := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			cancel(fmt.Errorf("%s: %w", what, err))
		}
	}
	configs := make(chan *entity.Config)
	parts.Go(func() {
		fail("reading the configuration", d.opts.Provider.Run(ctx, func(c *entity.Config) {
			select {
			case configs <- c:
			case <-ctx.Done():
			}
		}))
	})
	parts.Go(func() { d.loop(ctx, configs) })
	var web []*http.Server
	for _, w := range []struct {
		l net.Listener
		h http.Handler
	}{{d.admin, d.adminHandler()}, {d.health, admin.Health(d)}} {
		if w.l == nil {
			continue
		}
		s := &http.Server{Handler: w.h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
		web = append(web, s)
		parts.Go(func() {
			if err := s.Serve(w.l); !errors.Is(err, http.ErrServerClosed) {
				fail("serving the admin", err)
			}
		})
	}
	// Clients may connect at once; until a configuration is served they wait
	// in the listener's queue.
	parts.Go(func() {
		select {
		case <-d.served:
		case <-ctx.Done():
			_ = d.listener.Close()
			return
		}
		if err := d.h1.Serve(d.listener); !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
			fail("serving clients", err)
		}
	})
	<-ctx.Done()
	d.drain(context.WithoutCancel(ctx))
	for _, s := range web {
		_ = s.Close()
	}
	d.transport.Close()
	parts.Wait()
	d.shared.closeAll()
	if d.opts.ShutdownDelay > 0 {
		<-time.After(linger)
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// leave says that the daemon is not ready any more, and lets it go after a while.
func (d *Daemon) leave(ctx context.Context, stop func()) {
	d.stopping.Store(true)
	if d.opts.ShutdownDelay > 0 {
		d.opts.Log.Info("stopping: not ready, and serving for a while yet", "delay", d.opts.ShutdownDelay.String())
		select {
		case <-ctx.Done():
		case <-time.After(d.opts.ShutdownDelay):
		}
	}
	stop()
}

// drain loses no request: connections that wait in the listener's queue are
// still accepted for a moment, idle ones may still bring one last request, and
// those under way end.
func (d *Daemon) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.DrainTimeout)
	defer cancel()
	d.opts.Log.Info("stopping: requests under way may end")
	var both sync.WaitGroup
	both.Go(func() {
		if err := d.h1.Drain(ctx, d.opts.DrainGrace, d.listener); err != nil {
			d.opts.Log.Warn("connections were cut", "error", err)
		}
	})
	both.Go(func() {
		if err := d.h2.Drain(ctx); err != nil {
			d.opts.Log.Warn("connections were cut", "error", err)
		}
	})
	both.Wait()
}

func (d *Daemon) adminHandler() http.Handler {
	return admin.Handler(admin.Options{
		Gateway: d, Hub: d.hub, Metrics: d.metrics.Handler(), Token: d.opts.AdminToken, Log: d.opts.Log,
	})
}

// Stopping tells whether the daemon has been told to stop.
func (d *Daemon) Stopping() bool { return d.stopping.Load() }

// Snapshot is what is served, nil before the first.
func (d *Daemon) Snapshot() *snapshot.Snapshot { return d.handler.Snapshot() }

// Describe tells what /status says beside the configuration.
func (d *Daemon) Describe() admin.Status {
	return admin.Status{
		Instance: d.opts.Instance, Version: d.opts.Version, Started: d.started, Now: d.clock.Now(),
		TestClock: d.opts.TestClock, Swaps: d.swaps.Load(), Proxy: d.Addr(),
		Routes: []admin.RouteStatus{}, Services: []admin.ServiceStatus{}, Consumers: []string{}, Plugins: []admin.PluginStatus{},
	}
}

// KeepCounters puts aside what plugins count, RestoreCounters brings it back.
func (d *Daemon) KeepCounters() { d.shared.keepers(plugin.Keeper.Keep) }

// RestoreCounters brings back what KeepCounters has put aside.
func (d *Daemon) RestoreCounters() { d.shared.keepers(plugin.Keeper.Restore) }

// ClearCounters clears what plugins count.
func (d *Daemon) ClearCounters(name string) { d.shared.clear(name) }

// Advance moves the test clock.
func (d *Daemon) Advance(by time.Duration) (time.Time, bool) {
	t, ok := d.clock.(*clock.Test)
	if !ok {
		return time.Time{}, false
	}
	return t.Advance(by), true
}

// Config prints what is served.
func (d *Daemon) Config() ([]byte, error) {
	s := d.handler.Snapshot()
	if s == nil {
		return nil, errors.New("no configuration is served yet")
	}
	if d.opts.Print == nil {
		return nil, errors.New("this gateway cannot print its configuration")
	}
	return d.opts.Print(s.Config)
}

var _ admin.Gateway = (*Daemon)(nil)
