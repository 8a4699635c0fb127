//go:build unix

package bundle_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox/bundle"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
)

// fake is an engine that has one image and keeps what it is given to load.
func fake(t *testing.T, has bool) (e *engine.Engine, loaded string) {
	t.Helper()
	dir := t.TempDir()
	loaded = filepath.Join(dir, "loaded")
	answer := "exit 1"
	if has {
		answer = "echo sha256:0123456789abcdef0123"
	}
	script := "#!/bin/sh\ncase $1 in\nimage) " + answer + ";;\nsave) echo the node image;;\nload) cat >" + loaded + ";;\nesac\n"
	path := filepath.Join(dir, "engine")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return &engine.Engine{Name: path, Info: engine.Info{Architecture: "amd64"}}, loaded
}

func store(t *testing.T) *image.Store {
	t.Helper()
	dir := t.TempDir()
	for _, p := range image.Programs() {
		path := filepath.Join(dir, "linux-amd64", p.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("binary of "+p.Name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return image.Dir(dir)
}

// create makes a bundle.
func create(t *testing.T) (path string, x bundle.Index) {
	t.Helper()
	e, _ := fake(t, true)
	path = filepath.Join(t.TempDir(), "b")
	x, err := bundle.Create(t.Context(), path, bundle.Source{
		Engine: e, NodeImage: "kindest/node:test", Store: store(t), Version: "v1",
		Trees: map[string]fs.FS{"chart": fstest.MapFS{"Chart.yaml": {Data: []byte("name: c")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path, x
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path, x := create(t)
	var names []string
	for _, e := range x.Entries {
		names = append(names, e.Name)
	}
	want := []string{"node-image.tar.zst", "images/linux-amd64/gatewayd.gz", "images/linux-amd64/echo.gz", "chart/Chart.yaml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the parts are left")
	}
	e, loaded := fake(t, false)
	dir := t.TempDir()
	used, err := bundle.Use(t.Context(), path, dir, e, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(loaded); err != nil || string(raw) != "the node image\n" || !used.Loaded {
		t.Errorf("the engine was given %q, %v", raw, err)
	}
	if _, err := image.Dir(dir).Images("amd64"); err != nil {
		t.Errorf("the binaries: %v", err)
	}
	// What is there is not loaded again.
	has, loaded := fake(t, true)
	if used, err := bundle.Use(t.Context(), path, dir, has, func(string) {}); err != nil || used.Loaded {
		t.Errorf("again: %+v, %v", used, err)
	}
	if _, err := os.Stat(loaded); err == nil {
		t.Error("the node image was loaded again")
	}
	other, _ := fake(t, false)
	other.Info.Architecture = "arm64"
	if _, err := bundle.Use(t.Context(), path, dir, other, func(string) {}); !errors.Is(err, hint.New("OTHER_ARCH", 0, "", "")) {
		t.Errorf("on another architecture: %v", err)
	}
}

// TestCorrupt: whatever is wrong with a bundle, it is refused, and nothing of it is
// loaded or laid.
func TestCorrupt(t *testing.T) {
	t.Parallel()
	path, x := create(t)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		b := bytes.Clone(sound)
		b[at] ^= 1
		return b
	}
	tests := []struct {
		name, says string
		content    []byte
	}{
		{"a byte of an entry", "the checksum of chart/Chart.yaml is wrong", flip(bytes.Index(sound, []byte("name: c")))},
		{"a sum in the index", "the checksum of", bytes.Replace(sound, []byte(x.Entries[1].SHA256[:8]), []byte("00000000"), 1)},
		{"cut off", "", sound[:len(sound)/2]},
		{"empty", "it is no bundle of gwctl", nil},
		{"another format", "of format 2", bytes.Replace(sound, []byte(`"format": 1`), []byte(`"format": 2`), 1)},
		{"a name that leads out", "", bytes.ReplaceAll(sound, []byte("images/linux-amd64/echo.gz"), []byte("images/../../../../echo.gz"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := filepath.Join(t.TempDir(), "bad")
			if err := os.WriteFile(bad, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			e, loaded := fake(t, false)
			dir := filepath.Join(t.TempDir(), "deep", "er", "images")
			_, err := bundle.Use(t.Context(), bad, dir, e, func(string) {})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if _, err := os.Stat(loaded); err == nil {
				t.Error("its node image was loaded")
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
				t.Errorf("it laid %v", left)
			}
		})
	}
}

// TestResume: what was finished before is not made again.
func TestResume(t *testing.T) {
	t.Parallel()
	e, _ := fake(t, true)
	s := bundle.Source{Engine: e, NodeImage: "kindest/node:test", Store: image.Dir(t.TempDir()), Version: "v1"}
	var told []string
	s.Tell = func(text string) { told = append(told, text) }
	path := filepath.Join(t.TempDir(), "b")
	if _, err := bundle.Create(t.Context(), path, s); err == nil {
		t.Fatal("a bundle without binaries was made")
	}
	s.Store, told = store(t), nil
	if _, err := bundle.Create(t.Context(), path, s); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(told, " "), "node-image") {
		t.Errorf("the node image was packed again: %v", told)
	}
}

// TestFetch goes on where it stopped.
func TestFetch(t *testing.T) {
	t.Parallel()
	path, x := create(t)
	h, err := bundle.Handler(path)
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(counting{w, &sent}, r)
	}))
	defer srv.Close()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, have := range map[string]int{"from the start": 0, "from the middle": len(want) / 2, "when all is there": len(want)} {
		into := filepath.Join(t.TempDir(), "b")
		if err := os.WriteFile(into, want[:have], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(into, x.Created, x.Created); err != nil {
			t.Fatal(err)
		}
		sent.Store(0)
		if err := bundle.Fetch(t.Context(), srv.URL+"/"+bundle.ServedName, into, func(engine.Progress) {}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := os.ReadFile(into); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
		if got := int(sent.Load()); got > len(want)-have+500 {
			t.Errorf("%s: %d bytes were sent, want %d", name, got, len(want)-have)
		}
	}
	other := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(other, []byte("a part of another bundle"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(other, x.Created, x.Created.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is there, and has its time
		if err := bundle.Fetch(t.Context(), srv.URL+"/"+bundle.ServedName, other, func(engine.Progress) {}); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(other); !bytes.Equal(got, want) {
			t.Errorf("behind a part of another: %d bytes, want %d", len(got), len(want))
		}
	}
	if err := bundle.Fetch(t.Context(), srv.URL+"/none", filepath.Join(t.TempDir(), "b"), nil); !errors.Is(err, hint.New("FETCH_FAILED", 0, "", "")) {
		t.Errorf("got %v, want FETCH_FAILED", err)
	}
}

// counting counts the bytes of bodies.
type counting struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.sent.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}
