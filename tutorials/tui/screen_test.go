package tui

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTee: what nobody is to see is neither shown nor recorded, and whoever writes
// it learns nothing of that.
func TestTee(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var cast bytes.Buffer
	out := tee{f, &cast, strings.NewReplacer("my-own-key", "my-o******").Replace}
	const text = "apikey: \x1b[1mmy-own-key\x1b[0m"
	if n, err := out.WriteString(text); n != len(text) || err != nil {
		t.Errorf("got %d, %v; want %d", n, err, len(text))
	}
	shown, err := os.ReadFile(f.Name())
	const want = "apikey: \x1b[1mmy-o******\x1b[0m"
	if string(shown) != want || cast.String() != want || err != nil {
		t.Errorf("shown is %q, recorded %q, %v; want %q", shown, cast.String(), err, want)
	}
}
