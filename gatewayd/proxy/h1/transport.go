package h1

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// TransportOptions are what a Transport needs. The zero value of a field means
// its default, which is Kong's (kong/templates/kong_defaults.lua).
type TransportOptions struct {
	// MaxIdle is how many idle connections are kept for a target (512),
	// IdleTimeout how long one is kept (60 s), MaxRequests how many requests one
	// may carry (10,000).
	MaxIdle     int
	IdleTimeout time.Duration
	MaxRequests int
	// Dial opens a connection; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Transport carries requests to targets over HTTP/1.1, on connections that it
// keeps.
type Transport struct {
	opts    TransportOptions
	parser  *parser
	buffers bufferPool

	mu     sync.Mutex
	pools  map[string]*pool
	closed bool
}

// pool holds the idle connections to one target, the last used on top.
type pool struct {
	mu     sync.Mutex
	idle   []*upConn
	usedAt time.Time // when one was asked for
	closed bool      // it keeps none any more
}

// NewTransport returns a transport.
func NewTransport(o TransportOptions) *Transport {
	if o.MaxIdle == 0 {
		o.MaxIdle = 512
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 60 * time.Second
	}
	if o.MaxRequests == 0 {
		o.MaxRequests = 10_000
	}
	if o.Dial == nil {
		d := &net.Dialer{}
		o.Dial = d.DialContext
	}
	limits := Limits{Line: 64 << 10, Head: 128 << 10, Fields: 1000}
	return &Transport{
		opts: o, pools: map[string]*pool{},
		parser: &parser{chars: newCharTable(), limits: limits},
	}
}

var _ proxy.Transport = (*Transport)(nil)

// Sweep closes connections that have been idle for too long, and forgets targets
// that nobody asked for as long. Call it now and then.
func (t *Transport) Sweep(now time.Time) {
	t.mu.Lock()
	pools := maps.Clone(t.pools)
	t.mu.Unlock()
	for address, p := range pools {
		if !p.sweep(now, t.opts.IdleTimeout) {
			continue
		}
		t.mu.Lock()
		delete(t.pools, address)
		t.mu.Unlock()
	}
}

// sweep closes what has been idle for too long, and the pool itself, of which it
// tells, where nothing is left of it and nothing was asked of it as long.
func (p *pool) sweep(now time.Time, limit time.Duration) (closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stale := 0
	for stale < len(p.idle) && now.Sub(p.idle[stale].usedAt) > limit {
		_ = p.idle[stale].nc.Close()
		stale++
	}
	p.idle = slices.Delete(p.idle, 0, stale)
	p.closed = p.closed || len(p.idle) == 0 && now.Sub(p.usedAt) > limit
	return p.closed
}

// Close closes idle connections and keeps none from now on.
func (t *Transport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, p := range t.pools {
		p.mu.Lock()
		for _, u := range p.idle {
			_ = u.nc.Close()
		}
		p.idle, p.closed = nil, true
		p.mu.Unlock()
	}
}

func (t *Transport) pool(address string) *pool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pools[address]
	if p == nil {
		p = &pool{usedAt: time.Now(), closed: t.closed}
		t.pools[address] = p
	}
	return p
}

// take returns an idle connection, or nil.
func (t *Transport) take(p *pool, now time.Time) *upConn {
	for {
		p.mu.Lock()
		p.usedAt = now
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		u := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if now.Sub(u.usedAt) > t.opts.IdleTimeout {
			_ = u.nc.Close()
			continue
		}
		u.reused = true
		return u
	}
}

// give keeps a connection for the next request.
func (t *Transport) give(u *upConn) {
	u.requests++
	if u.requests >= t.opts.MaxRequests {
		_ = u.nc.Close()
		return
	}
	u.usedAt = time.Now()
	p := u.pool
	p.mu.Lock()
	full := p.closed || len(p.idle) >= t.opts.MaxIdle
	if !full {
		p.idle = append(p.idle, u)
	}
	p.mu.Unlock()
	if full {
		_ = u.nc.Close()
	}
}

// RoundTrip sends the request to the target and returns the head of its answer.
func (t *Transport) RoundTrip(x *proxy.Exchange, target *balance.Target, s *snapshot.Service, out *proxy.Outgoing) (proxy.Answer, error) {
	idempotent := out.Replay && out.Method != http.MethodPost && out.Method != http.MethodPatch && out.Method != "LOCK"
	p := t.pool(target.Address)
	for {
		u := t.take(p, time.Now())
		if u == nil {
			var err error
			if u, err = t.dial(x, target, s, p); err != nil {
				return nil, err
			}
		}
		err := u.roundTrip(x, s, out)
		if err == nil {
			return u, nil
		}
		_ = u.nc.Close()
		u.endWatch()
		u.endPump()
		// A kept connection that the target had closed meanwhile is nobody's
		// fault: the request goes out again on another.
		if errors.Is(err.Err, errSpoke) {
			continue
		}
		if u.reused && !u.answered && idempotent && !errors.Is(err.Err, os.ErrDeadlineExceeded) && !x.Down.Left() {
			continue
		}
		return nil, err
	}
}

func (t *Transport) dial(x *proxy.Exchange, target *balance.Target, s *snapshot.Service, p *pool) (*upConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.ConnectTimeout)
	defer cancel()
	defer whileWaiting(x.Down, cancel)()
	var gone atomic.Bool
	defer x.WhileServed(s, target, func() {
		gone.Store(true)
		cancel()
	})()
	nc, err := t.opts.Dial(ctx, "tcp", target.Address)
	if err == nil {
		return &upConn{t: t, nc: nc, sock: newSocket(nc), pool: p, rbuf: make([]byte, readSize)}, nil
	}
	fail := &proxy.TripError{Err: err, Status: http.StatusBadGateway}
	var dns *net.DNSError
	switch {
	case x.Down.Left():
		fail.Err, fail.Status = proxy.ErrClientLeft, 499
	case gone.Load():
		fail.Err, fail.Status = proxy.ErrTargetGone, http.StatusServiceUnavailable
	case errors.As(err, &dns) && dns.IsNotFound:
		fail.Unresolved = true
		fail.Status = http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		fail.Status = http.StatusGatewayTimeout
	}
	return nil, fail
}
