package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/proxy"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// patience is how long an upstream may take before it is worth a goroutine to
// see whether the client is still there.
const patience = 25 * time.Millisecond

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
	mu   sync.Mutex
	idle []*upConn
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

// Sweep closes connections that have been idle for too long. Call it now and
// then.
func (t *Transport) Sweep(now time.Time) {
	t.mu.Lock()
	pools := make([]*pool, 0, len(t.pools))
	for _, p := range t.pools {
		pools = append(pools, p)
	}
	t.mu.Unlock()
	for _, p := range pools {
		p.mu.Lock()
		stale := 0
		for stale < len(p.idle) && now.Sub(p.idle[stale].usedAt) > t.opts.IdleTimeout {
			_ = p.idle[stale].nc.Close()
			stale++
		}
		p.idle = append(p.idle[:0], p.idle[stale:]...)
		p.mu.Unlock()
	}
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
		p.idle = nil
		p.mu.Unlock()
	}
}

func (t *Transport) pool(address string) *pool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pools[address]
	if p == nil {
		p = &pool{}
		t.pools[address] = p
	}
	return p
}

// take returns an idle connection, or nil. careful asks for one that is
// certainly open, which costs a system call.
func (t *Transport) take(p *pool, now time.Time, careful bool) *upConn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		u := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		idle := now.Sub(u.usedAt)
		if idle > t.opts.IdleTimeout || (careful || idle > time.Second) && !alive(u.nc) {
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
	full := len(p.idle) >= t.opts.MaxIdle
	if !full {
		p.idle = append(p.idle, u)
	}
	p.mu.Unlock()
	if full || t.isClosed() {
		_ = u.nc.Close()
	}
}

func (t *Transport) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// RoundTrip sends the request to the target and returns the head of its answer.
func (t *Transport) RoundTrip(x *proxy.Exchange, target *balance.Target, s *snapshot.Service, out *proxy.Outgoing) (proxy.Answer, error) {
	idempotent := out.Replay && out.Method != http.MethodPost && out.Method != http.MethodPatch && out.Method != "LOCK"
	p := t.pool(target.Address)
	for {
		u := t.take(p, time.Now(), !idempotent)
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
		u.endPump()
		// A kept connection that the target had closed meanwhile is nobody's
		// fault: the request goes out again on another.
		if u.reused && !u.answered && idempotent && !errors.Is(err.Err, os.ErrDeadlineExceeded) && !x.Down.Left() {
			continue
		}
		return nil, err
	}
}

func (t *Transport) dial(x *proxy.Exchange, target *balance.Target, s *snapshot.Service, p *pool) (*upConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.ConnectTimeout)
	defer cancel()
	nc, err := t.opts.Dial(ctx, "tcp", target.Address)
	if err == nil {
		return &upConn{t: t, nc: nc, pool: p, rbuf: make([]byte, readSize)}, nil
	}
	fail := &proxy.TripError{Err: err, Status: http.StatusBadGateway}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		fail.Unresolved = true
		fail.Status = http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		fail.Status = http.StatusGatewayTimeout
	}
	return nil, fail
}

// upConn is one connection to a target, and the answer that it carries.
type upConn struct {
	t        *Transport
	nc       net.Conn
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

	x         *proxy.Exchange
	timeout   time.Duration // between two reads
	impatient bool          // the client is being watched
	left      atomic.Bool   // and has left
	head      plugin.Head
	fields    []plugin.Field
	fr        framing
	body      bodyReader
	keep      bool
	upgraded  bool
	pumping   chan struct{} // closed when the request body has been sent
	pumpErr   error
	pumped    atomic.Bool
}

var _ proxy.Answer = (*upConn)(nil)

