package learn

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// TestHarmless: a lesson may run commands that only look, and steps, but not give
// consent in the user's place.
func TestHarmless(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"gwctl status":                              "status --name box",
		"gwctl version":                             "version",
		"gwctl tutorial step a b --check":           "tutorial step a b --check --name box",
		"gwctl tutorial step a b --check --trust":   "",
		"gwctl tutorial step --trust=true a b c":    "",
		"gwctl tutorial step a b --check --trust=1": "",
		"gwctl tutorial run a":                      "",
		"gwctl down":                                "",
		"gwctl":                                     "",
	} {
		ran := ""
		a := App{Gwctl: func(_ context.Context, _ io.Writer, args []string) int {
			ran = strings.Join(args, " ")
			return 0
		}}
		_, _, err := a.gwctl(t.Context(), command, "box")
		if refused := errors.Is(err, hint.New("NOT_HARMLESS", 0, "", "")); ran != want || refused != (want == "") {
			t.Errorf("%s: ran %q, %v; want %q", command, ran, err, want)
		}
	}
}
