package h1

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"time"
)

// errIdle says that a connection ended between two requests.
var errIdle = errors.New("idle connection ended")

// maxBlank is how many empty lines may stand before a request line (RFC 9112,
// 2.2, speaks of at least one).
const maxBlank = 16

// preface begins a connection of HTTP/2 (RFC 9113, 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// awaited is how far the wait for a head has come.
type awaited struct {
	scan  int  // where the line under way begins in the buffer
	blank int  // empty lines before it
	begun bool // a part of it has come, and its time runs
}

// readHead waits for a whole head and returns its length, the empty line
// included; -1 for the preface of HTTP/2.
func (c *conn) readHead() (int, error) {
	a := awaited{scan: c.r}
	for {
		n, err := c.scanHead(&a)
		if n != 0 || err != nil {
			return n, err
		}
		if err := c.fill(&a); err != nil {
			if !a.begun {
				return 0, errIdle
			}
			return 0, err
		}
	}
}

// scanHead looks for the end of the head in what has been read.
func (c *conn) scanHead(a *awaited) (int, error) {
	for {
		length, err := c.lineAt(a.scan)
		if length == 0 || err != nil {
			return 0, err
		}
		first := a.scan == c.r
		if first && length == 16 && c.requests == 0 {
			if whole, part := c.atPreface(); whole {
				return -1, nil
			} else if part {
				return 0, nil
			}
		}
		a.scan += length
		switch {
		case length == 2 && first:
			c.r = a.scan
			if a.blank++; a.blank > maxBlank {
				return 0, bad("too many empty lines before a request")
			}
		case length == 2:
			return a.scan - c.r, nil
		case a.scan-c.r > c.srv.parser.limits.Head:
			return 0, &fault{494, "the head is too long"}
		}
	}
}

// lineAt is the length of the line that begins at scan, its CRLF included, 0
// when its end has not come.
func (c *conn) lineAt(scan int) (int, error) {
	limit := c.srv.parser.limits.Line
	i := bytes.IndexByte(c.rbuf[scan:c.w], '\n')
	switch {
	case i > limit+1 || i < 0 && c.w-scan > limit+2:
		if scan == c.r {
			return 0, &fault{414, "the request line is too long"}
		}
		return 0, &fault{494, "a field is too long"}
	case i < 0:
		return 0, nil
	case i == 0 || c.rbuf[scan+i-1] != '\r':
		return 0, bad("a line does not end in CRLF")
	}
	return i + 1, nil
}

// atPreface says whether the connection begins with the preface of HTTP/2, and
// whether it still may.
func (c *conn) atPreface() (whole, part bool) {
	got := string(c.rbuf[c.r:min(c.w, c.r+len(preface))])
	part = c.srv.opts.HTTP2 != nil && got == preface[:len(got)]
	return part && len(got) == len(preface), part
}

// What a connection is doing, for Drain.
const (
	atWork  = iota
	resting // it waits for a request of which nothing has come
	nudging // Drain is about to bound that wait
	nudged
)

// fill reads more of a head. A head that comes in one piece costs no change of
// the read deadline, most of the time; one that does not has HeaderTimeout from
// its first byte to its last.
func (c *conn) fill(a *awaited) error {
	c.makeRoom(a)
	now := time.Now()
	if !a.begun && c.r == c.w && a.blank == 0 {
		c.setDeadline(now, c.srv.opts.IdleTimeout)
		c.rest.Store(resting)
		if c.srv.draining.Load() {
			c.lastWait(now)
		}
		n, err := c.nc.Read(c.rbuf[c.w:])
		c.work()
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && newSocket(c.nc).talks() {
			// The request came as the time ended: to close now would reset it.
			c.setDeadline(time.Now(), c.srv.opts.HeaderTimeout)
			n, err = c.nc.Read(c.rbuf[c.w:])
		}
		c.w += n
		if n > 0 {
			return nil
		}
		return err
	}
	if !a.begun {
		a.begun = true
		c.deadline = now.Add(c.srv.opts.HeaderTimeout)
		_ = c.nc.SetReadDeadline(c.deadline)
	}
	n, err := c.nc.Read(c.rbuf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// work ends a rest. A deadline that Drain set meanwhile is not for what follows.
func (c *conn) work() {
	if c.rest.CompareAndSwap(resting, atWork) && !c.srv.draining.Load() {
		return
	}
	for c.rest.Load() == nudging {
		runtime.Gosched()
	}
	c.rest.Store(atWork)
	c.deadline = time.Time{}
}

// nudge bounds the wait of a connection that rests, for Drain.
func (c *conn) nudge(now time.Time) {
	if c.rest.CompareAndSwap(resting, nudging) {
		c.lastWait(now)
		c.rest.Store(nudged)
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

// makeRoom makes room for more of a head.
func (c *conn) makeRoom(a *awaited) {
	switch {
	case c.r == c.w:
		a.scan, c.r, c.w = 0, 0, 0
		if len(c.rbuf) > 4*readSize && c.big == nil {
			c.rbuf = make([]byte, readSize) // a large head came once
		}
	case c.w < len(c.rbuf):
	case c.r > 0:
		copy(c.rbuf, c.rbuf[c.r:c.w])
		a.scan -= c.r
		c.r, c.w = 0, c.w-c.r
	default:
		c.rbuf = append(c.rbuf, make([]byte, len(c.rbuf))...)
	}
}

// setDeadline sets the read deadline to d from now, or up to a second later:
// moving a deadline costs more than that is worth.
func (c *conn) setDeadline(now time.Time, d time.Duration) {
	slack := min(d/4, time.Second)
	if rest := c.deadline.Sub(now); rest < d || rest > d+slack {
		c.deadline = now.Add(d + slack)
		_ = c.nc.SetReadDeadline(c.deadline)
	}
}

// lingering is how long a client may go on sending what no one will read, so
// that it gets to read its answer.
const lingering = 2 * time.Second

// linger ends the answer's side of the connection. A client that may still be
// sending is read past: closing at once would reset the connection and take the
// answer away (RFC 9112, 9.6).
func (c *conn) linger(sending bool) {
	if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
		if w.CloseWrite() != nil {
			return
		}
	}
	if !sending && c.r == c.w {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingering))
	for {
		if _, err := c.nc.Read(c.rbuf); err != nil {
			return
		}
	}
}
