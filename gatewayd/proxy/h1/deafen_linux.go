package h1

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// deafen makes a listener drop the packets that would open new connections,
// whose clients try again and are then refused; those in its queue stay. Closing
// a listener that still hears would reset them.
func deafen(l net.Listener) {
	sc, ok := l.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}} // "return 0": keep no byte of any packet
	_ = raw.Control(func(fd uintptr) {
		// Where a filter may not be attached, the listener is closed as it is.
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
	})
}
