package tui

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/clock"
)

// TestMaskedError: what nobody is to see does not stand in what went wrong either.
func TestMaskedError(t *testing.T) {
	t.Parallel()
	o := Options{Clock: clock.System{}, Mask: strings.NewReplacer("my-own-key", "my-o******").Replace}
	m := newModel(t.Context(), o, newLook(io.Discard, o))
	m.ended(errors.New("sending my-own-key"))
	if got := m.text.blocks[len(m.text.blocks)-1].text; got != "sending my-o******." {
		t.Errorf("got %q", got)
	}
}
