package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// leaping is a clock that is there at once when one waits.
type leaping struct{ now time.Time }

func (l *leaping) Now() time.Time { return l.now }

func (l *leaping) Wait(ctx context.Context, d time.Duration) error {
	l.now = l.now.Add(d)
	return ctx.Err()
}

// TestUntilSettled: while gateways take the place of others, they are looked for again for a
// while; the last error is what is told.
func TestUntilSettled(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	tests := []struct {
		name  string
		fails int // this often
		again bool
		tries int
		want  error
	}{
		{"all are there", 0, true, 1, nil},
		{"one has just gone", 3, true, 4, nil},
		{"one has gone for good", 1000, true, 1 + int(rollTimeout/rollPause), gone},
		{"none can come", 1000, false, 1, gone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			err := untilSettled(t.Context(), &leaping{}, func() (bool, error) {
				if tries++; tries <= tt.fails {
					return tt.again, gone
				}
				return tt.again, nil
			})
			if !errors.Is(err, tt.want) || tries != tt.tries {
				t.Errorf("got %v after %d tries, want %v after %d", err, tries, tt.want, tt.tries)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := untilSettled(ctx, &leaping{}, func() (bool, error) { tries++; cancel(); return true, gone })
	if err == nil || tries != 1 {
		t.Errorf("got %v after %d tries of one who has left, want an error after 1", err, tries)
	}
}

// TestUnheard: the learner is told what heals a gateway that cannot be asked, and one
// who has left is told nothing.
func TestUnheard(t *testing.T) {
	t.Parallel()
	gone, own := errors.New("gone"), hint.New("X", hint.NotReady, "no", "do")
	err := unheard(t.Context(), "mine", gone)
	h, ok := errors.AsType[*hint.Hint](err)
	if !ok || h.Code != hint.Broken || !errors.Is(err, gone) || !strings.Contains(h.Advice, "gwctl up --name mine") || !strings.Contains(h.Advice, "gwctl status") {
		t.Errorf("got %#v", err)
	}
	if err := unheard(t.Context(), sandbox.DefaultName, own); !errors.Is(err, own) {
		t.Errorf("got %v, want the hint as it is", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := unheard(ctx, "mine", gone); err != gone { //nolint:errorlint // the very one
		t.Errorf("got %v for one who has left", err)
	}
	if err := unheard(t.Context(), "mine", nil); err != nil {
		t.Errorf("got %v for no error", err)
	}
}
