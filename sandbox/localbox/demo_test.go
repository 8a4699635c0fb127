package localbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir()})
	if err := b.copyDemo(); err != nil {
		t.Fatal(err)
	}
	edited := func(want ...string) {
		t.Helper()
		got, err := b.Edited()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("edited files differ (-want +got):\n%s", diff)
		}
	}
	edited()
	at := func(name string) string { return filepath.Join(b.Demo(), name) }
	if err := os.WriteFile(at("20-plugins.yaml"), []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(at("40-ingress.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"own.yaml", ".own.yaml.swp", "own.yaml~"} {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edited("20-plugins.yaml", "40-ingress.yaml"+removed, "own.yaml")
	got, err := b.RestoreDemo()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"20-plugins.yaml", "40-ingress.yaml" + removed, "own.yaml"}, got); diff != "" {
		t.Errorf("restored files differ (-want +got):\n%s", diff)
	}
	edited()
}
