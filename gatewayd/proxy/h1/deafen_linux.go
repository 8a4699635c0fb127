package h1

import (
	"math"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// deafen makes a listener deaf to new connections, which are refused as if
// nobody listened; those in its queue stay, and those that are just being made
// still join it. Closing a listener that still hears would reset them.
func deafen(l net.Listener) {
	sc, ok := l.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	// From now on it hears what comes by a network device that does not exist.
	// Where that may not be said (before Linux 5.0), it is closed as it is.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, math.MaxInt32)
	})
}

// waiting says whether a connection waits in a listener's queue: a server that
// got no turn until its time was over has not seen it.
func waiting(l net.Listener) bool {
	sc, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	ready := 0
	err = raw.Control(func(fd uintptr) {
		ready, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	})
	return err == nil && ready > 0
}
