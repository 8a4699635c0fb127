package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/api"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // LINE:TEXT
	}{
		{"empty", "", nil},
		{"one", "a: 1\n", []string{"1:a: 1"}},
		{"two", "a: 1\n---\nb: 2\n", []string{"1:a: 1", "3:b: 2"}},
		{"comments alone", "# a\n---\n---\n# b\n", nil},
		{"blank lines", "\n\n---\n\n  \na: 1\n\n\n---\nb: 2", []string{"6:a: 1", "10:b: 2"}},
		{"Windows", "a: 1\r\n---\r\nb: 2\r\n", []string{"1:a: 1", "3:b: 2"}},
		{"beside the dashes", "--- {a: 1}\n--- # b\nb: 2\n", []string{"1: {a: 1}", "2: # b\nb: 2"}},
		{"dashes in text", "a: |\n  ---\n  x\nb: ----\n", []string{"1:a: |\n  ---\n  x\nb: ----"}},
		{"end mark", "a: 1\n...\nb: 2\n", []string{"1:a: 1", "3:b: 2"}},
		{"byte order mark", "\xef\xbb\xbfa: 1", []string{"1:a: 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range api.Split([]byte(tt.in)) {
				got = append(got, fmt.Sprintf("%d:%s", d.Line, d.Text))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("documents differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVersionIgnoresPlace(t *testing.T) {
	t.Parallel()
	a, b := api.Split([]byte("a: 1")), api.Split([]byte("x: 1\n---\n\n\na: 1\n\n---\n"))
	if a[0].Version() != b[1].Version() {
		t.Error("got two versions for one document in two places")
	}
	if got := len(a[0].Version()); got != 64 {
		t.Errorf("got %d characters, want 64", got)
	}
}
