//go:build race

package ratelimiting_test

// raceEnabled says that a sync.Pool forgets at random, so that allocations
// cannot be counted.
const raceEnabled = true
