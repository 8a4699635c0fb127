package kongfile_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/kongfile"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

func options() kongfile.Options {
	return kongfile.Options{Kinds: plugins.All(), Decode: snapshot.DecodeConfig}
}

// revealed compares configurations with their secrets.
func revealed() cmp.Option {
	return cmp.Transformer("reveal", func(s entity.Secret) string { return s.Reveal() })
}

func parse(t *testing.T, text, name string) *entity.Config {
	t.Helper()
	cfg, faults := kongfile.Parse([]byte(text), name, options())
	if cfg == nil {
		t.Fatalf("got faults, want none:\n%s", lines(faults))
	}
	return cfg
}

func printed(t *testing.T, cfg *entity.Config) string {
	t.Helper()
	out, err := kongfile.Print(cfg, kongfile.PrintOptions{Options: options()})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func lines(ps []problem.Problem) string {
	out := ""
	for _, p := range ps {
		out += p.String() + "\n"
	}
	return out
}

// again wants a configuration, printed and read back, to be the same, and to give
// the same snapshot and the same print.
func again(t *testing.T, cfg *entity.Config) {
	t.Helper()
	text := printed(t, cfg)
	back := parse(t, text, "printed.yml")
	if diff := cmp.Diff(kongfile.Fill(cfg, options()), back, revealed()); diff != "" {
		t.Errorf("read back, it differs (-printed +read):\n%s", diff)
	}
	if diff := cmp.Diff(text, printed(t, back)); diff != "" {
		t.Errorf("printed again, it differs (-first +second):\n%s", diff)
	}
	want, got := compile(kongfile.Fill(cfg, options())), compile(back)
	if want.Revision != got.Revision {
		t.Errorf("got revision %s, want %s", got.Revision, want.Revision)
	}
	if diff := cmp.Diff(want.Problems, got.Problems); diff != "" {
		t.Errorf("problems of the snapshot differ (-want +got):\n%s", diff)
	}
}

func compile(cfg *entity.Config) *snapshot.Snapshot {
	return snapshot.Compile(cfg, snapshot.Options{Kinds: plugins.All(), Env: plugin.Env{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Shared: func(_ string, open func() (any, error)) (any, error) { return open() },
	}})
}

// TestManifests prints what manifests are translated into, faulty ones above all,
// and reads it back.
func TestManifests(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../translate/testdata/*/in.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got no cases, error %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			set, err := files.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			again(t, translate.Translate(set, translate.Options{Kinds: plugins.All()}))
		})
	}
}
