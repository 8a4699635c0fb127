//go:build e2e && unix

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// long says that make e2e-long runs.
func long() bool { return os.Getenv("GWCTL_E2E_LONG") != "" }

// bin is the path of a built binary.
func bin(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	return path
}

// user is somebody with a home of their own.
type user struct {
	t     *testing.T
	home  string
	gwctl string
	env   []string
}

func newUser(t *testing.T) user {
	t.Helper()
	u := user{t, t.TempDir(), bin(t, "gwctl"), []string{"GWCTL_RUNTIME=local"}}
	t.Cleanup(func() {
		if out, err := u.run("down"); err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
		if left := u.processes(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
	return u
}

func (u user) command(args ...string) *exec.Cmd {
	c := exec.Command(u.gwctl, args...)
	c.Env = append([]string{"HOME=" + u.home, "PATH=" + os.Getenv("PATH"), "NO_COLOR=1"}, u.env...)
	return c
}

func (u user) run(args ...string) (string, error) {
	out, err := u.command(args...).CombinedOutput()
	return string(out), err
}

func (u user) must(args ...string) string {
	u.t.Helper()
	out, err := u.run(args...)
	if err != nil {
		u.t.Fatalf("gwctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// processes lists the living processes of this user, where /proc tells.
func (u user) processes() []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		env, err := os.ReadFile(path)
		if err == nil && bytes.Contains(env, []byte("HOME="+u.home+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// address is where the user's gateway serves clients.
func (u user) address() string {
	u.t.Helper()
	var s struct {
		Gateways []struct{ Proxy string }
	}
	out, err := u.command("status", "-o", "json").Output()
	if err != nil {
		u.t.Fatalf("status: %v", err)
	}
	if err := json.Unmarshal(out, &s); err != nil || len(s.Gateways) != 1 {
		u.t.Fatalf("status names no gateway: %v\n%s", err, out)
	}
	return s.Gateways[0].Proxy
}

type answer struct {
	status int
	header http.Header
	body   string
}

func get(t *testing.T, url string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

const key = "apikey: my-secret-api-key"

// TestArticle is the article's demo, start to end, in real time.
func TestArticle(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	begin := time.Now()
	u.must("up", "--runtime", "local", "--port", "0")
	t.Logf("up took %s", time.Since(begin).Round(time.Millisecond))
	base := "http://" + u.address()
	if a := get(t, base+"/echo-1"); a.status != 401 || a.header.Get("WWW-Authenticate") != "Key" {
		t.Errorf("without a key: %d %s", a.status, a.body)
	}
	if a := get(t, base+"/echo-1/health", key); a.status != 200 || a.body != `{"status":"healthy"}` {
		t.Errorf("/echo-1/health is not stripped to /health: %d %s", a.status, a.body)
	}
	for i := range 5 {
		if a := get(t, base+"/echo-2", key); a.status != 200 || !strings.Contains(a.body, `"service":"echo-2"`) {
			t.Errorf("request %d: %d %s", i+1, a.status, a.body)
		}
	}
	a := get(t, base+"/echo-2", key)
	retry, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != 429 || err != nil || retry < 1 || retry > 60 {
		t.Fatalf("the sixth: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if b := get(t, base+"/echo-1", key); b.status != 200 {
		t.Errorf("echo-1 has a quota of its own, but answers %d", b.status)
	}
	<-time.After(time.Duration(retry) * time.Second)
	if a := get(t, base+"/echo-2", key); a.status != 200 {
		t.Errorf("after Retry-After: %d", a.status)
	}
}

// TestKilledWhileComingUp: whenever up is killed, the next one converges.
func TestKilledWhileComingUp(t *testing.T) {
	t.Parallel()
	points := []time.Duration{5, 20, 40, 70}
	if long() {
		points = nil
		for ms := time.Duration(1); ms <= 121; ms += 6 {
			points = append(points, ms)
		}
	}
	for _, ms := range points {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			t.Run(fmt.Sprintf("%s after %d ms", sig, ms), func(t *testing.T) {
				t.Parallel()
				u := newUser(t)
				c := u.command("up", "--port", "0")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				<-time.After(ms * time.Millisecond)
				_ = c.Process.Signal(sig)
				_ = c.Wait()
				u.must("up", "--port", "0")
				if a := get(t, "http://"+u.address()+"/echo-1", key); a.status != 200 {
					t.Errorf("after the next up: %d", a.status)
				}
			})
		}
	}
}

const kongYML = `_format_version: "3.0"
services:
- name: up
  url: http://127.0.0.1:PORT
  routes:
  - name: all
    paths: [/]
    plugins:
    - name: rate-limiting
      config: {minute: 1000000000}
`

// TestGatewayStopsUnderLoad: gatewayd alone, from a kong.yml, under load from
// many connections, is told to stop: every request that was sent is answered.
func TestGatewayStopsUnderLoad(t *testing.T) {
	t.Parallel()
	backend := exec.CommandContext(t.Context(), bin(t, "echo"), "-listen", "127.0.0.1:0", "-name", "up")
	address := started(t, backend, "listens on ")
	dir := t.TempDir()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "kong.yml")
	if err := os.WriteFile(path, []byte(strings.Replace(kongYML, "PORT", port, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	gw := exec.Command(bin(t, "gatewayd"), "serve", "--config", path, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--health", "")
	address = started(t, gw, "proxy=")
	seconds := 2 * time.Second
	if long() {
		seconds = 60 * time.Second
	}
	var done, lost atomic.Int64
	var load sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), seconds+20*time.Second)
	defer cancel()
	for range 16 {
		load.Go(func() {
			c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			for {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/x", nil)
				if err != nil {
					return
				}
				res, err := c.Do(req)
				if errors.Is(err, syscall.ECONNREFUSED) {
					return // it has stopped
				}
				if err != nil {
					lost.Add(1)
					t.Logf("lost: %v", err)
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err != nil || res.StatusCode != 200 {
					lost.Add(1)
					t.Logf("lost: %d %v", res.StatusCode, err)
					return
				}
				done.Add(1)
			}
		})
	}
	<-time.After(seconds)
	if err := gw.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	load.Wait()
	if err := gw.Wait(); err != nil {
		t.Errorf("gatewayd ended with %v", err)
	}
	if lost.Load() > 0 || done.Load() == 0 {
		t.Errorf("%d answered, %d lost", done.Load(), lost.Load())
	}
	t.Logf("%d requests, none lost", done.Load())
}

// started starts a command and returns the word behind mark in what it says.
func started(t *testing.T, c *exec.Cmd, mark string) string {
	t.Helper()
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _, _ = c.Process.Wait() })
	buf := make([]byte, 0, 4096)
	for {
		if _, rest, ok := bytes.Cut(buf, []byte(mark)); ok {
			if word, _, ok := bytes.Cut(rest, []byte("\n")); ok {
				go func() { _, _ = io.Copy(io.Discard, out) }()
				return strings.Fields(string(word))[0]
			}
		}
		n, err := out.Read(buf[len(buf):cap(buf)])
		if err != nil {
			t.Fatalf("%s ended before it said %q: %s", c.Path, mark, buf)
		}
		buf = buf[:len(buf)+n]
	}
}

// TestTranslateReadsItself: what translate prints is read back as the same.
func TestTranslateReadsItself(t *testing.T) {
	t.Parallel()
	gatewayd := bin(t, "gatewayd")
	first, err := exec.CommandContext(t.Context(), gatewayd, "translate", "../../manifests/demo").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(path, first, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := exec.CommandContext(t.Context(), gatewayd, "translate", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("printed again:\n%s\nwant:\n%s", second, first)
	}
}
