//go:build !unix

package h1

import "net"

// alive says whether an idle connection is still open. It cannot be told here,
// so that a request that may not be sent twice gets a fresh connection.
func alive(net.Conn) bool { return false }
