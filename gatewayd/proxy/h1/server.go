package h1

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// ServerOptions are what a Server needs. The zero value of a limit or time-out
// means its default, which is Kong's where Kong has one.
type ServerOptions struct {
	Handler *proxy.Handler
	RealIP  proxy.RealIP
	Limits  Limits
	// HeaderTimeout bounds reading a head from its first byte (60 s), BodyTimeout
	// the wait for the next bytes of a request body (60 s), IdleTimeout the wait
	// for the next request on a connection (75 s), WriteTimeout one write to a
	// client (60 s).
	HeaderTimeout, BodyTimeout, IdleTimeout, WriteTimeout time.Duration
	// MaxRequests is how many requests one connection may bring (10,000).
	MaxRequests int
	// Now is the gateway's clock.
	Now func() time.Time
	// HTTP2, when not nil, takes over connections that begin with the preface of
	// HTTP/2; pending are the bytes that have been read of it.
	HTTP2 func(c net.Conn, pending []byte)
	Log   *slog.Logger
}

// Server serves HTTP/1.0 and HTTP/1.1 on connections that it accepts.
type Server struct {
	opts     ServerOptions
	parser   *parser
	draining atomic.Bool
	// drainUntil is until when idle connections may bring a request while
	// draining, in nanoseconds of Unix time.
	drainUntil atomic.Int64
	date       atomic.Pointer[dateText]
	buffers    bufferPool

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
	open   sync.WaitGroup
	// accepting counts the listeners that are served.
	accepting sync.WaitGroup
}

type dateText struct {
	second int64
	text   string
}

// NewServer returns a server.
func NewServer(o ServerOptions) *Server {
	def := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	def(&o.HeaderTimeout, 60*time.Second)
	def(&o.BodyTimeout, 60*time.Second)
	def(&o.IdleTimeout, 75*time.Second)
	def(&o.WriteTimeout, 60*time.Second)
	if o.MaxRequests == 0 {
		o.MaxRequests = 10_000
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{
		opts:   o,
		parser: &parser{chars: newCharTable(), limits: o.Limits, dropOdd: true},
		conns:  map[*conn]struct{}{},
	}
}

// Serve accepts connections until the listener is closed, whose error it
// returns.
func (s *Server) Serve(l net.Listener) error {
	s.accepting.Add(1)
	defer s.accepting.Done()
	port, portText := 0, ""
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		port, portText = a.Port, strconv.Itoa(a.Port)
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && s.draining.Load() && waiting(l) {
				bound(l, queueTime)
				continue
			}
			if t, ok := err.(interface{ Temporary() bool }); ok && t.Temporary() && !s.draining.Load() {
				s.opts.Log.Warn("accepting a connection", "error", err)
				wait(10 * time.Millisecond)
				continue
			}
			return err
		}
		s.start(nc, port, portText)
	}
}

func wait(d time.Duration) { <-time.After(d) }

func (s *Server) start(nc net.Conn, port int, portText string) {
	c := newConn(s, nc, port, portText)
	s.mu.Lock()
	if s.closed {
		_ = nc.Close()
	}
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	s.open.Go(func() {
		defer s.forget(c)
		c.serve()
	})
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// Drain loses no request. Every answer from now on ends its connection. For
// grace, idle connections may still bring a request, and l, which may be nil, is
// still served; then it is made deaf to new connections, those that wait in its
// queue are accepted, and it is closed. Drain returns when all connections have
// ended, or cuts them when ctx ends, and then returns ctx's error.
func (s *Server) Drain(ctx context.Context, grace time.Duration, l net.Listener) error {
	now := time.Now()
	s.drainUntil.Store(now.Add(grace).UnixNano())
	s.draining.Store(true)
	s.mu.Lock()
	for c := range s.conns {
		c.nudge(now)
	}
	s.mu.Unlock()
	if l != nil {
		wait(grace)
		s.closeListener(l)
	}
	done := make(chan struct{})
	go func() {
		s.open.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.Close()
		<-done
		return ctx.Err()
	}
}

// queueTime is how long a connection that is just being made may take to join
// the queue of a listener that new ones cannot join.
const queueTime = 20 * time.Millisecond

// closeListener closes a listener without resetting who waits in its queue.
func (s *Server) closeListener(l net.Listener) {
	deafen(l)
	if bound(l, queueTime) {
		s.accepting.Wait()
	}
	_ = l.Close()
}

// bound says that Accept may wait for d and no longer, if that can be said.
func bound(l net.Listener, d time.Duration) bool {
	b, ok := l.(interface{ SetDeadline(t time.Time) error })
	return ok && b.SetDeadline(time.Now().Add(d)) == nil
}

// Close cuts every connection.
func (s *Server) Close() {
	s.draining.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.nc.Close()
	}
}

