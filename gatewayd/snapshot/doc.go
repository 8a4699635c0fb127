// Package snapshot compiles entities into the immutable model that is served:
// a router, routes with their plugin chains, services with their balancers, and
// a directory of consumers.
//
// Compile is pure but for what it opens through the shared values of its Env: no
// clock, no network, and equal entities give snapshots that behave alike. There
// are no deltas; every change compiles a whole snapshot, which one atomic store
// puts in the place of the last. A fault hurts only what uses it: a route that a
// faulty plugin should have guarded answers 500, and the rest is served.
package snapshot
