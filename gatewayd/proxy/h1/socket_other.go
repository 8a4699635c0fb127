//go:build !unix

package h1

import "net"

// socket cannot tell here whether an idle connection is open and silent.
type socket struct{}

func newSocket(net.Conn) *socket { return nil }

// quiet says no, so that every request gets a fresh connection.
func (*socket) quiet() bool { return false }

// talks says no: it is not known.
func (*socket) talks() bool { return false }

// ask is never called, for there is no socket.
func (*socket) ask([]byte, []byte) (wrote, n int, err error) { return 0, 0, errSpoke }
