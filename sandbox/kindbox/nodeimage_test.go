package kindbox

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// fakeEngine is an engine that has the images of a list, and loads what it is given.
func fakeEngine(t *testing.T, images ...string) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
have="` + strings.Join(images, " ") + `"
case "$1" in
image) for i in $have; do [ "$i" = "$5" ] && echo sha256:1 && exit 0; done; exit 1 ;;
images) for i in $have; do echo "$i"; done ;;
load) grep -q manifest.json && touch ` + dir + `/loaded ;;
esac
`
	path := filepath.Join(dir, "engine")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return &engine.Engine{Name: path, Info: engine.Info{Architecture: "amd64"}}
}

func loaded(e *engine.Engine) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(e.Name), "loaded"))
	return err == nil
}

// registryWith serves an image as kindest/node:v9; broken says that its blobs
// are refused.
func registryWith(t *testing.T, broken bool) (ref, digest string) {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"no more"}]}`, http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	im, err := random.Image(1<<10, 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := im.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", "amd64"
	if im, err = mutate.ConfigFile(im, cfg); err != nil {
		t.Fatal(err)
	}
	ref = strings.TrimPrefix(srv.URL, "http://") + "/kindest/node:v9"
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, im); err != nil {
		t.Fatal(err)
	}
	sum, err := im.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return ref, sum.String()
}

// TestNodeImage: which image nodes are made of, and why there is none.
func TestNodeImage(t *testing.T) {
	t.Setenv(ImageVariable, "")
	good, sum := registryWith(t, false)
	bad, _ := registryWith(t, true)
	const nowhere = "127.0.0.1:1/kindest/node:v9"
	tests := []struct {
		name    string
		opts    Options
		pinned  string
		have    []string
		want    string
		loads   bool
		id      string
		code    hint.Code
		advises []string
	}{
		{name: "pinned, here", pinned: nowhere, have: []string{nowhere}, want: nowhere},
		{name: "pinned, pulled", pinned: good + "@" + sum, want: good, loads: true},
		{name: "pinned, refused on the way", pinned: bad, id: "PULL_FAILED", code: hint.Network, advises: []string{"docker login", "--bundle", "--runtime local"}},
		{name: "pinned, out of reach", pinned: nowhere, have: []string{"kindest/node:a-offline", "kindest/node:b-offline"}, want: "kindest/node:b-offline"},
		{name: "none", pinned: nowhere, id: "NO_NODE_IMAGE", code: hint.Network, advises: []string{"--bundle", "--image REF", "--runtime local"}},
		{name: "none, offline", pinned: good, opts: Options{Offline: true}, id: "NO_NODE_IMAGE", code: hint.Network, advises: []string{"--bundle"}},
		{name: "asked, here", opts: Options{Image: nowhere}, have: []string{nowhere}, want: nowhere},
		{name: "asked, pulled", opts: Options{Image: good}, want: good, loads: true},
		{name: "asked by digest, pulled", opts: Options{Image: good + "@" + sum}, want: good, loads: true},
		{name: "asked, out of reach", opts: Options{Image: nowhere}, id: "NO_NODE_IMAGE", code: hint.Network, advises: []string{"can be reached from here", "--bundle"}},
		{name: "asked, refused on the way", opts: Options{Image: bad}, id: "NO_NODE_IMAGE", code: hint.Network, advises: []string{"docker login", "--bundle"}},
		{name: "asked, offline", opts: Options{Image: good, Offline: true}, id: "NO_NODE_IMAGE", code: hint.Network, advises: []string{"--bundle"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := fakeEngine(t, tt.have...)
			b := New(tt.opts)
			b.pinned = tt.pinned
			var got string
			err := step.Run(t.Context(), teller(func(string) {}), []step.Step{{ID: "node-image", Run: func(ctx context.Context, task *step.Task) (err error) {
				got, err = b.nodeImage(ctx, task, e)
				return err
			}}})
			if loaded(e) != tt.loads {
				t.Errorf("the engine was given an image: %v, want %v", loaded(e), tt.loads)
			}
			if tt.id == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
				return
			}
			h, ok := errors.AsType[*hint.Hint](err)
			if !ok || h.ID != tt.id || h.Code != tt.code {
				t.Fatalf("got %#v, want %s", err, tt.id)
			}
			for _, want := range tt.advises {
				if !strings.Contains(h.Advice, want) {
					t.Errorf("the advice %q does not say %q", h.Advice, want)
				}
			}
		})
	}
}

// TestNamedImages: images that the user's kind config names for single nodes are
// looked for like any other, before anything is made.
func TestNamedImages(t *testing.T) {
	t.Setenv(ImageVariable, "")
	good, _ := registryWith(t, false)
	const nowhere, here, other = "127.0.0.1:1/kindest/node:v9", "kindest/node:here", "kindest/node:other"
	tests := []struct {
		name  string
		nodes string
		opts  Options
		id    string
		says  string
		image string // what nodes without one are made of
		loads bool
	}{
		{name: "none named", nodes: "[{role: control-plane}]", image: other},
		{name: "named, here", nodes: "[{role: control-plane}, {role: worker, image: " + here + "}]", image: other},
		{name: "all named", nodes: "[{role: control-plane, image: " + here + "}]", image: here},
		{name: "all named, another asked", nodes: "[{role: control-plane, image: " + here + "}]", opts: Options{Image: other}, image: other},
		{name: "named, pulled", nodes: "[{role: control-plane, image: " + good + "}]", image: good, loads: true},
		{name: "named, offline", nodes: "[{role: control-plane}, {role: worker, image: " + good + "}]", opts: Options{Offline: true}, id: "NO_NODE_IMAGE", says: good},
		{name: "named, out of reach", nodes: "[{role: control-plane, image: " + nowhere + "}]", id: "NO_NODE_IMAGE", says: nowhere},
		{name: "no plane", nodes: "[{role: worker}]", id: "BAD_KIND_CONFIG", says: "control-plane"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Dir = t.TempDir()
			tt.opts.Config = filepath.Join(tt.opts.Dir, "kind.yaml")
			if err := os.WriteFile(tt.opts.Config, []byte("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: "+tt.nodes+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			b := New(tt.opts)
			b.engine, b.pinned = fakeEngine(t, here, other), other
			err := step.Run(t.Context(), teller(func(string) {}), []step.Step{{ID: "node-image", Run: b.findImage}})
			if loaded(b.engine) != tt.loads {
				t.Errorf("the engine was given an image: %v, want %v", loaded(b.engine), tt.loads)
			}
			if tt.id == "" {
				if err != nil || b.image != tt.image {
					t.Errorf("got %q, %v, want %q", b.image, err, tt.image)
				}
				return
			}
			h, ok := errors.AsType[*hint.Hint](err)
			if !ok || h.ID != tt.id || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.opts.Config) {
				t.Errorf("got %#v, want %s that names %s and the file", err, tt.id, tt.says)
			}
		})
	}
}
