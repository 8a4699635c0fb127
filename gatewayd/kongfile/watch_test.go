package kongfile_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/kongfile"
)

// watching is a File that runs.
type watching struct {
	t    *testing.T
	sent chan *entity.Config
	stop func()
}

func watch(t *testing.T, path string, opts kongfile.FileOptions) *watching {
	t.Helper()
	opts.Options = options()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{t: t, sent: make(chan *entity.Config, 100), stop: cancel}
	done := make(chan error, 1)
	go func() { done <- kongfile.New(path, opts).Run(ctx, func(c *entity.Config) { w.sent <- c }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got error %v from Run, want none", err)
		}
	})
	return w
}

// next waits for a configuration and wants its services, problems and object.
func (w *watching) next(services, text string, problems ...string) {
	w.t.Helper()
	var cfg *entity.Config
	select {
	case cfg = <-w.sent:
	case <-time.After(10 * time.Second):
		w.t.Fatal("got no configuration")
	}
	var names, got []string
	for _, s := range cfg.Services {
		names = append(names, s.Name)
	}
	for _, p := range cfg.Problems {
		got = append(got, strings.ReplaceAll(p.String(), filepath.Dir(p.File)+"/", ""))
	}
	if n := strings.Join(names, " "); n != services {
		w.t.Errorf("got services %q, want %q", n, services)
	}
	if diff := cmp.Diff(problems, got); diff != "" {
		w.t.Errorf("problems differ (-want +got):\n%s", diff)
	}
	var want []entity.Object
	if text != "" {
		sum := sha256.Sum256([]byte(text))
		want = []entity.Object{{Name: "kong.yml", Version: hex.EncodeToString(sum[:])}}
	}
	if diff := cmp.Diff(want, cfg.Objects); diff != "" {
		w.t.Errorf("objects differ (-want +got):\n%s", diff)
	}
}

func text(service string) string {
	return "_format_version: \"3.0\"\nservices:\n- {name: " + service + ", host: a.example.com}\n"
}

// replace writes a file as editors do: another one takes its name.
func replace(t *testing.T, path, text string) {
	t.Helper()
	next := filepath.Join(t.TempDir(), "next")
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for _, by := range []struct {
		name string
		opts kongfile.FileOptions
	}{
		{"events", kongfile.FileOptions{Poll: -1}},
		{"poll", kongfile.FileOptions{Poll: 10 * time.Millisecond, NoEvents: true}},
	} {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "kong.yml")
			replace(t, path, text("one"))
			w := watch(t, path, by.opts)
			w.next("one", text("one"))
			replace(t, path, text("two two"))
			w.next("one", text("one"),
				"error: kong.yml: is refused for a fault; its last good version is still served",
				`error: kong.yml:3: service "two two": name: "two two" must not contain ' '; letters, digits, '.', '-', '_' and '~' may stand in a name`)
			replace(t, path, "- a\n")
			w.next("one", text("one"),
				"error: kong.yml: is refused for a fault; its last good version is still served",
				"error: kong.yml:1: must be a map with _format_version in it, not a list")
			replace(t, path, text("three"))
			w.next("three", text("three"))
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			w.next("three", text("three"),
				"error: kong.yml: is not there",
				"error: kong.yml: is refused for a fault; its last good version is still served")
			replace(t, path, text("four"))
			w.next("four", text("four"))
		})
	}
}

func TestFileBeginsFaulty(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kong.yml")
	w := watch(t, path, kongfile.FileOptions{})
	w.next("", "", "error: kong.yml: is not there", "error: kong.yml: is refused for a fault; nothing is served")
	replace(t, path, "_format_version: \"3.0\"\nservices:\n- {}\n- {host: 5}\n")
	w.next("", "", "error: kong.yml: is refused for 2 faults; nothing is served",
		"error: kong.yml:3: services[0]: host: is missing; write host, or url",
		"error: kong.yml:4: services[1]: host: must be text, not a number; put it in quotes")
	replace(t, path, text("one"))
	w.next("one", text("one"))
}

// TestFileInConfigMap swaps the link that a mounted ConfigMap is read through.
func TestFileInConfigMap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := func(to, name string) {
		t.Helper()
		next := filepath.Join(dir, "..next")
		if err := os.Symlink(to, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(dir, "..v-"+v), 0o700); err != nil {
			t.Fatal(err)
		}
		replace(t, filepath.Join(dir, "..v-"+v, "kong.yml"), text(v))
	}
	link("..v-one", "..data")
	link("..data/kong.yml", "kong.yml")
	w := watch(t, filepath.Join(dir, "kong.yml"), kongfile.FileOptions{Poll: -1})
	w.next("one", text("one"))
	link("..v-two", "..data")
	w.next("two", text("two"))
}

// TestFileSendsChangesAlone writes the same again and something else after it.
func TestFileSendsChangesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kong.yml")
	replace(t, path, text("one"))
	w := watch(t, path, kongfile.FileOptions{})
	w.next("one", text("one"))
	replace(t, path, text("one"))
	replace(t, filepath.Join(filepath.Dir(path), "other.yml"), text("other"))
	replace(t, path, text("two"))
	w.next("two", text("two"))
}
