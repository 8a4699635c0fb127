//go:build unix

package h1

import (
	"net"
	"syscall"
)

// peeker looks whether an idle connection has anything to say, without reading
// it. It is made once for a connection, so that looking costs no allocation.
type peeker struct {
	raw    syscall.RawConn
	look   func(fd uintptr)
	buf    [1]byte
	silent bool
}

// newPeeker returns nil for a connection that is no socket.
func newPeeker(nc net.Conn) *peeker {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.look = func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), p.buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.silent = err == syscall.EAGAIN
	}
	return p
}

// quiet says whether the connection is open and has nothing to say.
func (p *peeker) quiet() bool {
	if p == nil {
		return true
	}
	p.silent = false
	// Control, for Read would fail where a read deadline has passed.
	return p.raw.Control(p.look) == nil && p.silent
}

// talks says whether the connection is known to have something to say, be it
// that it has ended.
func (p *peeker) talks() bool { return p != nil && !p.quiet() }
