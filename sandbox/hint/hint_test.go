package hint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	port := hint.New("PORT_IN_USE", hint.PortInUse, "port 8000 is taken", "choose another: --port 8080")
	tests := []struct {
		name string
		err  error
		want hint.Code
	}{
		{"nothing", nil, hint.OK},
		{"a plain error", errors.New("oh"), hint.Unexpected},
		{"a hint", port, hint.PortInUse},
		{"a wrapped hint", fmt.Errorf("starting: %w", port), hint.PortInUse},
		{"a joined hint", errors.Join(errors.New("oh"), port), hint.PortInUse},
		{"a hint with a cause", port.Because(fs.ErrExist), hint.PortInUse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := hint.ExitCode(tt.err); got != tt.want {
				t.Errorf("got code %d, want %d", got, tt.want)
			}
		})
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	h := hint.New("X", hint.Preflight, "cannot write the state", "set XDG_STATE_HOME")
	because := h.Because(fs.ErrPermission)
	if got, want := because.Error(), "cannot write the state: permission denied"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(because, fs.ErrPermission) || !errors.Is(because, h) {
		t.Error("a hint with a cause is neither its cause nor the hint it was made of")
	}
	if errors.Is(h, fs.ErrPermission) || h.Error() != "cannot write the state" {
		t.Error("Because changed the hint that it was called on")
	}
	if errors.Is(because, hint.New("Y", hint.Preflight, "", "")) {
		t.Error("hints of different IDs are taken for the same")
	}
}

// TestCodes keeps the published numbers.
func TestCodes(t *testing.T) {
	t.Parallel()
	want := []int{0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 130}
	codes := hint.Codes()
	if len(codes) != len(want) {
		t.Fatalf("got %d codes, want %d", len(codes), len(want))
	}
	for i, c := range codes {
		if int(c.Code) != want[i] || c.Doc == "" {
			t.Errorf("code %d: got %d %q, want %d with a text", i, c.Code, c.Doc, want[i])
		}
	}
}
