//go:build unix

package h1

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socket does with a connection what net.Conn cannot. One that is kept costs no
// allocation to use.
type socket struct {
	raw  syscall.RawConn
	peek func(fd uintptr)
	step func(fd uintptr) bool

	silent  bool
	out, in []byte
	asked   bool
	wrote   int
	n       int
	err     error
}

// newSocket returns nil for a connection that is no socket.
func newSocket(nc net.Conn) *socket {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.peek, s.step = s.peekAt, s.askAt
	return s
}

// quiet says whether the connection is open and has nothing to say.
func (s *socket) quiet() bool {
	if s == nil {
		return true
	}
	s.silent = false
	// Control, for Read would fail where a read deadline has passed.
	return s.raw.Control(s.peek) == nil && s.silent
}

// talks says whether the connection is known to have something to say, be it
// that it has ended.
func (s *socket) talks() bool { return s != nil && !s.quiet() }

func (s *socket) peekAt(fd uintptr) {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	s.silent = err == syscall.EAGAIN
}

// ask writes out and waits for the first bytes that come back, unless the
// connection has ended or has said something before it was asked: then the error
// is errSpoke, and nothing was written. wrote may be less than the whole, with
// no error, if the rest would have to wait.
//
// A Read whose bytes have yet to come tries once, in vain, before it waits. Here
// that try stands before the write, where it tells whether the connection is
// silent; so to know it costs no more than to write and to read.
func (s *socket) ask(out, in []byte) (wrote, n int, err error) {
	s.out, s.in = out, in
	s.asked, s.wrote, s.n, s.err = false, 0, 0, nil
	err = s.raw.Read(s.step)
	s.out, s.in = nil, nil
	if err == nil {
		err = s.err
	}
	return s.wrote, s.n, err
}

// askAt is called when the socket may have bytes to read, and at first; it
// returns false to wait for them.
func (s *socket) askAt(fd uintptr) bool {
	n, no := again(syscall.Read, fd, s.in)
	switch {
	case !s.asked && no != syscall.EAGAIN:
		s.err = errSpoke
	case !s.asked:
		s.asked = true
		if s.wrote, no = again(syscall.Write, fd, s.out); no != 0 && no != syscall.EAGAIN {
			s.err = os.NewSyscallError("write", no)
		}
		return s.wrote < len(s.out)
	case no == syscall.EAGAIN:
		return false
	case no != 0:
		s.err = os.NewSyscallError("read", no)
	case n == 0:
		s.err = io.EOF
	default:
		s.n = n
	}
	return true
}

// again calls until no signal interrupts.
func again(call func(fd int, p []byte) (int, error), fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, err := call(int(fd), p)
		no, _ := err.(syscall.Errno) //nolint:errorlint // as package syscall gives it
		switch {
		case err == nil:
			return n, 0
		case no != syscall.EINTR:
			return 0, no
		}
	}
}
