//go:build e2e && unix

package e2e

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fails runs a command that has to fail with the exit code, and to say words.
func (u clusterUser) fails(code int, words []string, args ...string) string {
	u.t.Helper()
	out, err := u.run(args...)
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil || exit.ExitCode() != code {
		u.t.Errorf("gwctl %s: got %v, want exit code %d\n%s", strings.Join(args, " "), err, code, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			u.t.Errorf("gwctl %s does not say %q:\n%s", strings.Join(args, " "), w, out)
		}
	}
	return out
}

// TestFailures makes what can go wrong and be made here: each yields its exit
// code, its advice, and leaves nothing.
func TestFailures(t *testing.T) {
	nodeImage(t)
	t.Run("port taken", func(t *testing.T) {
		u := newClusterUser(t, "fail-port")
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		u.fails(12, []string{"port " + port + " is taken", "--port"}, "up", "--runtime", "kind", "--name", u.name, "--port", port)
	})
	t.Run("no engine", func(t *testing.T) {
		u := newClusterUser(t, "fail-none")
		u.env = append(u.env, "KIND_EXPERIMENTAL_PROVIDER=nonesuch")
		u.fails(11, []string{"no container engine is installed", "--runtime local"}, "up", "--runtime", "kind", "--name", u.name)
	})
	t.Run("engine down", func(t *testing.T) {
		u := newClusterUser(t, "fail-down")
		u.env = append(u.env, "DOCKER_HOST=tcp://127.0.0.1:1", "KIND_EXPERIMENTAL_PROVIDER=docker") // else another may answer
		u.fails(11, []string{"does not answer", "--runtime local"}, "up", "--runtime", "kind", "--name", u.name)
		u.env = u.env[:len(u.env)-2]
	})
	t.Run("wrong image", func(t *testing.T) {
		u := newClusterUser(t, "fail-image")
		const wrong = "gwctl-e2e/wrong:1"
		tar := exec.CommandContext(t.Context(), "docker", "import", "-", wrong)
		tar.Stdin = bytes.NewReader(make([]byte, 10240)) // an empty archive
		if out, err := tar.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("docker", "rmi", wrong).Run() })
		u.fails(10, []string{"node image is not one that kind can use"}, "up", "--runtime", "kind", "--name", u.name, "--port", "0", "--image", wrong)
	})
	t.Run("config's image, offline", func(t *testing.T) {
		u := newClusterUser(t, "fail-config")
		path := filepath.Join(t.TempDir(), "kind.yaml")
		if err := os.WriteFile(path, []byte("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n- {role: worker, image: \"127.0.0.1:1/none:1\"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		u.fails(14, []string{"127.0.0.1:1/none:1 of " + path + " is not here", "--offline asks no registry"},
			"up", "--runtime", "kind", "--name", u.name, "--config", path, "--offline")
	})
	t.Run("read-only home", func(t *testing.T) {
		u := newClusterUser(t, "fail-home")
		u.env = append(u.env, "XDG_STATE_HOME=/proc/nowhere")
		u.fails(10, []string{"cannot be used", "XDG_STATE_HOME"}, "up", "--runtime", "kind", "--name", u.name)
		u.env = u.env[:len(u.env)-1]
	})
	t.Run("engine stops mid-way", func(t *testing.T) {
		u := newClusterUser(t, "fail-mid")
		dir := t.TempDir()
		// A docker that answers until the first node is made.
		script := "#!/bin/sh\n[ -e " + dir + "/gone ] && export DOCKER_HOST=tcp://127.0.0.1:1\n[ \"$1\" = run ] && touch " + dir + "/gone\nexec " + tool(t, "docker") + ` "$@"` + "\n"
		if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		u.env = append(u.env, "PATH="+dir+":"+os.Getenv("PATH"))
		u.fails(11, []string{"stopped answering", "gwctl up"}, "up", "--runtime", "kind", "--name", u.name, "--port", "0")
		u.fails(11, []string{"docker, which has the cluster gwctl-fail-mid, does not answer", "start it", "gwctl down --forget --name fail-mid"}, "down", "--name", u.name)
		u.env = u.env[:len(u.env)-1]
	})
	t.Run("inotify", func(t *testing.T) {
		u := newClusterUser(t, "fail-inotify")
		c := u.command("doctor", "--name", u.name)
		c.Path = tool(t, "unshare") // a user namespace has limits of its own
		c.Args = append([]string{"unshare", "-Ur", "sh", "-c", `echo 2 >/proc/sys/user/max_inotify_instances && exec "$@"`, "sh", u.gwctl}, c.Args[1:]...)
		out, err := c.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if exit == nil || exit.ExitCode() != 13 || !strings.Contains(string(out), "✗ INOTIFY") || !strings.Contains(string(out), "sysctl fs.inotify") {
			t.Errorf("doctor without inotify instances: %v\n%s", err, out)
		}
	})
	t.Run("disk full", func(t *testing.T) {
		u := newClusterUser(t, "fail-disk")
		dir := t.TempDir()
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8k", "none", dir).CombinedOutput(); err != nil {
			skip(t, "a small disk cannot be mounted: "+string(out))
		}
		t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
		u.env = append(u.env, "XDG_STATE_HOME="+dir)
		u.fails(13, []string{"a disk is full", "XDG_STATE_HOME"}, "up", "--runtime", "kind", "--name", u.name, "--port", "0")
		u.env = u.env[:len(u.env)-1]
	})
	t.Run("stale lock", func(t *testing.T) {
		u := newClusterUser(t, "fail-lock")
		state := filepath.Join(u.home, ".local/state/gwctl")
		if err := os.MkdirAll(state, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, u.name+".lock"), []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
		u.must("up", "--runtime", "local", "--name", u.name, "--port", "0")
		u.must("down", "--name", u.name)
	})
	t.Run("retain", func(t *testing.T) {
		u := newClusterUser(t, "fail-retain")
		path := filepath.Join(t.TempDir(), "kind.yaml")
		// kubeadm refuses it once the node has started.
		if err := os.WriteFile(path, []byte("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nkubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  networking: {serviceSubnet: none}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		const node = "gwctl-fail-retain-control-plane"
		out, err := u.run("up", "--runtime", "kind", "--name", u.name, "--port", "0", "--config", path, "--retain")
		if err == nil || !strings.Contains(out, "docker exec -it "+node+" bash; gwctl down --name fail-retain") {
			t.Errorf("up --retain: %v\n%s", err, out)
		}
		if log, err := exec.CommandContext(t.Context(), "docker", "exec", node, "journalctl", "--no-pager", "-n", "1").CombinedOutput(); err != nil {
			t.Errorf("the node cannot be looked at: %v\n%s", err, log)
		}
		u.fails(16, []string{"its cluster is not complete", "gwctl up --name fail-retain"}, "status", "--name", u.name)
		if out := u.must("down", "--name", u.name); !strings.Contains(out, "is gone") {
			t.Errorf("down says\n%s", out)
		}
	})
	t.Run("time-out", func(t *testing.T) {
		u := newClusterUser(t, "fail-time")
		u.fails(15, []string{"longer than 3s, so it was undone", "--timeout 6s"}, "up", "--runtime", "kind", "--name", u.name, "--port", "0", "--timeout", "3s")
		u.nothingLeft()
		u.fails(15, []string{"longer than 6s, so it was ended", "is kept", "gwctl down --name fail-time removes it"},
			"up", "--runtime", "kind", "--name", u.name, "--port", "0", "--timeout", "6s", "--retain")
		if out, err := exec.CommandContext(t.Context(), "docker", "exec", "gwctl-fail-time-control-plane", "true").CombinedOutput(); err != nil {
			t.Errorf("the node cannot be looked at: %v\n%s", err, out)
		}
	})
}

// TestBundle makes a bundle, breaks one, serves one, and brings a sandbox up of it
// without asking the network for anything.
func TestBundle(t *testing.T) {
	u := newClusterUser(t, "bundle")
	image := nodeImage(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "gwctl.bundle")
	out := u.must("bundle", "create", path, "--image", image)
	if !strings.Contains(out, "every checksum is right") {
		t.Errorf("bundle create says\n%s", out)
	}
	u.must("bundle", "verify", path)
	t.Run("corrupted", func(t *testing.T) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() //nolint:errcheck // the test is over
		info, _ := f.Stat()
		b := make([]byte, 1)
		at := info.Size() / 2
		if _, err := f.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{^b[0]}, at); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = f.WriteAt(b, at) }()
		u.t = t
		u.fails(10, []string{"the checksum of", "is wrong"}, "up", "--runtime", "kind", "--name", u.name, "--bundle", path, "--offline")
	})
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	u.env = append(u.env[:0:0], "HTTPS_PROXY="+proxy.URL, "NO_PROXY=127.0.0.1,localhost")
	begin := time.Now()
	out = u.must("up", "--runtime", "kind", "--name", u.name, "--port", "0", "--bundle", path, "--offline")
	t.Logf("up of a bundle took %s", time.Since(begin).Round(100*time.Millisecond))
	if !strings.Contains(out, "every checksum right") || !strings.Contains(out, "200  GET /echo-1 with the key") {
		t.Errorf("up says\n%s", out)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("offline, the network was asked %d times", n)
	}
	t.Run("kong.yml", u.kongFile)
	t.Run("served", func(t *testing.T) {
		c := u.command("bundle", "serve", path, "--listen", "127.0.0.1:0")
		address := started(t, c, "--bundle ")
		half := get(t, address, "Range: bytes=0-99")
		if half.status != http.StatusPartialContent || len(half.body) != 100 {
			t.Errorf("a range of the bundle: %d, %d bytes", half.status, len(half.body))
		}
		u.t = t
		u.fetched(address)
	})
}