func (u *upConn) roundTrip(x *proxy.Exchange, s *snapshot.Service, out *proxy.Outgoing) *proxy.TripError {
	u.x, u.timeout = x, s.ReadTimeout
	u.answered, u.impatient, u.upgraded, u.keep = false, false, false, false
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
	case out.Length > 0 || bodyExpected(out.Method):
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, out.Length, 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if out.Replay {
		b = append(b, out.Body...)
	}
	u.wbuf = b
	if len(b) > writeSize || !out.Replay {
		_ = u.nc.SetWriteDeadline(time.Now().Add(limit))
	}
	_, err := u.nc.Write(b)
	if cap(u.wbuf) > 4*writeSize {
		u.wbuf = nil
	}
	if err == nil && !out.Replay {
		u.startPump(out.Length < 0, limit)
	}
	return err
}

// bodyExpected says whether a request without a body should say so
// (RFC 9110, 8.6).
func bodyExpected(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func (u *upConn) failed(err error, sent bool) *proxy.TripError {
	f := &proxy.TripError{Err: err, Status: http.StatusBadGateway, Sent: sent}
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
	for {
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
			return u.startBody(out)
		}
	}
}

// wholeHead waits for a whole head and returns its length.
func (u *upConn) wholeHead() (int, error) {
	scan := u.r
	for {
		for scan < u.w {
			i := indexByte(u.rbuf[scan:u.w], '\n')
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
		moved := u.r
		if err := u.more(1); err != nil {
			return 0, unexpected(err)
		}
		scan -= moved - u.r
	}
}

func (u *upConn) parseHead(text string) error {
	end := 0
	for end < len(text) && text[end] != '\r' {
		end++
	}
	line := text[:end]
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] < '0' || line[7] > '9' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return bad("a status line that is none")
	}
	status, err := strconv.Atoi(line[9:12])
	if err != nil || status < 100 || status > 999 || !u.t.parser.chars.all(line[9:12], isDigit) {
		return bad("a status that is none")
	}
	u.head.Status, u.head.Reason = status, ""
	if len(line) > 13 {
		u.head.Reason = line[13:]
		if !validValue(u.head.Reason) {
			return bad("a control byte in the reason phrase")
		}
	}
	u.fr = framing{}
	u.fields, err = u.t.parser.fields(text[end+2:], u.head.Header.Fields()[:0], &u.fr)
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

// startBody finds out how the body ends (RFC 9112, 6.3).
func (u *upConn) startBody(out *proxy.Outgoing) error {
	status := u.head.Status
	how, length := bodyUntilClose, int64(-1)
	switch {
	case out.Head || status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusSwitchingProtocols:
		how = bodyNone
	case u.fr.chunked:
		how = bodyChunked
	case u.fr.length >= 0:
		how, length = bodyLength, u.fr.length
	default:
		u.keep = false
	}
	u.body.reset(u, u.t.parser, how, length)
	return nil
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
	// CRLF of the chunk, the size line, and a byte or the end behind it.
	lines := 0
	for _, ch := range rest {
		if ch == '\n' {
			if lines++; lines == 3 {
				return true
			}
		}
	}
	return lines == 2 && rest[len(rest)-1] != '\n'
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
		return
	}
	u.body.release()
	clean := u.keep && u.body.done && u.body.err == nil && u.r == u.w && !u.left.Load() && u.pumpDone()
	if !clean {
		_ = u.nc.Close()
	}
	u.endPump()
	if u.impatient {
		u.x.Down.Watch(nil)
	}
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

// read waits a moment for the target and, if that is not enough, begins to watch
// the client too, so that its leaving ends the wait.
func (u *upConn) read() (int, error) {
	buf := u.rbuf[u.w:]
	now := time.Now()
	if !u.impatient && u.timeout > patience {
		_ = u.nc.SetReadDeadline(now.Add(patience))
		n, err := u.nc.Read(buf)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		u.impatient = true
		_ = u.nc.SetReadDeadline(now.Add(u.timeout))
		u.x.Down.Watch(u.leave)
	} else {
		_ = u.nc.SetReadDeadline(now.Add(u.timeout))
	}
	if u.left.Load() {
		return 0, proxy.ErrClientLeft
	}
	return u.nc.Read(buf)
}

// leave ends the exchange: the target learns of it by its connection closing.
func (u *upConn) leave() {
	u.left.Store(true)
	_ = u.nc.SetReadDeadline(time.Unix(1, 0))
}
