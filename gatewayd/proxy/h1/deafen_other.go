//go:build !linux

package h1

import "net"

// deafen does nothing where there is no way to empty a listener's queue first.
func deafen(net.Listener) {}

// waiting cannot tell here whether a connection waits in the queue.
func waiting(net.Listener) bool { return false }
