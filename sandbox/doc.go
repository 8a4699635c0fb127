// Package sandbox is a gateway to play with: it comes up, says what it serves,
// can be set back, and goes without a trace.
//
// # Runtimes
//
// What carries a sandbox is a Runtime: a process on this machine (localbox), a
// kind cluster of its own (kindbox), or a part of a cluster that is there already
// (clusterbox). A Runtime gives the steps of coming up and tells where its
// gateways are; everything else is here and the same for all: names, the lock,
// what is remembered, the first requests. What only some can do is an interface
// of its own (Pauser, Clustered, Logger), so that no runtime has to pretend. A
// sandbox keeps the runtime that it was made with.
//
// # What is remembered
//
// Each sandbox has a directory under the user's state directory,
// $XDG_STATE_HOME/gwctl/NAME, which is private to the user and goes with Down. Its
// sandbox.json holds what outlives a gateway: the runtime, the user's own
// manifests if any, and the port, so that the address stays over restarts. For
// clusters it is there before anything is made, and stays when something could not
// be removed, so that whoever comes after a crash knows what to look for. Beside
// the directories lie the locks, NAME.lock: whoever changes a sandbox holds its.
// Looking at one needs no lock.
//
// # Coming up
//
// Up is an ordered list of steps (package step). Each finds out what there is
// and does what is missing, so Up twice is safe, and Up after a crash heals.
// When a step fails, or its context ends, what Up began is undone. The last step
// is a real request through the gateway; what it counted is cleared, so the
// first to come finds every quota whole.
package sandbox
