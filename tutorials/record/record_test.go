package record_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/tutorials/record"
)

// steps is a clock that moves on by a second at every look, and keeps the waits.
type steps struct {
	now   time.Time
	waits []time.Duration
}

func (s *steps) Now() time.Time {
	s.now = s.now.Add(time.Second)
	return s.now
}

func (s *steps) Wait(ctx context.Context, d time.Duration) error {
	s.waits = append(s.waits, d)
	return ctx.Err()
}

func TestRecordAndPlay(t *testing.T) {
	t.Parallel()
	var cast strings.Builder
	clock := &steps{now: time.Unix(99, 0)}
	w, err := record.New(&cast, record.Options{Width: 80, Height: 24, Title: "T", Lines: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("one\n"))
	w.Mark("here")
	w.Resize(100, 30)
	_, _ = w.Write([]byte("\x1b[1mzwölf\x1b[0m\n"))
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	want := `{"version":2,"width":80,"height":24,"timestamp":100,"title":"T"}
[1,"o","one\r\n"]
[2,"m","here"]
[3,"r","100x30"]
[4,"o","\u001b[1mzwölf\u001b[0m\r\n"]
`
	if diff := cmp.Diff(want, cast.String()); diff != "" {
		t.Errorf("cast differs (-want +got):\n%s", diff)
	}
	tests := []struct {
		name  string
		o     record.PlayOptions
		waits []time.Duration
		out   string
	}{
		{"as recorded", record.PlayOptions{Speed: 1}, []time.Duration{time.Second, 3 * time.Second}, "one\r\n\x1b[1mzwölf\x1b[0m\r\n"},
		{"twice as fast", record.PlayOptions{Speed: 2}, []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond}, "one\r\n\x1b[1mzwölf\x1b[0m\r\n"},
		{"without long pauses", record.PlayOptions{Speed: 1, MaxIdle: 2 * time.Second}, []time.Duration{time.Second, 2 * time.Second}, "one\r\n\x1b[1mzwölf\x1b[0m\r\n"},
		{"without waiting", record.PlayOptions{Lines: true}, nil, "one\n\x1b[1mzwölf\x1b[0m\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			clock := &steps{}
			tt.o.Clock = clock
			if err := record.Play(t.Context(), strings.NewReader(cast.String()), &out, tt.o); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.out || !slices.Equal(clock.waits, tt.waits) {
				t.Errorf("got %q after %v, want %q after %v", out.String(), clock.waits, tt.out, tt.waits)
			}
		})
	}
}

// TestPlayStops: a cast that ends in a faulty line, and a viewer who leaves.
func TestPlayStops(t *testing.T) {
	t.Parallel()
	const head = `{"version":2,"width":80,"height":24}` + "\n"
	for _, cast := range []string{"", "text", `{"version":1}`, head + "no", head + `["a","o","x"]`, head + `[1,"o"]`} {
		if err := record.Play(t.Context(), strings.NewReader(cast), &strings.Builder{}, record.PlayOptions{}); err == nil {
			t.Errorf("%q: got no error", cast)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if err := record.Play(ctx, strings.NewReader(head+`[5,"o","x"]`), &strings.Builder{}, record.PlayOptions{Speed: 1}); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("no room")
	}
	return len(p), nil
}

// TestRecordFails: a disk that is full does not stop what is shown; Err tells.
func TestRecordFails(t *testing.T) {
	t.Parallel()
	w, err := record.New(&full{1}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write([]byte("x")); n != 1 || err != nil {
		t.Errorf("got %d, %v; the terminal must go on", n, err)
	}
	if w.Err() == nil {
		t.Error("Err does not tell")
	}
	if _, err := record.New(&full{}, record.Options{}); err == nil {
		t.Error("got no error from New")
	}
}
