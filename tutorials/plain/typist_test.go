package plain

import (
	"io"
	"testing"
)

// TestTypist: nothing is read of the input but the line that is waited for, for an
// editor reads from the same terminal.
func TestTypist(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	lines := newTypist(t.Context(), r)
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.WriteString(w, "e\n") // returns once it is read
	}()
	if got := <-lines.next(); got != "e" {
		t.Fatalf("got %q, want e", got)
	}
	<-written
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		_, _ = io.WriteString(w, "for the editor\n")
	}()
	buf := make([]byte, 64)
	n, err := r.Read(buf) // the editor
	if err != nil || string(buf[:n]) != "for the editor\n" {
		t.Errorf("the editor reads %q, %v", buf[:n], err)
	}
	<-taken
	go func() { _ = w.Close() }()
	if _, ok := <-lines.next(); ok {
		t.Error("there is a line after the end")
	}
}
