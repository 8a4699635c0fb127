//go:build !unix

package h1

import "net"

// peeker cannot tell here whether an idle connection is open and silent.
type peeker struct{}

func newPeeker(net.Conn) *peeker { return nil }

// quiet says no, so that every request gets a fresh connection.
func (*peeker) quiet() bool { return false }

// talks says no: it is not known.
func (*peeker) talks() bool { return false }
