// Package proxytest runs a live gateway around a set of entities, and raw peers
// on both sides of it, so that tests see what truly goes over the wire.
package proxytest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/h2"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Name is what Server and Via say in tests.
const Name = "gatewayd/test"

// Options change a gateway from what Start makes of itself.
type Options struct {
	Kinds   []plugin.Kind
	Now     func() time.Time
	Wait    func(ctx context.Context, d time.Duration) error
	Trusted []string
	// RealIPHeader is X-Real-IP when empty.
	RealIPHeader string
	Server       func(*h1.ServerOptions)
	HTTP2        func(*h2.Options)
	Transport    h1.TransportOptions
	Log          io.Writer
}

// Gateway is a gateway that serves on loopback.
type Gateway struct {
	Addr      string
	Port      int
	Handler   *proxy.Handler
	Hub       *event.Hub
	H1        *h1.Server
	H2        *h2.Server
	Transport *h1.Transport

	t      testing.TB
	opts   Options
	mu     sync.Mutex
	shared map[string]any
}

// Start serves the entities until the test ends.
func Start(t testing.TB, cfg *entity.Config, o Options) *Gateway {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = Wait
	}
	trusted, err := proxy.ParseNetworks(o.Trusted)
	if err != nil {
		t.Fatal(err)
	}
	if o.RealIPHeader == "" {
		o.RealIPHeader = "X-Real-IP"
	}
	log := slog.New(slog.DiscardHandler)
	if o.Log != nil {
		log = slog.New(slog.NewTextHandler(o.Log, nil))
	}
	g := &Gateway{t: t, opts: o, Hub: &event.Hub{}, shared: map[string]any{}, Transport: h1.NewTransport(o.Transport)}
	g.Handler = proxy.New(proxy.Options{
		Name: Name, Instance: "test", Trusted: trusted, Transport: g.Transport, Hub: g.Hub, Log: log,
	})
	realIP := proxy.RealIP{Trusted: trusted, Header: o.RealIPHeader}
	ho := h2.Options{Handler: g.Handler, RealIP: realIP, Now: o.Now, Log: log}
	if o.HTTP2 != nil {
		o.HTTP2(&ho)
	}
	g.H2 = h2.NewServer(ho)
	so := h1.ServerOptions{Handler: g.Handler, RealIP: realIP, Now: o.Now, HTTP2: g.H2.Take, Log: log}
	if o.Server != nil {
		o.Server(&so)
	}
	g.H1 = h1.NewServer(so)
	g.Swap(cfg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.Addr, g.Port = l.Addr().String(), l.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.H1.Serve(l) })
	t.Cleanup(func() {
		_ = l.Close()
		g.H1.Close()
		g.H2.Close()
		g.Transport.Close()
		serving.Wait()
	})
	return g
}

// Swap puts other entities in the place of those that are served.
func (g *Gateway) Swap(cfg *entity.Config) *snapshot.Snapshot {
	s := snapshot.Compile(cfg, snapshot.Options{Kinds: g.opts.Kinds, Env: plugin.Env{
		Now: g.opts.Now, Wait: g.opts.Wait, Log: slog.New(slog.DiscardHandler), Shared: g.open,
	}})
	g.Handler.Swap(s)
	return s
}

func (g *Gateway) open(key string, open func() (any, error)) (any, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v, ok := g.shared[key]; ok {
		return v, nil
	}
	v, err := open()
	if err == nil {
		g.shared[key] = v
	}
	return v, err
}

// Wait waits on the machine's own clock.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answer is an answer as it stood on the wire.
type Answer struct {
	Status int
	Reason string
	Header plugin.Header
	Body   string
	// Whole says that the answer ended as its framing promised.
	Whole bool
	// Open says that the connection was still open behind it.
	Open bool
}

// Dial opens a connection to the gateway.
func (g *Gateway) Dial() net.Conn {
	g.t.Helper()
	c, err := net.Dial("tcp", g.Addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// Do sends raw bytes on a fresh connection and reads one answer.
func (g *Gateway) Do(raw string) Answer {
	g.t.Helper()
	c := g.Dial()
	if _, err := io.WriteString(c, raw); err != nil {
		g.t.Fatal(err)
	}
	a, err := ReadAnswer(bufio.NewReader(c), strings.HasPrefix(raw, "HEAD "))
	if err != nil {
		g.t.Fatalf("reading the answer to %q: %v", raw, err)
	}
	return a
}

// Get sends a GET with more header lines, and reads the answer.
func (g *Gateway) Get(path string, lines ...string) Answer {
	g.t.Helper()
	return g.Do(Request("GET", path, "", lines...))
}

// Request writes a request for host gw.test.
func Request(method, path, body string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: gw.test\r\n", method, path)
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

// ReadAnswer reads one answer, whole or not; err is set when there is no head.
func ReadAnswer(r *bufio.Reader, head bool) (Answer, error) {
	var a Answer
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return a, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &a.Status); err != nil {
			return a, fmt.Errorf("status line %q", line)
		}
		if len(line) > 13 {
			a.Reason = line[13:]
		}
		a.Header = plugin.Header{}
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return a, err
			}
			line = strings.TrimSuffix(line, "\r\n")
			if line == "" {
				break
			}
			name, value, _ := strings.Cut(line, ": ")
			a.Header.Add(name, value)
		}
		if a.Status >= 200 || a.Status == 101 {
			break
		}
	}
	if head || a.Status == 101 || a.Status == 204 || a.Status == 304 {
		a.Whole = true
		return a, nil
	}
	return a, readBody(r, &a)
}

