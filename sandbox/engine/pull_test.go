package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/gwctl/gwctl/sandbox/hint"
)

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// docker is the real Docker, or a skip.
func docker(t *testing.T) *Engine {
	t.Helper()
	e, err := Named(t.Context(), "docker")
	if err != nil {
		skip(t, err.Error())
	}
	return e
}

func quiet() http.Handler { return registry.New(registry.Logger(log.New(io.Discard, "", 0))) }

// shelf is a registry on loopback that holds one image.
type shelf struct {
	ref  string
	host string
	// blobs changes how blobs are given; nil gives them as they are.
	blobs func(w http.ResponseWriter, r *http.Request, next http.Handler)
	// asked counts requests for blobs.
	asked atomic.Int64
}

// newShelf serves an image of some layers of a size each; its config says which
// architecture it is for.
func newShelf(t *testing.T, layers, size int64, arch string) *shelf {
	t.Helper()
	s := &shelf{}
	inner := quiet()
	var serving atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serving.Load() && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			s.asked.Add(1)
			if s.blobs != nil {
				s.blobs(w, r, inner)
				return
			}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.host = strings.TrimPrefix(srv.URL, "http://")
	s.ref = s.host + "/gwctl-test/" + strings.ToLower(strings.NewReplacer("/", "-", "#", "-").Replace(t.Name())) + ":1"
	im, err := random.Image(size, layers)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := im.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", arch
	if im, err = mutate.ConfigFile(im, cfg); err != nil {
		t.Fatal(err)
	}
	push(t, s.ref, im)
	serving.Store(true)
	return s
}

func push(t *testing.T, ref string, im v1.Image) {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(r, im, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// absent checks that the engine has no image of the name, nor one without a name
// that it had not before.
func absent(t *testing.T, e *Engine, ref string) {
	t.Helper()
	if id, ok := e.Image(t.Context(), ref); ok {
		t.Errorf("%s is left as %s", ref, id)
	}
	if list, err := e.Images(t.Context(), strings.TrimSuffix(ref, ":1")); err != nil || len(list) > 0 {
		t.Errorf("images are left: %v %v", list, err)
	}
}

// TestPull pulls an image of several layers into the real engine.
func TestPull(t *testing.T) {
	t.Parallel()
	e := docker(t)
	s := newShelf(t, 4, 1<<20, e.Info.Architecture)
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", s.ref).Run() })
	var told []Progress
	if err := e.Pull(t.Context(), s.ref, s.ref, func(p Progress) { told = append(told, p) }); err != nil {
		t.Fatal(err)
	}
	if len(told) < 2 {
		t.Fatalf("told %v, want a beginning and an end", told)
	}
	for i, p := range told {
		if p.Total != told[0].Total || p.Total < 4<<20 || i > 0 && p.Done < told[i-1].Done {
			t.Errorf("told %d: %+v after %+v", i, p, told[max(0, i-1)])
		}
	}
	if last := told[len(told)-1]; last.Done != last.Total || last.Rate <= 0 || last.Left != 0 || !strings.HasPrefix(last.String(), "all of 4 MB, ") {
		t.Errorf("at last told %+v, %q", last, last)
	}
	if _, ok := e.Image(t.Context(), s.ref); !ok {
		t.Error("the image is not there")
	}
	if out, err := e.Output(t.Context(), "image", "inspect", "--format", "{{len .RootFS.Layers}}", s.ref); err != nil || strings.TrimSpace(string(out)) != "4" {
		t.Errorf("it has %s layers, %v", out, err)
	}
}

// TestPullTag: the tag in the engine may be another than the name in the registry.
func TestPullTag(t *testing.T) {
	t.Parallel()
	e := docker(t)
	s := newShelf(t, 1, 1<<10, e.Info.Architecture)
	const tag = "gwctl-test/another:2"
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", tag).Run() })
	if err := e.Pull(t.Context(), s.ref, tag, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if _, ok := e.Image(t.Context(), tag); !ok {
		t.Error("the image is not there under its tag")
	}
	absent(t, e, s.ref)
}

// breakOff gives the first bytes of a blob and ends the connection.
func breakOff(w http.ResponseWriter, r *http.Request, next http.Handler, after int) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:min(after, rec.Body.Len())])
	if after < rec.Body.Len() {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// TestPullResumes: connections that break are gone on from where they broke.
func TestPullResumes(t *testing.T) {
	t.Parallel()
	e := docker(t)
	s := newShelf(t, 2, 1<<20, e.Info.Architecture)
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", s.ref).Run() })
	var ranges sync.Map
	s.blobs = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Range") != "" {
			ranges.Store(r.Header.Get("Range"), true)
		}
		breakOff(w, r, next, 400_000)
	}
	if err := e.Pull(t.Context(), s.ref, s.ref, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if _, ok := e.Image(t.Context(), s.ref); !ok {
		t.Error("the image is not there")
	}
	n := 0
	ranges.Range(func(_, _ any) bool { n++; return true })
	if n < 2 {
		t.Errorf("%d ranges were asked for, want at least two", n)
	}
}

// TestPullBroken: a registry that breaks off for good, or has trouble, is named
// with its reason, and nothing of the image is left.
func TestPullBroken(t *testing.T) {
	t.Parallel()
	e := docker(t)
	tests := []struct {
		name   string
		blobs  func(w http.ResponseWriter, r *http.Request, next http.Handler)
		says   string
		advice string
	}{
		{"breaks off", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Header.Get("Range") != "" {
				http.Error(w, "gone", http.StatusNotFound)
				return
			}
			breakOff(w, r, next, 300_000)
		}, "unexpected EOF", "try again"},
		{"other bytes", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			b := rec.Body.Bytes()
			if len(b) > 1<<19 { // a layer
				b[len(b)/2] ^= 1
			}
			_, _ = w.Write(b)
		}, "error verifying sha256 checksum", "try again"},
		{"trouble", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"no more"}]}`, http.StatusForbidden)
		}, "no more", "docker login 127.0.0.1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, 2, 1<<20, e.Info.Architecture)
			s.blobs = tt.blobs
			err := e.Pull(t.Context(), s.ref, s.ref, func(p Progress) {
				if p.Done == p.Total {
					t.Error("told that all is here")
				}
			})
			h, ok := errors.AsType[*hint.Hint](err)
			if !ok || h.ID != "PULL_FAILED" || h.Code != hint.Network || !strings.Contains(h.Advice, tt.advice) {
				t.Fatalf("got %#v, want PULL_FAILED with the advice %q", err, tt.advice)
			}
			for _, want := range []string{s.ref, tt.says} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
			absent(t, e, s.ref)
		})
	}
}

// TestPullCancelled: a pull that hangs ends with its context, and leaves nothing.
func TestPullCancelled(t *testing.T) {
	t.Parallel()
	e := docker(t)
	s := newShelf(t, 2, 1<<20, e.Info.Architecture)
	hangs := make(chan struct{})
	var once sync.Once
	s.blobs = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if rec.Body.Len() < 1<<19 { // the config
			_, _ = w.Write(rec.Body.Bytes())
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
		_, _ = w.Write(rec.Body.Bytes()[:300_000])
		_ = http.NewResponseController(w).Flush()
		once.Do(func() { close(hangs) })
		<-r.Context().Done()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Pull(ctx, s.ref, s.ref, func(Progress) {}) }()
	select {
	case <-hangs:
	case err := <-done:
		t.Fatalf("it ended by itself: %v", err)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that it was cancelled", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on 10 s after it was cancelled")
	}
	absent(t, e, s.ref)
}

// TestPullRefused: what registries refuse comes with advice, at once.
func TestPullRefused(t *testing.T) {
	t.Parallel()
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if k, v, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(k, v)
			}
			if r.URL.Path == "/v2/" && status != http.StatusUnauthorized {
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name    string
		handler http.Handler
		says    string
		advice  string
	}{
		{"not found", quiet(), "NAME_UNKNOWN", "name and tag are right"},
		{"log in", answer(401, `WWW-Authenticate: Basic realm="r"`, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`), "authentication required", "docker login 127.0.0.1:"},
		{"counted", answer(429, "Retry-After: 3600", `{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}`), "pull rate limit", "log in, which allows more"},
		{"unreachable", nil, "connection refused", "can be reached from here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := "127.0.0.1:1"
			var mu sync.Mutex
			asked := map[string]int{}
			if tt.handler != nil {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					asked[r.Method+" "+r.URL.Path]++
					mu.Unlock()
					tt.handler.ServeHTTP(w, r)
				}))
				defer srv.Close()
				host = strings.TrimPrefix(srv.URL, "http://")
			}
			ref := host + "/kindest/none:1"
			err := (&Engine{Name: "docker", Info: Info{Architecture: "amd64"}}).Pull(t.Context(), ref, ref, nil)
			h, ok := errors.AsType[*hint.Hint](err)
			if !ok || h.ID != "PULL_FAILED" || h.Code != hint.Network || !strings.Contains(h.Advice, tt.advice) {
				t.Fatalf("got %#v, want PULL_FAILED with the advice %q", err, tt.advice)
			}
			for _, want := range []string{"pulling " + ref, tt.says} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
			for what, times := range asked {
				if times > 1 {
					t.Errorf("%d requests of %s, want that nothing is asked again", times, what)
				}
			}
			if err := Reachable(t.Context(), ref); err == nil {
				t.Error("it is said to be reachable")
			}
		})
	}
}

