package engine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// answering is the path of an engine that answers and has a node of the cluster
// named, if any; a silent one only fails.
func answering(t *testing.T, silent bool, cluster string) string {
	t.Helper()
	script := `#!/bin/sh
case "$1" in
info) echo '{"ServerVersion":"27.0.0","Architecture":"x86_64"}' ;;
ps) case "$4" in *=` + cluster + `) printf 'node\trunning\tkindest/node:1\n' ;; esac ;;
esac
`
	if silent {
		script = "#!/bin/sh\necho 'is the daemon running?' >&2; exit 1\n"
	}
	path := filepath.Join(t.TempDir(), "engine")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}

// TestHolding: where several engines answer, a cluster is found in the one that has
// it.
func TestHolding(t *testing.T) {
	t.Parallel()
	silent, one, two := answering(t, true, "-"), answering(t, false, "a"), answering(t, false, "b")
	missing := filepath.Join(t.TempDir(), "nothing")
	for _, tt := range []struct {
		name    string
		engines []string
		cluster string
		want    string
		nodes   int
		id      string
	}{
		{"the first", []string{one, two}, "a", one, 1, ""},
		{"the second", []string{one, two}, "b", two, 1, ""},
		{"behind a silent one", []string{missing, silent, two}, "b", two, 1, ""},
		{"nowhere", []string{silent, one, two}, "c", one, 0, ""},
		{"none answers", []string{silent}, "a", "", 0, "ENGINE_DOWN"},
		{"none is there", []string{missing}, "a", "", 0, "NO_ENGINE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, nodes, err := holding(t.Context(), tt.engines, tt.cluster)
			if tt.id != "" {
				if h, ok := errors.AsType[*hint.Hint](err); !ok || h.ID != tt.id {
					t.Errorf("got error %v, want %s", err, tt.id)
				}
				return
			}
			if err != nil || e.Name != tt.want || len(nodes) != tt.nodes {
				t.Errorf("got %v with %v, error %v; want %s with %d nodes", e, nodes, err, tt.want, tt.nodes)
			}
		})
	}
}
