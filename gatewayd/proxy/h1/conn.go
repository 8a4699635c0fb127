package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy"
)

const (
	readSize  = 4 << 10
	writeSize = 4 << 10
	bigRead   = 64 << 10
)

// conn is one client's connection. One goroutine serves it; another reads ahead
// while an upstream takes its time (watch.go).
type conn struct {
	srv      *Server
	nc       net.Conn
	peer     string
	x        proxy.Exchange
	rbuf     []byte // rbuf[r:w] has been read and not used
	r, w     int
	wbuf     []byte
	scratch  []byte
	big      *[]byte // a large buffer, lent while a large body streams
	small    []byte  // rbuf meanwhile
	deadline time.Time
	wrote    time.Time // when the write deadline was set last
	requests int

	body      bodyReader
	bodyEnded atomic.Bool
	continues bool // the client waits for 100 Continue
	keep      bool // the connection may be used again
	chunked   bool // the answer is chunked
	bodiless  bool
	aborted   bool
	upgraded  bool
	idle      atomic.Bool
	bodyOff   atomic.Bool // CancelBody was called
	watch     watcher
}

var _ proxy.Downstream = (*conn)(nil)

func newConn(s *Server, nc net.Conn, port int, portText string) *conn {
	c := &conn{srv: s, nc: nc, rbuf: make([]byte, readSize), wbuf: make([]byte, 0, writeSize)}
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = a.AddrPort().Addr().Unmap().String()
	}
	c.x.Down, c.x.Port, c.x.PortText = c, port, portText
	c.watch.c = c
	return c
}

func (c *conn) serve() {
	defer func() {
		c.dropBig()
		if !c.upgraded {
			_ = c.nc.Close()
		}
	}()
	for c.one() {
	}
}

// one serves one request, and says whether another may follow.
func (c *conn) one() bool {
	n, err := c.readHead()
	if err != nil {
		return c.headFailed(err)
	}
	if n < 0 { // HTTP/2
		c.upgraded = true
		_ = c.nc.SetDeadline(time.Time{})
		c.srv.opts.HTTP2(c.nc, bytes.Clone(c.rbuf[c.r:c.w]))
		return false
	}
	c.requests++
	head, id := c.cutHead(n)
	c.x.Arrived = time.Now()
	c.continues, c.chunked, c.bodiless, c.aborted = false, false, false, false
	c.bodyOff.Store(false)
	fr, err := c.srv.begin(c, head, id)
	if err != nil {
		return c.reject(err)
	}
	c.startBody(&fr)
	c.keep = !c.srv.draining.Load() && c.requests < c.srv.opts.MaxRequests && !fr.closes &&
		(c.x.Request.Minor > 0 || fr.keepsAlive)
	c.srv.opts.Handler.Serve(&c.x)
	return c.after()
}

// after ends the exchange, and says whether another request may follow.
func (c *conn) after() bool {
	left := c.watch.stop()
	switch {
	case c.upgraded || c.aborted || left:
		return false
	case !c.keep:
		c.linger()
		return false
	}
	// A body that no one read is read past, if it is small and there.
	for !c.body.done {
		if c.body.how == bodyLength && c.body.left > int64(c.w-c.r) || c.continues {
			c.linger()
			return false
		}
		if _, err := c.body.next(); err != nil && !errors.Is(err, io.EOF) {
			return false
		}
	}
	c.body.release()
	c.dropBig()
	return true
}

func (c *conn) startBody(fr *framing) {
	how, length := bodyNone, int64(0)
	switch {
	case fr.chunked:
		how = bodyChunked
	case fr.length > 0:
		how, length = bodyLength, fr.length
	}
	c.body.reset(c, c.srv.parser, how, length)
	c.bodyEnded.Store(c.body.done)
	c.continues = fr.expects && how != bodyNone && c.x.Request.Minor > 0
}

// errIdle says that a connection ended between two requests.
var errIdle = errors.New("idle connection ended")

// readHead waits for a whole head and returns its length, the empty line
// included; -1 for the preface of HTTP/2.
func (c *conn) readHead() (int, error) {
	scan := c.r // where the line under way begins
	first := true
	for {
		n, next, err := c.scanHead(scan, &first)
		if n != 0 || err != nil {
			return n, err
		}
		scan = next
		atStart := c.r == c.w
		if err := c.fill(&scan, atStart); err != nil {
			if atStart {
				return 0, errIdle
			}
			return 0, err
		}
	}
}

