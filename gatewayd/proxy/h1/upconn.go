package h1

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

const (
	// maxInterim is how many heads an answer may have, all but the last of them
	// 1xx.
	maxInterim = 100
	// protocol begins every status line.
	protocol = "HTTP/1."
)

// upConn is one connection to a target, and the answer that it carries.
type upConn struct {
	t        *Transport
	nc       net.Conn
	sock     *socket // nil if it is none
	pool     *pool
	usedAt   time.Time
	requests int
	reused   bool
	answered bool // a byte of the answer has come

	rbuf  []byte
	r, w  int
	big   *[]byte
	small []byte
	wbuf  []byte

	x        *proxy.Exchange
	timeout  time.Duration // between two reads
	watch    *leaver       // of the client, once the target takes its time
	left     atomic.Bool   // the client has left
	limited  bool          // a write deadline is set
	waited   bool          // the target took longer than a moment
	head     plugin.Head
	fields   []plugin.Field
	fr       framing
	body     bodyReader
	keep     bool
	upgraded bool
	pumping  chan struct{} // closed when the request body has been sent
	pumpErr  error
	pumped   atomic.Bool
}

var _ proxy.Answer = (*upConn)(nil)

func (u *upConn) roundTrip(x *proxy.Exchange, s *snapshot.Service, out *proxy.Outgoing) *proxy.TripError {
	u.x, u.timeout = x, s.ReadTimeout
	u.answered, u.waited, u.upgraded, u.keep = false, false, false, false
	u.left.Store(false)
	u.r, u.w = 0, 0
	u.pumping, u.pumpErr = nil, nil
	u.pumped.Store(true)
	if err := u.send(out, s.WriteTimeout); err != nil {
		return u.failed(err, true)
	}
	if err := u.readHead(out); err != nil {
		return u.failed(err, true)
	}
	return nil
}

// send writes the head, and the body with it where it is at hand; a longer one
// is sent by a goroutine of its own, for the answer may come before its end.
func (u *upConn) send(out *proxy.Outgoing, limit time.Duration) error {
	b := u.wbuf[:0]
	b = append(b, out.Method...)
	b = append(b, ' ')
	b = append(b, out.Path...)
	b = append(b, " HTTP/1.1\r\n"...)
	for _, f := range out.Fields {
		b = appendField(b, f)
	}
	switch {
	case out.Length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case out.Length > 0 || out.SayEmpty:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, out.Length, 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if out.Replay {
		b = append(b, out.Body...)
	}
	u.wbuf = b
	switch {
	case len(b) > writeSize || !out.Replay:
		u.limited = true
		_ = u.nc.SetWriteDeadline(time.Now().Add(limit))
	case u.limited: // a small request fits the socket's buffer
		u.limited = false
		_ = u.nc.SetWriteDeadline(time.Time{})
	}
	err := u.write(b, out.Replay)
	if cap(u.wbuf) > 4*writeSize {
		u.wbuf = nil
	}
	if err == nil && !out.Replay {
		u.startPump(out.Length < 0, limit)
	}
	return err
}

// errSpoke says that a kept connection has ended, or has said something that it
// was not asked: it would be taken for the answer to the next request, whoever's
// that is.
var errSpoke = errors.New("the target spoke unasked")

// write sends a request, or its head, where the connection is silent. The first
// bytes of the answer to a whole one may come with it.
func (u *upConn) write(b []byte, whole bool) error {
	if !u.reused || u.sock == nil || !whole || len(b) > writeSize {
		if u.reused && !u.sock.quiet() {
			return errSpoke
		}
		_, err := u.nc.Write(b)
		return err
	}
	_ = u.nc.SetReadDeadline(time.Now().Add(min(patience, u.timeout)))
	wrote, n, err := u.sock.ask(b, u.rbuf)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && u.timeout > patience:
		u.waited = true
		return nil
	case err != nil:
		return err
	case wrote < len(b):
		_, err = u.nc.Write(b[wrote:])
		return err
	}
	u.w, u.answered = n, true
	return nil
}

func (u *upConn) failed(err error, sent bool) *proxy.TripError {
	var none *fault
	f := &proxy.TripError{Err: err, Status: http.StatusBadGateway, Sent: sent, Invalid: errors.As(err, &none)}
	switch {
	case u.left.Load() || u.x.Down.Left():
		f.Err, f.Status = proxy.ErrClientLeft, 499
	case u.pumped.Load() && u.pumpErr != nil && errors.Is(u.pumpErr, proxy.ErrRequestBody):
		f.Err = u.pumpErr
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.Status = http.StatusGatewayTimeout
	}
	return f
}

// readHead reads heads until the final one.
func (u *upConn) readHead(out *proxy.Outgoing) error {
	for range maxInterim {
		n, err := u.wholeHead()
		if err != nil {
			return err
		}
		text := string(u.rbuf[u.r : u.r+n-2])
		u.r += n
		if err := u.parseHead(text); err != nil {
			return err
		}
		if u.head.Status >= 200 || u.head.Status == http.StatusSwitchingProtocols {
			u.startBody(out)
			return nil
		}
	}
	return bad("too many interim answers")
}