func readBody(r *bufio.Reader, a *Answer) error {
	if strings.EqualFold(a.Header.Get("Transfer-Encoding"), "chunked") {
		return readChunks(r, a)
	}
	if cl, ok := a.Header.Lookup("Content-Length"); ok {
		n, err := strconv.Atoi(cl)
		if err != nil {
			return err
		}
		b := make([]byte, n)
		got, err := io.ReadFull(r, b)
		a.Body, a.Whole = string(b[:got]), err == nil
		return nil
	}
	b, err := io.ReadAll(r)
	a.Body, a.Whole = string(b), err == nil
	return nil
}

func readChunks(r *bufio.Reader, a *Answer) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil //nolint:nilerr // the answer is there, but not whole
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return fmt.Errorf("chunk size %q", line)
		}
		if n == 0 {
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return nil //nolint:nilerr // as above
				}
				if line == "\r\n" {
					a.Whole = true
					return nil
				}
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				a.Header.Add("Trailer:"+name, value)
			}
		}
		b := make([]byte, n+2)
		got, err := io.ReadFull(r, b)
		a.Body += string(b[:max(0, min(got, int(n)))])
		if err != nil {
			return nil //nolint:nilerr // as above
		}
	}
}

// Upstream is a raw target: it records the bytes of every request and answers
// as it is told.
type Upstream struct {
	Addr string
	Port int

	mu   sync.Mutex
	seen []Seen
}

// Seen is a request as it stood on the wire.
type Seen struct {
	Line   string
	Header plugin.Header
	Body   string
	// Conn numbers the connection that it came on.
	Conn int
	// Whole says that its body ended as its framing promised.
	Whole bool
}

// NewUpstream starts a target that sends answer, raw, to every request. A nil
// answer echoes a short 200.
func NewUpstream(t testing.TB, answer func(s Seen, c net.Conn) (again bool)) *Upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}
	if answer == nil {
		answer = func(_ Seen, c net.Conn) bool { return Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
	}
	var wg sync.WaitGroup
	var open sync.Map
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, nil)
			wg.Go(func() {
				defer open.Delete(c)
				defer c.Close()
				u.serve(c, n, answer)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(k, _ any) bool { _ = k.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return u
}

// Reply writes raw bytes, and says that the connection may go on.
func Reply(c net.Conn, raw string) bool {
	_, err := io.WriteString(c, raw)
	return err == nil
}

func (u *Upstream) serve(c net.Conn, n int, answer func(Seen, net.Conn) bool) {
	r := bufio.NewReader(c)
	for {
		s, err := readRequest(r)
		if err != nil {
			return
		}
		s.Conn = n
		u.mu.Lock()
		u.seen = append(u.seen, s)
		u.mu.Unlock()
		if !answer(s, c) {
			return
		}
	}
}

func readRequest(r *bufio.Reader) (Seen, error) {
	var s Seen
	line, err := r.ReadString('\n')
	if err != nil {
		return s, err
	}
	s.Line = strings.TrimSuffix(line, "\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return s, err
		}
		if line == "\r\n" {
			break
		}
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
		if !ok {
			return s, errors.New("field line " + line)
		}
		s.Header.Add(name, value)
	}
	a := Answer{Header: s.Header}
	if s.Header.Count("Content-Length")+s.Header.Count("Transfer-Encoding") > 0 {
		if err := readBody(r, &a); err != nil {
			return s, err
		}
		s.Body, s.Whole, s.Header = a.Body, a.Whole, a.Header
	} else {
		s.Whole = true
	}
	return s, nil
}

// Seen lists the requests so far.
func (u *Upstream) Seen() []Seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Seen(nil), u.seen...)
}

// Last is the last request; it fails the test when there is none.
func (u *Upstream) Last(t testing.TB) Seen {
	t.Helper()
	s := u.Seen()
	if len(s) == 0 {
		t.Fatal("the upstream saw no request")
	}
	return s[len(s)-1]
}

// To makes a configuration with one service at the upstream and one route that
// takes every request, for the caller to change.
func To(u *Upstream) *entity.Config {
	s := entity.NewService()
	s.ID, s.Name, s.Host, s.Port = "service-1", "svc", "127.0.0.1", u.Port
	r := entity.NewRoute()
	r.ID, r.Name, r.ServiceID, r.Paths = "route-1", "all", s.ID, []string{"/"}
	return &entity.Config{Services: []entity.Service{s}, Routes: []entity.Route{r}}
}

// Dump lists the fields of a header one a line.
func Dump(h plugin.Header) string {
	var b bytes.Buffer
	for _, f := range h.Fields() {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}
