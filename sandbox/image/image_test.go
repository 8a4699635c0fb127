package image_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
)

// change puts another binary of a program into a store's directory.
func change(t *testing.T, dir string, p image.Program, arch string) *image.Store {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "linux-"+arch, p.Name), []byte("another binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	return image.Dir(dir)
}

// store lays programs for the architectures and opens them.
func store(t *testing.T, arches ...string) *image.Store {
	t.Helper()
	return image.Dir(lay(t, arches...))
}

func lay(t *testing.T, arches ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, arch := range arches {
		for _, p := range image.Programs() {
			path := filepath.Join(dir, "linux-"+arch, p.Name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("binary of "+p.Name+" for "+arch), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestArchive(t *testing.T) {
	t.Parallel()
	images, err := store(t, "arm64").Images("arm64")
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, buf := range []*bytes.Buffer{&first, &second} {
		if err := image.WriteArchive(buf, images); err != nil {
			t.Fatal(err)
		}
	}
	tag, err := name.NewTag("gwctl.dev/echo:demo")
	if err != nil {
		t.Fatal(err)
	}
	im, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(first.Bytes())), nil }, &tag)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := im.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{cfg.OS, cfg.Architecture, cfg.Config.User, strings.Join(cfg.Config.Entrypoint, " ")}
	if diff := cmp.Diff([]string{"linux", "arm64", "65532:65532", "/echo"}, got); diff != "" {
		t.Errorf("config differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"tmp/": "", "echo": "binary of echo for arm64"}, files(t, im)); diff != "" {
		t.Errorf("files differ (-want +got):\n%s", diff)
	}
}

// files reads what is in an image's layers.
func files(t *testing.T, im v1.Image) map[string]string {
	t.Helper()
	layers, err := im.Layers()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		tr := tar.NewReader(r)
		for {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			got[h.Name] = string(body)
		}
	}
	return got
}

// TestTags: the tag follows the content, so that a node that has it has the
// image.
func TestTags(t *testing.T) {
	t.Parallel()
	a, b := store(t, "amd64", "arm64"), store(t, "amd64")
	p := image.Programs()[0]
	var tags []string
	for _, x := range []struct {
		s    *image.Store
		arch string
	}{{a, "amd64"}, {b, "amd64"}, {a, "arm64"}} {
		im, err := x.s.Image(p, x.arch)
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, im.Tag)
	}
	if tags[0] != tags[1] || tags[0] == tags[2] {
		t.Errorf("got tags %v, want the first two alike and the third not", tags)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	_, err := store(t, "amd64").Images("arm64")
	var h *hint.Hint
	if !errors.As(err, &h) || h.ID != "NO_IMAGES" || !strings.Contains(h.Advice, "make build") {
		t.Errorf("got %v, want the hint NO_IMAGES with advice", err)
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(registry.New())
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	ref, err := store(t, "amd64", "arm64").Push(t.Context(), host+"/team", image.Programs()[1])
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(parsed)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var arches []string
	for _, d := range m.Manifests {
		arches = append(arches, d.Platform.Architecture)
	}
	if diff := cmp.Diff([]string{"amd64", "arm64"}, arches); diff != "" {
		t.Errorf("architectures differ (-want +got):\n%s", diff)
	}
	pushed, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	im, err := store(t, "amd64").Image(image.Programs()[1], "amd64")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := im.Build()
	if err != nil {
		t.Fatal(err)
	}
	a, err := pushed.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := loaded.ConfigName(); a == b || err != nil {
		t.Errorf("pushed and loaded, an image has the ID %s: a kubelet that pulled it would run no loaded one; %v", a, err)
	}
	if _, err := store(t, "amd64").Push(t.Context(), "NOT A REGISTRY", image.Programs()[0]); !errors.Is(err, hint.New("BAD_REGISTRY", hint.Usage, "", "")) {
		t.Errorf("got %v, want BAD_REGISTRY", err)
	}
}

// TestPushedName: what is pushed goes under a name that is made of all
// architectures, so that another build never takes the place of one that nodes have
// pulled.
func TestPushedName(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(registry.New())
	defer srv.Close()
	host, p := strings.TrimPrefix(srv.URL, "http://"), image.Programs()[0]
	seen := map[string]string{}
	for name, s := range map[string]*image.Store{
		"both": store(t, "amd64", "arm64"), "amd64 alone": store(t, "amd64"), "arm64 alone": store(t, "arm64"),
		"another arm64": change(t, lay(t, "amd64", "arm64"), p, "arm64"), "another amd64": change(t, lay(t, "amd64", "arm64"), p, "amd64"),
	} {
		ref, err := s.Push(t.Context(), host, p)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[ref]; ok {
			t.Errorf("%s and %s are both pushed as %s", name, other, ref)
		}
		seen[ref] = name
		if again, err := s.Push(t.Context(), host, p); err != nil || again != ref {
			t.Errorf("%s, pushed again, is %s, %v, was %s", name, again, err, ref)
		}
		if got, err := s.Ref(host, p); err != nil || got != ref {
			t.Errorf("%s is called %s, %v, and was pushed as %s", name, got, err, ref)
		}
	}
	for _, ref := range []func() (string, error){
		func() (string, error) { return store(t).Ref(host, p) },
		func() (string, error) { return store(t).Push(t.Context(), host, p) },
	} {
		if got, err := ref(); !errors.Is(err, hint.New("NO_IMAGES", hint.Preflight, "", "")) {
			t.Errorf("of no binaries got %q, %v, want NO_IMAGES", got, err)
		}
	}
}
