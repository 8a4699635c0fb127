package output

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// Format is the flag -o of a command: text for people, JSON for programs. The
// zero Format is text.
type Format struct{ name string }

func formats() []string { return []string{"text", "json"} }

// Flag adds the flag to a command.
func (f *Format) Flag(c *cobra.Command) {
	c.Flags().StringVarP(&f.name, "output", "o", "text", "text or json")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
}

// JSON reports whether JSON is wanted.
func (f *Format) JSON() (bool, error) {
	if f.name != "" && !slices.Contains(formats(), f.name) {
		return false, hint.New("USAGE", hint.Usage, fmt.Sprintf("--output %q is not known", f.name), "use -o text or -o json")
	}
	return f.name == "json", nil
}

// told is an error that the user has read already.
type told struct{ error }

// Unwrap gives the error.
func (e told) Unwrap() error { return e.error }

// Told marks an error as one that the user has read already.
func Told(err error) error { return told{err} }

// WasTold says whether Told has marked the error.
func WasTold(err error) bool {
	_, ok := errors.AsType[told](err)
	return ok
}
