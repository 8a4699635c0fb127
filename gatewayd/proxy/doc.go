// Package proxy takes one request from its head to the last byte of its answer:
// match, plugins by phase, target, upstream, and back. It behaves as Kong 3.9
// does (kong/init.lua, kong/runloop/handler.lua) and knows no wire: an engine
// such as h1 or h2 carries a request in as a Downstream, and a Transport carries
// it to the target, so any of the one joins any of the other.
//
// One atomic load of the snapshot serves a whole request; nothing that a swap
// replaces is used after that. An Exchange belongs to a connection and is used
// again, and the hot path allocates nothing but what a request truly adds.
package proxy
