// Package hush keeps the terminal from being asked anything before main runs. Bubble
// Tea asks for the background's colour when it is linked, in every program and for
// every command: a screen reader would read it, what was typed ahead would be taken
// for the answer, and a terminal that knows no answer would hold each command up for
// seconds.
//
// It does so by what Termenv, which asks, takes for no terminal: the variable CI. Go
// initializes packages in the order of their import paths as soon as what they import
// is; this one imports os alone and stands before github.com/muesli/termenv, without
// which Bubble Tea is not initialized.
package hush

import "os"

// variable is what Termenv looks at.
const variable = "CI"

var hushed = hush() //nolint:gochecknoglobals // there is no other way to run before Bubble Tea does

func hush() bool {
	if os.Getenv(variable) != "" {
		return false
	}
	return os.Setenv(variable, "true") == nil
}

// Over makes the environment as it was. Whoever imports Bubble Tea calls it before
// main runs.
func Over() {
	if hushed {
		_ = os.Unsetenv(variable)
	}
}
