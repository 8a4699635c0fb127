//go:build !race

package ratelimiting_test

const raceEnabled = false
