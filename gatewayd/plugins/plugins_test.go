package plugins_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/plugins"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestOrder pins the order in which plugins run. Equal priorities would leave it
// to chance.
func TestOrder(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	all := plugins.All()
	for i, k := range all {
		fmt.Fprintf(&b, "%d %s\n", k.Priority, k.Name)
		if i > 0 && k.Priority >= all[i-1].Priority {
			t.Errorf("%s (%d) does not come after %s (%d)", k.Name, k.Priority, all[i-1].Name, all[i-1].Priority)
		}
	}
	const golden = "testdata/order.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("want (-), got (+); -update rewrites %s:\n%s", golden, diff)
	}
}

// TestDocs wants a doc for all that `gwctl plugins` prints.
func TestDocs(t *testing.T) {
	t.Parallel()
	for _, k := range plugins.All() {
		if k.Doc == "" || k.New == nil || k.Effective == nil {
			t.Errorf("%s is not complete", k.Name)
		}
		for _, f := range k.Fields {
			if f.Doc == "" {
				t.Errorf("%s: %s has no doc", k.Name, f.Name)
			}
		}
	}
}
