package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

const gorace = "atexit_sleep_ms=0"

// TestMain makes the test binary the gwctl that scripts and tests run; it starts
// itself again as a sandbox's process, as gwctl does.
func TestMain(m *testing.M) {
	// A binary with the race detector sleeps a second at its end, unless told.
	_ = os.Setenv("GORACE", gorace)
	testscript.Main(m, map[string]func(){"gwctl": func() { os.Exit(run()) }})
}
