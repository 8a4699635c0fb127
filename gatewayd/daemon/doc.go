// Package daemon is a whole gateway in one process: it joins a source of
// configuration, the compiler, the proxy's engines and the admin listener.
//
// One goroutine owns what changes (loop.go): it compiles what the source sends
// and swaps it in, and closes what no snapshot uses any more. Requests never
// wait for it.
package daemon
