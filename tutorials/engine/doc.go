// Package engine runs a lesson against a sandbox and tells of all that happens,
// in one stream of events. It has no screen: a view subscribes, draws the events
// and calls the Session's methods, one at a time, as its learner wishes. Plain
// text, JSON lines, recordings and the full screen all show the same stream.
//
// # A session
//
// Open finds or brings up a sandbox, keeps its manifests, puts the demo there and
// sets the lesson up. Advance does the next thing; nothing happens by itself.
// When the learner may act, the last event is Ready. Close gives the sandbox back
// as it was.
//
// # Owning the sandbox
//
// While a session runs the sandbox is its own. A claim in the user's state says
// which, and holds the manifests as they were; a lock beside it tells a session
// that lives from one that crashed, whose claim the next session settles first.
// A sandbox that serves the user's own manifests is never written to: the session
// then has one of its own, "gwctl-lessons", which goes when the session ends.
//
// # Truth
//
// Checks look at answers and at what the gateways tell of them: every answer is
// joined with its event by the request's id, from every instance. A volley is
// fired anew before a check when the configuration has changed since, so that a
// check never judges by what was.
//
// # Time
//
// Waits are those of the gateways' clock. With a test clock the engine moves it
// instead of waiting.
package engine
