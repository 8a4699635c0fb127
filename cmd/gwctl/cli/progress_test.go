package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox/step"
)

// TestFar: where no terminal is, a long step says every two seconds how far it has
// come, a short one only that it is done.
func TestFar(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	p := App{Err: &got}.progress()
	begin := time.Unix(1000, 0)
	at := func(d time.Duration, message string) step.Event {
		return step.Event{Title: "Node image", At: begin.Add(d), Took: d, Message: message}
	}
	p.Started(at(0, ""))
	for _, far := range []struct {
		after   time.Duration
		message string
	}{{time.Second, "1 of 9 MB"}, {2 * time.Second, "2 of 9 MB"}, {3 * time.Second, "3 of 9 MB"}, {4500 * time.Millisecond, "4 of 9 MB"}} {
		p.Progressed(at(far.after, far.message))
	}
	p.Finished(at(5*time.Second, "pulled"))
	p.Started(at(6*time.Second, ""))
	p.Progressed(at(7*time.Second, "1 of 9 MB"))
	p.Finished(at(7*time.Second, "pulled"))
	const want = "  Node image … 2 of 9 MB\n  Node image … 4 of 9 MB\n✓ Node image: pulled (5s)\n✓ Node image: pulled (7s)\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}
