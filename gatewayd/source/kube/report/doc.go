// Package report writes what became of objects back to them: the condition
// Programmed and Events on Kong's kinds, Events on what else is faulty, and the
// gateway's address on Ingresses.
//
// # Who writes
//
// One gateway of several: whoever holds the Lease (Lead). The others keep the
// newest result, so that any of them can go on. Losing the Lease, or the API
// server, changes nothing for those who are served.
//
// # When
//
// A result is compared with what stands on the objects, and only differences are
// written. An Event is named by what it says, so a new leader tells nothing twice;
// a problem that has gone and comes again raises the Event's count. Everything is
// looked at again every minute, for writes that failed.
package report
