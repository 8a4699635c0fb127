// Package localbox is the sandbox that needs nothing: one detached process that
// holds the gateway and the echo backends, over a directory of manifests.
//
// # One process
//
// The process is gwctl itself, started again under a hidden command in a session
// of its own. All that it listens on is on 127.0.0.1; the admin listener is
// guarded by a token that is made anew at every start.
//
// Its parent holds both ends of a conversation with it: what to do goes in at its
// standard input, how it went comes out of its standard output (order.go). The
// parent ends the conversation with "keep"; when it ends without, because the
// parent was interrupted or killed, the process ends too. So nothing half-made
// stays, however the parent goes.
//
// # Which process is ours
//
// A number in a file proves nothing: the process may be dead and its number
// given to another program. Two things do. The process holds a lock on the file
// "alive" as long as it lives, so whoever finds it locked knows that the number
// in process.json, which was removed before the start and written under that
// lock, is ours and may be ended. And the admin listener, asked with the token,
// must name the instance that process.json names; only then it counts as running.
// What holds the lock but does not answer is stuck: it is ended and started anew.
//
// A process whose process.json is gone or names another ends by itself.
//
// # Files
//
// In the sandbox's directory, all private to the user: process.json and alive,
// which are there while the process is; gatewayd.log; and manifests/, the copy
// of the demo that people edit. Port and manifests outlive the process, so they
// belong to package sandbox.
//
// # Stand-ins
//
// There are no pods here. A Service that selects a Deployment of the same
// manifests gets echo backends in its place (standin.go), and an EndpointSlice
// that leads to them: nothing behind package source knows the difference.
package localbox
