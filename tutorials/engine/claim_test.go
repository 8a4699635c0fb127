package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// TestFate: manifests that cannot be given back now are kept; only a sandbox that
// is gone, another one or one with manifests of the user's own needs them no more.
func TestFate(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name    string
		ours    bool
		state   sandbox.State
		created time.Time
		own     bool
		want    fate
	}{
		{"running", false, sandbox.Running, made, false, giveBack},
		{"paused", false, sandbox.Paused, made, false, wait},
		{"broken", false, sandbox.Broken, made, false, wait},
		{"absent", false, sandbox.Absent, time.Time{}, false, drop},
		{"another one", false, sandbox.Running, made.Add(1), false, drop},
		{"another one, paused", false, sandbox.Paused, made.Add(1), false, drop},
		{"manifests of the user's own", false, sandbox.Running, made, true, drop},
		{"the session's own", true, sandbox.Running, made, false, bringOff},
		{"the session's own, broken", true, sandbox.Broken, made, false, bringOff},
	}
	for _, tt := range tests {
		c := &claim{Created: made, Ours: tt.ours}
		if got := c.fate(tt.state, tt.created, tt.own); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestLater(t *testing.T) {
	t.Parallel()
	for state, want := range map[sandbox.State]string{
		sandbox.Paused: "gwctl resume --name mine,", sandbox.Broken: "gwctl up --name mine,",
	} {
		h, ok := errors.AsType[*hint.Hint]((&claim{Sandbox: "mine"}).later(state))
		if !ok || !strings.Contains(h.Advice, want) {
			t.Errorf("%s: got %+v, want advice with %q", state, h, want)
		}
	}
}