func TestPullBadName(t *testing.T) {
	t.Parallel()
	err := (&Engine{Name: "docker"}).Pull(t.Context(), "NOT A NAME", "a:1", nil)
	if h, ok := errors.AsType[*hint.Hint](err); !ok || h.Code != hint.Usage || !strings.Contains(err.Error(), "NOT A NAME") {
		t.Errorf("got %#v, want a hint of usage that names it", err)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	s := newShelf(t, 1, 10, "amd64")
	if err := Reachable(t.Context(), s.ref); err != nil {
		t.Error(err)
	}
	if s.asked.Load() > 0 {
		t.Error("blobs were fetched")
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	from := time.Unix(1000, 0)
	tests := []struct {
		name        string
		done, total int64
		after       time.Duration
		want        string
	}{
		{"half way", 190e6, 380e6, 10 * time.Second, "190 of 380 MB, 19.0 MB/s, 10s left"},
		{"minutes", 40e6, 640e6, 10 * time.Second, "40 of 640 MB, 4.0 MB/s, 2m30s left"},
		{"all", 380e6, 380e6, 20 * time.Second, "all of 380 MB, 19.0 MB/s"},
		{"of unknown length", 5e6, 0, time.Second, "5 MB, 5.0 MB/s"},
		{"not begun", 0, 380e6, 0, "0 of 380 MB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := NewProgress(tt.done, tt.total, from, from.Add(tt.after)).String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestResumedBytes: what is read over broken connections is what was sent.
func TestResumedBytes(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		breakOff(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "blob.bin", time.Time{}, bytes.NewReader(want))
		}), int(n)*30_000)
	}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: resuming{srv.Client().Transport}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v, want %d, the same", len(got), err, len(want))
	}
	if asked.Load() != 3 {
		t.Errorf("asked %d times, want 3", asked.Load())
	}
}
