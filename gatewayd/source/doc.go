// Package source says what a gateway's configuration is read from: something
// that sends complete sets of objects.
//
// # Complete sets
//
// A source never sends what changed, it sends everything that there is. Each Set
// takes the place of the one before, so nothing depends on the order of events,
// and no state can be wrong by its history. A Set is a value: nobody writes to
// it, or to an object in it, once it has been sent. An object that has not
// changed may be in several sets.
//
// # One shape
//
// Files and an API server end in the same types. Behind this package nobody can
// tell where a Set came from, but for Origin, which is for messages alone.
//
// # Settling
//
// Changes come in bursts: an editor writes a file in three events, kubectl apply
// a directory in thirty. Settle waits until they are over.
package source
