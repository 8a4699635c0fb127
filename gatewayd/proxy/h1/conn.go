package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
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

	body bodyReader
	// bodyWhole says that the last of the request body has come, bodyEnded that
	// whoever read it is done with the buffer too.
	bodyWhole, bodyEnded atomic.Bool
	expects              bool // the client wants a 100 Continue before its body
	keep                 bool // the connection may be used again
	hangsUp              bool // the client said that this is its last request
	chunked              bool // the answer is chunked
	bodiless             bool
	aborted              bool
	upgraded             bool
	rest                 atomic.Int32 // resting, nudged or at work
	bodyOff              atomic.Bool  // CancelBody was called
	watch                watcher

	interim   sync.Mutex // keeps a 100 Continue out of the answer
	continues bool       // the client waits for 100 Continue
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
	c.expects, c.continues, c.chunked, c.bodiless, c.aborted = false, false, false, false, false
	c.bodyOff.Store(false)
	fr, err := c.srv.begin(c, head, id)
	if err != nil {
		return c.reject(err)
	}
	c.startBody(&fr)
	c.hangsUp = fr.closes || c.x.Request.Minor == 0 && !fr.keepsAlive
	c.keep = !c.hangsUp && c.requests < c.srv.opts.MaxRequests && !c.srv.draining.Load()
	c.srv.opts.Handler.Serve(&c.x)
	return c.after()
}

// after ends the exchange, and says whether another request may follow.
func (c *conn) after() bool {
	left := c.watch.stop()
	if c.bodyOff.Load() {
		c.deadline = time.Time{} // CancelBody has moved it
	}
	switch {
	case c.upgraded || c.aborted || left:
		return false
	case !c.keep:
		c.linger(!c.hangsUp || !c.body.done)
		return false
	}
	// SendHead has promised that what no one read of the body is at hand.
	for !c.body.done {
		if _, err := c.body.next(); err != nil {
			return false
		}
	}
	c.body.release()
	c.dropBig()
	return true
}

// bodyAtHand says whether all that is left of the request body has come.
func (c *conn) bodyAtHand() bool {
	return c.body.done || c.body.how == bodyLength && c.body.err == nil && c.body.left <= int64(c.w-c.r-c.body.held)
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
	c.bodyWhole.Store(c.body.done)
	c.expects = fr.expects && how != bodyNone && c.x.Request.Minor > 0
	c.continues = c.expects
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
		c.srv.salvage(&c.x, string(c.rbuf[c.r:c.w]))
		return c.reject(err)
	case errors.Is(err, os.ErrDeadlineExceeded) && c.w > c.r:
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
	c.expects, c.chunked, c.bodiless, c.aborted = false, false, false, false
	c.bodyOff.Store(false)
}

// reject answers a request that could not be read, and ends the connection.
func (c *conn) reject(err error) bool {
	c.keep = false
	c.body.reset(c, c.srv.parser, bodyNone, 0)
	c.bodyEnded.Store(true)
	c.srv.opts.Handler.Reject(&c.x, statusOf(err), err)
	c.watch.stop()
	c.linger(true)
	return false
}

// buffered, discard and more make conn the source of request bodies.
func (c *conn) buffered() []byte { return c.rbuf[c.r:c.w] }

func (c *conn) discard(n int) { c.r += n }

func (c *conn) more(want int) error {
	if c.bodyOff.Load() {
		return errors.New("the body is no longer wanted")
	}
	if c.expects {
		if err := c.sendContinue(); err != nil {
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

// sendContinue tells the client to send the body, unless it has its answer.
func (c *conn) sendContinue() error {
	c.interim.Lock()
	defer c.interim.Unlock()
	if !c.continues {
		return nil
	}
	c.continues = false
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.srv.opts.WriteTimeout))
	_, err := io.WriteString(c.nc, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// endContinue says that the answer begins, so that it is too late for a 100
// Continue, and whether the client still waits for it: then it cannot be known
// whether it will send the body.
func (c *conn) endContinue() bool {
	c.interim.Lock()
	defer c.interim.Unlock()
	waits := c.continues
	c.continues = false
	return waits
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