// dateAt is the text of a Date field.
func (s *Server) dateAt(now time.Time) string {
	second := now.Unix()
	if d := s.date.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &dateText{second, now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}
	s.date.Store(d)
	return d.text
}

// begin fills the exchange with the request whose head is text, the request's
// id behind it.
func (s *Server) begin(c *conn, head, id string) (framing, error) {
	x := &c.x
	x.Exchange.Begin(x, s.opts.Handler.Active())
	x.ID = id
	x.Start = s.opts.Now()
	x.Peer, x.Client = c.peer, c.peer
	x.Request.Scheme = "http"
	x.Request.Major, x.Request.Minor = 1, 1
	var fr framing
	first, rest, err := cutLine(head)
	if err != nil {
		return fr, err
	}
	line, err := s.parser.requestLine(first)
	r := &x.Request
	r.Method, r.Target, r.Path, r.Query, r.HasQuery = line.method, line.target, line.path, line.query, line.hasQuery
	r.Minor = line.minor
	if err != nil {
		r.Minor = 1
		return fr, err
	}
	fields, err := s.parser.fields(rest, r.Header.Fields()[:0], &fr)
	r.Header = plugin.MakeHeader(fields)
	if err != nil {
		return fr, err
	}
	r.Host = fr.host
	x.Client = s.opts.RealIP.Client(c.peer, &r.Header)
	return fr, s.checkHead(r, line, &fr)
}

// salvage takes in what can be read of a head that is refused, as far as nginx
// would have read it: the method, for an answer to HEAD has no body, and the
// fields before the first faulty line, for the type of the answer goes by Accept.
func (s *Server) salvage(x *proxy.Exchange, head string) {
	first, rest, found := strings.Cut(head, "\r\n")
	if !found {
		return
	}
	line, err := s.parser.requestLine(first)
	if err != nil {
		return
	}
	x.Request.Method, x.Request.Minor = line.method, line.minor
	var fr framing
	fields, _ := s.parser.fields(rest, x.Request.Header.Fields()[:0], &fr) // a fault is why we are here
	x.Request.Header = plugin.MakeHeader(fields)
}

// checkHead checks what only the whole head can tell.
func (s *Server) checkHead(r *plugin.Request, line requestLine, fr *framing) error {
	if err := hostFault(fr); err != nil {
		cutBehindHost(&r.Header)
		return err
	}
	switch {
	case fr.hosts == 0 && line.minor > 0:
		return bad("no Host field")
	case line.authority != "" && fr.hosts == 1 && !plugin.EqualFold(line.authority, fr.host):
		return bad("a target and a Host that differ")
	case fr.encoded && line.minor == 0:
		return bad("Transfer-Encoding in HTTP/1.0")
	case neverAllowed(r.Method):
		return notAllowed(r.Method)
	case fr.badExpect && line.minor > 0:
		return &fault{417, "an expectation other than 100-continue"}
	}
	if line.authority != "" {
		r.Host = line.authority
	}
	return nil
}

func hostFault(fr *framing) error {
	switch {
	case fr.hosts > 1:
		return bad("two Host fields")
	case fr.hosts == 1 && !proxy.ValidHost(fr.host):
		return bad("a Host that is not valid")
	}
	return nil
}

// cutBehindHost leaves out what stands behind the last Host, for nginx refuses a
// faulty one before it reads on: an Accept behind it does not count.
func cutBehindHost(h *plugin.Header) {
	fields := h.Fields()
	for i, f := range slices.Backward(fields) {
		if plugin.EqualFold(f.Name, "Host") {
			*h = plugin.MakeHeader(fields[:i+1])
			return
		}
	}
}