// fetched fetches a bundle over a connection that breaks, then goes on.
func (u clusterUser) fetched(address string) {
	const name, most = "fetched", 1 << 20
	u.env = []string{"GWCTL_NODE_IMAGE=" + nodeImage(u.t)}
	var ranges []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		req, err := http.NewRequestWithContext(r.Context(), r.Method, address, nil)
		if err != nil {
			panic(err)
		}
		req.Header = r.Header.Clone()
		res, err := (&http.Client{Timeout: time.Minute}).Do(req)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		if len(ranges) > 1 {
			_, _ = io.Copy(w, res.Body)
			return
		}
		_, _ = io.CopyN(w, res.Body, most)
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	url := srv.URL + "/gwctl.bundle"
	u.fails(14, []string{"the bundle cannot be fetched", "goes on where this one ended"}, "up", "--runtime", "kind", "--name", name, "--bundle", url)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		u.t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	u.fails(12, []string{"every checksum right", "is taken"}, "up", "--runtime", "kind", "--name", name, "--bundle", url, "--port", port)
	if len(ranges) != 2 || ranges[0] != "" || ranges[1] == "" || ranges[1] == "bytes=0-" {
		u.t.Errorf("asked for were %q, want all, then the rest", ranges)
	}
	if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state/gwctl", "*"+name+"*")); len(left) > 0 {
		u.t.Errorf("files are left: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state/gwctl", ".*part")); len(left) > 0 {
		u.t.Errorf("parts are left: %v", left)
	}
}
