package h2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
)

// Options are what a Server needs.
type Options struct {
	Handler *proxy.Handler
	RealIP  proxy.RealIP
	// IdleTimeout is how long a connection without streams is kept (75 s when 0).
	IdleTimeout time.Duration
	// BodyTimeout bounds the wait for the next bytes of a request body, and
	// WriteTimeout the wait for a client to take more of an answer (60 s when 0).
	BodyTimeout, WriteTimeout time.Duration
	// MaxHead is the largest header list in bytes (32 KiB when 0).
	MaxHead int
	// Now is the gateway's clock.
	Now func() time.Time
	Log *slog.Logger
}

// Server serves HTTP/2 on connections that are handed to it.
type Server struct {
	opts  Options
	http  *http.Server
	conns *handover
	pool  sync.Pool
	done  chan struct{}
}

// NewServer returns a server and starts it.
func NewServer(o Options) *Server {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 75 * time.Second
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = 60 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 60 * time.Second
	}
	if o.MaxHead == 0 {
		o.MaxHead = 32 << 10
	}
	s := &Server{opts: o, conns: newHandover(), done: make(chan struct{})}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s.http = &http.Server{
		Handler: s, Protocols: &protocols, IdleTimeout: o.IdleTimeout, MaxHeaderBytes: o.MaxHead,
		ReadHeaderTimeout: 60 * time.Second,
		HTTP2:             &http.HTTP2Config{MaxReadFrameSize: 16 << 10, WriteByteTimeout: o.WriteTimeout},
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(s.conns) // ends with ErrServerClosed
	}()
	return s
}

// Take serves a connection whose first bytes, pending, have been read already.
func (s *Server) Take(c net.Conn, pending []byte) { s.conns.hand(&prefixed{Conn: c, pending: pending}) }

// Drain tells clients to open no more streams and waits for those that are open,
// or for ctx to end.
func (s *Server) Drain(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
		return fmt.Errorf("waiting for HTTP/2 streams to end: %w", err)
	}
	<-s.done
	return nil
}

// Close cuts every connection.
func (s *Server) Close() { _ = s.http.Close() }

// ServeHTTP serves one stream.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st, _ := s.pool.Get().(*stream)
	if st == nil {
		st = &stream{}
		st.x.Down = st
	}
	st.begin(s, w, r)
	if status, why := refusal(&st.x.Request, r); why != nil {
		s.opts.Handler.Reject(&st.x, status, why)
	} else {
		s.opts.Handler.Serve(&st.x)
	}
	if st.stopWatch != nil {
		st.stopWatch()
	}
	aborted := st.aborted
	st.w, st.r, st.control, st.stopWatch = nil, nil, nil, nil
	s.pool.Put(st)
	if aborted {
		panic(http.ErrAbortHandler) // resets the stream
	}
}

// refusal says why a request cannot be served, and with what status.
func refusal(q *plugin.Request, r *http.Request) (int, error) {
	if err := connectionField(&q.Header); err != nil {
		return 400, err
	}
	hosts := r.Header["Host"]
	switch {
	case q.Method == http.MethodConnect || q.Method == http.MethodTrace:
		return 405, errors.New("method " + q.Method + " is not allowed")
	// What would mean something else on the wire of HTTP/1.1 must not get there.
	case !proxy.ValidMethod(q.Method):
		return 400, errors.New("a method that is not in capital letters")
	case !proxy.ValidHost(q.Host):
		return 400, errors.New("an authority that is not valid")
	case len(hosts) > 1 || len(hosts) == 1 && !plugin.EqualFold(hosts[0], q.Host):
		return 400, errors.New("an authority and a Host that differ")
	case !validLength(r):
		return 400, errors.New("a Content-Length that is not that of the body")
	case len(r.Header["Expect"]) > 0 && !plugin.EqualFold(r.Header.Get("Expect"), "100-continue"):
		return 417, errors.New("an expectation other than 100-continue")
	}
	return 0, nil
}

// connectionField looks for fields that belong to one connection, which have no
// place in HTTP/2 (RFC 9113, 8.2.2).
func connectionField(h *plugin.Header) error {
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"} {
		if h.Count(name) > 0 {
			return errors.New("a connection-specific field in HTTP/2: " + name)
		}
	}
	if te := h.Values("te"); len(te) > 1 || len(te) == 1 && te[0] != "trailers" {
		return errors.New("TE other than trailers in HTTP/2")
	}
	return nil
}

// validLength says whether Content-Length is sound, where net/http does not: it
// takes a faulty one for none, and does not ask one of a request without a body
// (RFC 9113, 8.1.1).
func validLength(r *http.Request) bool {
	given := r.Header["Content-Length"]
	if len(given) == 0 {
		return true
	}
	rest := strings.TrimLeft(given[0], "0")
	return len(given) == 1 && given[0] != "" && strings.Trim(rest, "0123456789") == "" && (rest == "" || r.ContentLength != 0)
}

func newID() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 32)
	for range 2 {
		v := rand.Uint64()
		for shift := 60; shift >= 0; shift -= 4 {
			b = append(b, digits[v>>shift&15])
		}
	}
	return string(b)
}

func (st *stream) begin(s *Server, w http.ResponseWriter, r *http.Request) {
	st.w, st.r, st.aborted = w, r, false
	st.control, st.readBy, st.writeBy = http.NewResponseController(w), time.Time{}, time.Time{}
	st.server, st.bodyErr = s, nil
	x := &st.x
	x.Exchange.Begin(x, s.opts.Handler.Active())
	x.ID = newID()
	x.Start, x.Arrived = s.opts.Now(), time.Now()
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		x.Peer = host
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && a.Port != x.Port {
		x.Port, x.PortText = a.Port, strconv.Itoa(a.Port)
	}
	q := &x.Request
	q.Method, q.Target, q.Host = r.Method, r.RequestURI, r.Host
	q.Scheme, q.Major, q.Minor = "http", 2, 0
	q.Path, q.Query, q.HasQuery = cutQuery(r.RequestURI)
	q.Header = fieldsOf(r.Header, q.Header)
	x.Client = s.opts.RealIP.Client(x.Peer, &q.Header)
}

// handover is a listener whose connections are handed to it.
type handover struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover() *handover {
	return &handover{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handover) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		_ = c.Close()
	}
}

// Accept waits for a connection.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is no address: the connections come from another listener.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// prefixed is a connection of which some bytes have been read.
type prefixed struct {
	net.Conn
	pending []byte
}

// Read returns the pending bytes first.
func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.pending) > 0 {
		n := copy(b, p.pending)
		p.pending = p.pending[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

var _ plugin.Wire = (*proxy.Exchange)(nil)