// scanHead looks for the end of the head in what has been read, from the line
// that begins at scan.
func (c *conn) scanHead(scan int, first *bool) (n, next int, err error) {
	limits := c.srv.parser.limits
	if *first && c.w-c.r >= 3 && c.rbuf[c.r] == 'P' && c.requests == 0 && c.srv.opts.HTTP2 != nil && bytes.HasPrefix(c.rbuf[c.r:c.w], []byte("PRI")) {
		return -1, scan, nil
	}
	for {
		i := bytes.IndexByte(c.rbuf[scan:c.w], '\n')
		if i < 0 {
			if c.w-scan > limits.Line+2 {
				return 0, scan, c.tooLong(scan)
			}
			return 0, scan, nil
		}
		if i == 0 || c.rbuf[scan+i-1] != '\r' {
			return 0, scan, bad("a line does not end in CRLF")
		}
		if i > limits.Line+1 {
			return 0, scan, c.tooLong(scan)
		}
		scan += i + 1
		if i == 1 {
			if scan-2 == c.r { // an empty line before the request line (RFC 9112, 2.2)
				c.r = scan
				continue
			}
			return scan - c.r, scan, nil
		}
		if scan-c.r > limits.Head {
			return 0, scan, &fault{494, "the head is too long"}
		}
	}
}

func (c *conn) tooLong(scan int) error {
	if scan == c.r {
		return &fault{414, "the request line is too long"}
	}
	return &fault{494, "a field is too long"}
}

// fill reads more of a head. scan moves along when the buffer does.
func (c *conn) fill(scan *int, atStart bool) error {
	if atStart {
		*scan -= c.r
		c.r, c.w = 0, 0
		*scan = 0
	}
	if c.w == len(c.rbuf) {
		if c.r > 0 {
			copy(c.rbuf, c.rbuf[c.r:c.w])
			*scan -= c.r
			c.r, c.w = 0, c.w-c.r
		} else {
			c.rbuf = append(c.rbuf, make([]byte, len(c.rbuf))...)
		}
	}
	now := time.Now()
	if atStart {
		c.setDeadline(now, c.srv.opts.IdleTimeout)
		c.idle.Store(true)
		if c.srv.draining.Load() {
			c.lastWait(now)
		}
	} else if c.x.Arrived.IsZero() || c.deadline.Sub(now) > c.srv.opts.HeaderTimeout || c.deadline.IsZero() {
		c.deadline = time.Time{}
		c.setDeadline(now, c.srv.opts.HeaderTimeout)
	}
	n, err := c.nc.Read(c.rbuf[c.w:])
	c.w += n
	c.idle.Store(false)
	if n > 0 {
		return nil
	}
	return err
}

// setDeadline sets the read deadline to d from now, unless the one that is set
// is within a second of it: moving a deadline costs more than it is worth.
func (c *conn) setDeadline(now time.Time, d time.Duration) {
	want := now.Add(d)
	if diff := want.Sub(c.deadline); diff > time.Second || diff < -time.Second {
		c.deadline = want.Add(time.Second / 2)
		_ = c.nc.SetReadDeadline(c.deadline)
	}
}

// cutHead copies the head and a fresh id into one string, the one allocation
// that a request costs here.
func (c *conn) cutHead(n int) (head, id string) {
	c.scratch = append(c.scratch[:0], c.rbuf[c.r:c.r+n-2]...)
	c.scratch = appendID(c.scratch)
	s := string(c.scratch)
	c.r += n
	if cap(c.scratch) > 4*readSize {
		c.scratch = nil
	}
	return s[:n-2], s[n-2:]
}

func appendID(b []byte) []byte {
	const digits = "0123456789abcdef"
	for range 2 {
		v := rand.Uint64()
		for shift := 60; shift >= 0; shift -= 4 {
			b = append(b, digits[v>>shift&15])
		}
	}
	return b
}

