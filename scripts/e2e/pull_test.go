//go:build e2e && unix

package e2e

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// slow is an answer that comes at so many bytes every fiftieth of a second.
type slow struct {
	http.ResponseWriter
	tick  *time.Ticker
	bytes int
}

// Write writes in small pieces.
func (s slow) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		<-s.tick.C
		n, err := s.ResponseWriter.Write(p[done:min(done+s.bytes, len(p))])
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// registryOf serves an image on loopback at about rate bytes a second, 0 for as
// fast as it goes, and returns its name there.
func registryOf(t *testing.T, im v1.Image, path string, rate int) string {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rate > 0 && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			tick := time.NewTicker(time.Second / 50)
			defer tick.Stop()
			w = slow{w, tick, rate / 50}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	ref := strings.TrimPrefix(srv.URL, "http://") + "/" + path
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, im, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", ref).Run() })
	return ref
}

// far is a line that tells how far a pull has come.
var far = regexp.MustCompile(`(?m)^ +Node image … pulling \S+: \d+ of \d+ MB, \d+\.\d MB/s, \d+s left$`)

// TestPull pulls node images from registries on loopback.
func TestPull(t *testing.T) {
	nodeImage(t)
	t.Run("out of reach", func(t *testing.T) {
		u := newClusterUser(t, "pull-none")
		begin := time.Now()
		u.fails(14, []string{"127.0.0.1:1/none:1 of --image is not here and cannot be pulled", "connection refused", "can be reached from here", "--bundle", "--runtime local"},
			"up", "--runtime", "kind", "--name", u.name, "--image", "127.0.0.1:1/none:1")
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("no node image", func(t *testing.T) {
		u := newClusterUser(t, "pull-other")
		im, err := random.Image(5<<20, 4)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := im.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		cfg = cfg.DeepCopy()
		cfg.OS, cfg.Architecture = "linux", runtime.GOARCH
		if im, err = mutate.ConfigFile(im, cfg); err != nil {
			t.Fatal(err)
		}
		ref := registryOf(t, im, "team/other:1", 4<<20)
		out := u.fails(10, []string{"✓ Node image: " + ref + ", of --image", "node image is not one that kind can use", "kindest/node"},
			"up", "--runtime", "kind", "--name", u.name, "--port", "0", "--image", ref)
		if got := far.FindAllString(out, -1); len(got) < 2 {
			t.Errorf("%d lines tell how far the pull has come, want at least 2:\n%s", len(got), out)
		}
	})
	t.Run("a node image", func(t *testing.T) {
		if !long() {
			t.Skip("make e2e-long pulls a whole node image")
		}
		u := newClusterUser(t, "pull-node")
		saved := filepath.Join(t.TempDir(), "node.tar")
		if out, err := exec.CommandContext(t.Context(), "docker", "save", "-o", saved, nodeImage(t)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		begin := time.Now()
		im, err := tarball.ImageFromPath(saved, nil)
		if err != nil {
			t.Fatal(err)
		}
		ref := registryOf(t, im, "kindest/node:pulled", 40<<20)
		t.Logf("pushing took %s", time.Since(begin).Round(100*time.Millisecond))
		if err := os.Remove(saved); err != nil {
			t.Error(err)
		}
		out := u.up("--port", "0", "--image", ref)
		if len(far.FindAllString(out, -1)) == 0 || !strings.Contains(out, "200  GET /echo-1 with the key") {
			t.Errorf("up says\n%s", out)
		}
	})
}