// wholeHead waits for a whole head and returns its length.
func (u *upConn) wholeHead() (int, error) {
	scan := u.r
	for {
		for scan < u.w {
			i := bytes.IndexByte(u.rbuf[scan:u.w], '\n')
			if i < 0 {
				break
			}
			if i == 0 || u.rbuf[scan+i-1] != '\r' {
				return 0, bad("a line of the answer does not end in CRLF")
			}
			scan += i + 1
			if i == 1 {
				if scan-2 == u.r {
					return 0, bad("an answer without a status line")
				}
				return scan - u.r, nil
			}
		}
		if u.w-u.r > u.t.parser.limits.Head {
			return 0, bad("the head of the answer is too long")
		}
		if n := min(u.w-u.r, len(protocol)); string(u.rbuf[u.r:u.r+n]) != protocol[:n] {
			return 0, bad("a status line that is none")
		}
		moved := u.r
		if err := u.more(1); err != nil {
			return 0, unexpected(err)
		}
		scan -= moved - u.r
	}
}

func (u *upConn) parseHead(text string) error {
	line, rest, err := cutLine(text)
	if err != nil {
		return err
	}
	if u.head.Status, u.head.Reason, err = u.t.parser.statusLine(line); err != nil {
		return err
	}
	u.fr = framing{}
	u.fields, err = u.t.parser.fields(rest, u.head.Header.Fields()[:0], &u.fr)
	u.head.Header = plugin.MakeHeader(u.fields)
	if err != nil {
		return err
	}
	old := line[7] == '0'
	if old && u.fr.encoded {
		return bad("Transfer-Encoding in an answer of HTTP/1.0")
	}
	u.keep = !u.fr.closes && (!old || u.fr.keepsAlive)
	return nil
}

// statusLine reads the first line of an answer, without its CRLF.
func (p *parser) statusLine(line string) (status int, reason string, err error) {
	if len(line) < 12 || line[:7] != protocol || line[7] < '0' || line[7] > '9' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, "", bad("a status line that is none")
	}
	if !p.chars.all(line[9:12], isDigit) || line[9] == '0' {
		return 0, "", bad("a status that is none")
	}
	status = 100*int(line[9]-'0') + 10*int(line[10]-'0') + int(line[11]-'0')
	if len(line) > 13 {
		reason = line[13:]
		if !validValue(reason) {
			return 0, "", bad("a control byte in the reason phrase")
		}
	}
	return status, reason, nil
}

// startBody finds out how the body ends (RFC 9112, 6.3).
func (u *upConn) startBody(out *proxy.Outgoing) {
	status := u.head.Status
	how, length := bodyUntilClose, int64(-1)
	switch {
	case status == http.StatusSwitchingProtocols:
		how, u.keep = bodyNone, false // it speaks HTTP no longer
	case out.Head || status == http.StatusNoContent || status == http.StatusNotModified:
		how = bodyNone
	case u.fr.chunked:
		how = bodyChunked
	case u.fr.length >= 0:
		how, length = bodyLength, u.fr.length
	default:
		u.keep = false
	}
	u.body.reset(u, u.t.parser, how, length)
}

// Head is the head of the answer.
func (u *upConn) Head() *plugin.Head { return &u.head }

// Length is the length of the body that the head names, -1 for none.
func (u *upConn) Length() int64 {
	if u.fr.chunked {
		return -1
	}
	return u.fr.length
}

// Next returns the next bytes of the body.
func (u *upConn) Next() ([]byte, error) {
	p, err := u.body.next()
	if err != nil && u.left.Load() {
		return nil, proxy.ErrClientLeft
	}
	return p, err
}

// Ready says whether Next would return at once.
func (u *upConn) Ready() bool {
	return u.body.done || u.body.how == bodyLength && u.w-u.r > u.body.held || u.body.how == bodyChunked && u.chunkReady()
}

// chunkReady says whether the end of the body or more of it is at hand.
func (u *upConn) chunkReady() bool {
	rest := u.rbuf[u.r+u.body.held : u.w]
	if u.body.left > 0 {
		return len(rest) > 0
	}
	// CRLF of the chunk, the size line, and a byte behind it.
	for range 2 {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return len(rest) > 0
}

// Trailer holds the trailer fields.
func (u *upConn) Trailer() []plugin.Field { return u.body.trailer }

// Upgraded hands the connection over.
func (u *upConn) Upgraded() (io.ReadWriteCloser, []byte) {
	u.upgraded = true
	_ = u.nc.SetDeadline(time.Time{})
	return u.nc, u.rbuf[u.r:u.w]
}

// Close gives the connection back. It is used again only when nothing of this
// exchange is left on it in either direction.
func (u *upConn) Close() {
	if u.upgraded {
		u.endWatch()
		return
	}
	u.body.release()
	clean := u.keep && u.body.done && u.body.err == nil && u.r == u.w && !u.left.Load() && u.pumpEnds()
	if !clean {
		_ = u.nc.Close()
	}
	u.endWatch()
	u.endPump()
	if u.big != nil {
		u.t.buffers.put(u.big)
		u.rbuf, u.big, u.small = u.small, nil, nil
	}
	u.x = nil
	if clean {
		u.t.give(u)
	}
}

// buffered, discard and more make upConn the source of its answer.
func (u *upConn) buffered() []byte { return u.rbuf[u.r:u.w] }

func (u *upConn) discard(n int) { u.r += n }

func (u *upConn) more(want int) error {
	switch {
	case u.r == u.w:
		u.r, u.w = 0, 0
		if want >= 2*readSize && u.big == nil {
			u.big = u.t.buffers.get()
			u.small, u.rbuf = u.rbuf, *u.big
		}
	case u.w == len(u.rbuf) && u.r > 0:
		copy(u.rbuf, u.rbuf[u.r:u.w])
		u.r, u.w = 0, u.w-u.r
	case u.w == len(u.rbuf):
		u.rbuf = append(u.rbuf, make([]byte, len(u.rbuf))...)
	}
	n, err := u.read()
	u.w += n
	if n > 0 {
		u.answered = true
		return nil
	}
	return err
}
