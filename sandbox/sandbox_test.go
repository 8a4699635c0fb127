package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/sandbox/hint"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"default": true, "a": true, "a-1": true, "1": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "a-": false, "A": false, "a_b": false, "a.b": false, "../a": false, "ä": false, strings.Repeat("a", 64): false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkName(name)
			if (err == nil) != ok || err != nil && hint.ExitCode(err) != hint.Usage {
				t.Errorf("got %v, want it allowed: %t", err, ok)
			}
		})
	}
}

// TestBrokenRecord: a sandbox whose record cannot be read is still known to be in a
// cluster, so that down does not leave that behind.
func TestBrokenRecord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, want string }{{"kind.json", Kind}, {"cluster.json", Cluster}, {"", Local}} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			s := &Sandbox{opts: Options{Name: "x"}, dir: t.TempDir()}
			files := []string{recordFile}
			if tt.file != "" {
				files = append(files, tt.file)
			}
			for _, name := range files {
				if err := os.WriteFile(filepath.Join(s.dir, name), []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.read(); err != nil || s.bad == nil || s.record.Runtime != tt.want {
				t.Errorf("it is of runtime %q, %v, %v; want %q", s.record.Runtime, err, s.bad, tt.want)
			}
		})
	}
}

// TestDownLooksAgain: what an up has written since New is known to Down, which else
// would take the cluster's state away and leave the cluster.
func TestDownLooksAgain(t *testing.T) {
	t.Setenv("KIND_EXPERIMENTAL_PROVIDER", "no-such-engine")
	s := &Sandbox{opts: Options{Name: "x"}, dir: filepath.Join(t.TempDir(), "x")}
	if err := s.read(); err != nil || s.record.Runtime != Local {
		t.Fatalf("runtime %q, %v", s.record.Runtime, err)
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{recordFile: `{"name":"x","runtime":"kind"}`, "kind.json": `{"cluster":"gwctl-x","engine":"no-such-engine","creating":true}`} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Down(t.Context()); err == nil {
		t.Error("down removes a cluster without an engine")
	}
	if _, err := os.Stat(filepath.Join(s.dir, "kind.json")); err != nil {
		t.Errorf("the cluster is forgotten: %v", err)
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		had         int
		first, last []int
	}{
		{"a new one", 0, []int{8000, 8001}, []int{8015, 0}},
		{"one that had another", 9000, []int{9000, 8000, 8001}, []int{8015, 0}},
		{"one that had a neighbour", 8001, []int{8001, 8000, 8002}, []int{8015, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ports(tt.had)
			if !slices.Equal(got[:len(tt.first)], tt.first) || !slices.Equal(got[len(got)-len(tt.last):], tt.last) {
				t.Errorf("got %v, want %v … %v", got, tt.first, tt.last)
			}
		})
	}
}

func TestPlainGet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		route      admin.RouteStatus
		host, path string
		ok         bool
	}{
		{"anything", admin.RouteStatus{}, "", "/", true},
		{"a prefix", admin.RouteStatus{Paths: []string{"/a"}}, "", "/a", true},
		{"whole elements", admin.RouteStatus{Paths: []string{"/a/*"}}, "", "/a", true},
		{"the root in whole elements", admin.RouteStatus{Paths: []string{"/*"}}, "", "/", true},
		{"exactly", admin.RouteStatus{Paths: []string{"=/a"}}, "", "/a", true},
		{"a regular expression, then another", admin.RouteStatus{Paths: []string{"~/a.", "/b"}}, "", "/b", true},
		{"a regular expression alone", admin.RouteStatus{Paths: []string{"~/a."}}, "", "", false},
		{"a host", admin.RouteStatus{Hosts: []string{"shop.test"}, Paths: []string{"/a"}}, "shop.test", "/a", true},
		{"a wildcard", admin.RouteStatus{Hosts: []string{"*.test"}}, "example.test", "/", true},
		{"a method", admin.RouteStatus{Methods: []string{"POST", "GET"}}, "", "/", true},
		{"another method", admin.RouteStatus{Methods: []string{"POST"}}, "", "", false},
		{"a header", admin.RouteStatus{Headers: []string{"x-a"}}, "", "", false},
		{"https alone", admin.RouteStatus{Protocols: []string{"https"}}, "", "", false},
		{"http too", admin.RouteStatus{Protocols: []string{"http", "https"}}, "", "/", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host, path, ok := plainGet(tt.route)
			if host != tt.host || path != tt.path || ok != tt.ok {
				t.Errorf("got %q %q %t, want %q %q %t", host, path, ok, tt.host, tt.path, tt.ok)
			}
		})
	}
}

// TestLock: a lock whose file was removed meanwhile locks nothing, so it is taken
// anew.
func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.lock")
	unlock, err := lock(t.Context(), path, func() { t.Error("waited for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, second := make(chan struct{}), make(chan error, 1)
	go func() {
		unlock, err := lock(t.Context(), path, func() { close(waiting) })
		if err == nil {
			unlock()
		}
		second <- err
	}()
	<-waiting
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the second lock is not on the file that is there: %v", err)
	}
}