// headFailed ends a connection whose head could not be read.
func (c *conn) headFailed(err error) bool {
	var f *fault
	switch {
	case errors.As(err, &f):
		c.newExchange()
		return c.reject(err)
	case errors.Is(err, os.ErrDeadlineExceeded) && c.w > c.r && !c.srv.draining.Load():
		c.newExchange()
		return c.reject(&fault{408, "the head took too long"})
	}
	return false
}

// newExchange begins an exchange of which nothing is known but that it failed.
func (c *conn) newExchange() {
	x := &c.x
	x.Exchange.Begin(x, c.srv.opts.Handler.Active())
	x.ID = string(appendID(nil))
	x.Start, x.Arrived = c.srv.opts.Now(), time.Now()
	x.Peer, x.Client = c.peer, c.peer
	x.Request.Scheme, x.Request.Major, x.Request.Minor = "http", 1, 1
	c.chunked, c.bodiless, c.aborted = false, false, false
	c.bodyOff.Store(false)
}

// reject answers a request that could not be read, and ends the connection.
func (c *conn) reject(err error) bool {
	c.keep = false
	c.body.reset(c, c.srv.parser, bodyNone, 0)
	c.bodyEnded.Store(true)
	c.srv.opts.Handler.Reject(&c.x, statusOf(err), err)
	c.watch.stop()
	c.linger()
	return false
}

// linger closes in a way that lets the client read the answer, although it may
// still be sending: a reset would take the answer away.
func (c *conn) linger() {
	if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
		if w.CloseWrite() != nil {
			return
		}
	}
	if c.body.done && c.r == c.w && c.body.how == bodyNone {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(time.Second))
	for range 64 {
		if _, err := c.nc.Read(c.rbuf); err != nil {
			return
		}
	}
}

// lastWait bounds the wait for a request while the server drains. A connection
// that is new has been promised to be served.
func (c *conn) lastWait(now time.Time) {
	until := time.Unix(0, c.srv.drainUntil.Load())
	if fresh := now.Add(time.Second); c.requests == 0 && until.Before(fresh) {
		until = fresh
	}
	_ = c.nc.SetReadDeadline(until)
}

// wakeIfIdle bounds the wait for a next request.
func (c *conn) wakeIfIdle(until time.Time) {
	if c.idle.Load() {
		_ = c.nc.SetReadDeadline(until)
	}
}

// buffered, discard and more make conn the source of request bodies.
func (c *conn) buffered() []byte { return c.rbuf[c.r:c.w] }

func (c *conn) discard(n int) { c.r += n }

func (c *conn) more(want int) error {
	if c.bodyOff.Load() {
		return errors.New("the body is no longer wanted")
	}
	if c.continues {
		c.continues = false
		if _, err := io.WriteString(c.nc, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return err
		}
	}
	switch {
	case c.r == c.w:
		c.r, c.w = 0, 0
		if want >= 2*readSize && c.big == nil && len(c.rbuf) <= readSize {
			c.borrowBig()
		}
	case c.w == len(c.rbuf) && c.r > 0:
		copy(c.rbuf, c.rbuf[c.r:c.w])
		c.r, c.w = 0, c.w-c.r
	case c.w == len(c.rbuf):
		c.rbuf = append(c.rbuf, make([]byte, len(c.rbuf))...)
	}
	c.setDeadline(time.Now(), c.srv.opts.BodyTimeout)
	if c.bodyOff.Load() {
		return errors.New("the body is no longer wanted")
	}
	n, err := c.nc.Read(c.rbuf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.watch.markLeft()
	}
	return err
}

func (c *conn) borrowBig() {
	c.big = c.srv.buffers.get()
	c.small, c.rbuf = c.rbuf, *c.big
}

// dropBig gives a large buffer back once nothing is left in it.
func (c *conn) dropBig() {
	if c.big != nil && c.r == c.w {
		c.srv.buffers.put(c.big)
		c.rbuf, c.small, c.big = c.small, nil, nil
		c.r, c.w = 0, 0
	}
}

// Context ends when the client leaves.
func (c *conn) Context() context.Context { return c.watch.context() }

// Watch calls leave if the client leaves before the exchange ends.
func (c *conn) Watch(leave func()) { c.watch.start(leave) }

// Left says whether the client is known to have left.
func (c *conn) Left() bool { return c.watch.left.Load() }
