//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
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

	"github.com/gwctl/gwctl/tutorials/probe"
)

// box runs gwctl as a user whose sandboxes are the test's own.
type box struct {
	t     *testing.T
	state string
}

func newBox(t *testing.T) box {
	t.Helper()
	b := box{t, filepath.Join(t.TempDir(), "state")}
	t.Cleanup(func() {
		checkLog(t, filepath.Join(b.state, "gwctl", "default"))
		_, _ = b.run("down")
		if left := b.processes(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if _, err := os.Stat(filepath.Join(b.state, "gwctl")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("files are left in %s: %v", b.state, err)
		}
	})
	return b
}

func (b box) command(args ...string) *exec.Cmd {
	c := exec.Command("gwctl", args...)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+b.state, "NO_COLOR=1", "GWCTL_RUNTIME=local")
	return c
}

func (b box) run(args ...string) (string, error) {
	out, err := b.command(args...).CombinedOutput()
	return string(out), err
}

func (b box) must(args ...string) string {
	b.t.Helper()
	out, err := b.run(args...)
	if err != nil {
		b.t.Fatalf("gwctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// processes lists the processes of this box that live, where /proc tells: their
// environment names the state directory.
func (b box) processes() []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		env, err := os.ReadFile(path)
		if err == nil && bytes.Contains(env, []byte("XDG_STATE_HOME="+b.state+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// within waits until what holds.
func (b box) within(d time.Duration, what string, holds func() bool) {
	b.t.Helper()
	begin := time.Now()
	for again := time.NewTicker(5 * time.Millisecond); !holds(); <-again.C {
		if time.Since(begin) > d {
			b.t.Fatalf("%s: not within %s", what, d)
		}
	}
}

func (b box) process() process {
	b.t.Helper()
	p, err := readProcess(b.state, "default")
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// ask asks the demo with its key.
func ask(address, path string) (int, error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("apikey", "my-secret-api-key")
	req.Close = true
	res, err := new(http.Client).Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// TestKilledUnderLoad: the process is killed while requests go through it; up
// heals it on the same port, and the same load goes on.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	p := b.process()
	ctx, cancel := context.WithCancel(t.Context())
	var before, after, healed atomic.Int64
	var load sync.WaitGroup
	load.Go(func() {
		var prober probe.Prober
		defer prober.Close()
		_ = prober.Run(ctx, probe.Plan{URL: "http://" + p.Proxy + "/echo-1", N: 1e9, Concurrency: 4, Rate: 500}, func(a probe.Answer) {
			switch {
			case a.Err == nil && a.Status == http.StatusUnauthorized && healed.Load() == 0:
				before.Add(1)
			case a.Err == nil && a.Status == http.StatusUnauthorized:
				after.Add(1)
			}
		})
	})
	b.within(deadline, "answers before", func() bool { return before.Load() > 20 })
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if out := b.must("up"); !strings.Contains(out, "healed") {
		t.Errorf("up does not say that it healed:\n%s", out)
	}
	healed.Store(1)
	if now := b.process(); now.Proxy != p.Proxy || now.PID == p.PID {
		t.Errorf("got %s, pid %d; want another process on %s", now.Proxy, now.PID, p.Proxy)
	}
	b.within(deadline, "answers after", func() bool { return after.Load() > 20 })
	cancel()
	load.Wait()
}

// TestStuck: a process that lives and does not answer is ended, by up and down.
func TestStuck(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	p := b.process()
	if err := syscall.Kill(p.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if out := b.must("up"); !strings.Contains(out, "did not answer, healed") {
		t.Errorf("up does not say that it healed:\n%s", out)
	}
	now := b.process()
	if now.PID == p.PID || now.Proxy != p.Proxy {
		t.Errorf("got pid %d on %s, want another on %s", now.PID, now.Proxy, p.Proxy)
	}
	if err := syscall.Kill(now.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b.must("down")
}

// TestForeignProcess: the number in a stale file has been given to another
// program, which must live on.
func TestForeignProcess(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	p := b.process()
	path := filepath.Join(b.state, "gwctl", "default", "process.json")
	stale, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.within(deadline, "the end of the process", func() bool { c, err := net.Dial("tcp", p.Proxy); return err != nil || c.Close() != nil })

	foreign := exec.Command("sleep", "1000")
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = foreign.Process.Kill(); _ = foreign.Wait() }()
	number := func(pid int) []byte { return []byte(`"pid": ` + strconv.Itoa(pid) + ",") }
	stale = bytes.Replace(stale, number(p.PID), number(foreign.Process.Pid), 1)
	for _, verb := range []string{"up", "down"} {
		if err := os.WriteFile(path, stale, 0o600); err != nil {
			t.Fatal(err)
		}
		if verb == "down" { // the one that up made goes first, as it would by itself
			b.within(deadline, "the end of a process without its file", func() bool { return len(b.processes()) == 0 })
			if err := os.WriteFile(path, stale, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.must(verb)
		if err := foreign.Process.Signal(syscall.Signal(0)); err != nil {
			t.Fatalf("%s ended a process that is not ours: %v", verb, err)
		}
	}
}

// TestAtOnce: many ups at once make one sandbox; many downs at once remove it.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, verb := range [][]string{{"up", "--port", "0"}, {"down"}, {"up", "--port", "0"}} {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if out, err := b.run(verb...); err != nil {
					t.Errorf("%v: %v\n%s", verb, err, out)
				}
			})
		}
		all.Wait()
		want := 1
		if verb[0] == "down" {
			want = 0
		}
		if left := b.processes(); len(left) != want && len(left) > 0 {
			t.Errorf("after %v: got processes %v, want %d", verb, left, want)
		}
	}
	if status, err := ask(b.process().Proxy, "/echo-1"); err != nil || status != http.StatusOK {
		t.Errorf("got %d, %v; want 200", status, err)
	}
}

// TestInterrupted: up is interrupted or killed at many moments. An interrupted
// one has either come up or left nothing; after a killed one, no process without
// its up stays, and up or down converge.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	moments := []time.Duration{30, 90, 180}
	if os.Getenv("GWCTL_E2E_LONG") != "" {
		moments = nil
		for at := time.Duration(0); at < 400; at += 7 {
			moments = append(moments, at)
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			for i, at := range moments {
				c := b.command("up", "--port", "0")
				var out bytes.Buffer
				c.Stdout, c.Stderr = &out, &out
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				timer := time.AfterFunc(at*time.Millisecond, func() { _ = c.Process.Signal(sig) })
				err := c.Wait()
				timer.Stop()
				b.judge(sig, err, out.String())
				if i%2 == 0 {
					b.must("up", "--port", "0")
					if status, err := ask(b.process().Proxy, "/echo-1"); err != nil || status != http.StatusOK {
						t.Fatalf("%s after %d ms, then up: got %d, %v; want 200", sig, at, status, err)
					}
				}
				b.must("down")
			}
		})
	}
}

// judge looks at what an up that got a signal has left.
func (b box) judge(sig syscall.Signal, err error, out string) {
	b.t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil: // it was up before the signal came
		return
	case !errors.As(err, &exit):
		b.t.Fatal(err)
	case exit.ExitCode() == -1: // the signal ended it: SIGKILL, or before it could catch one
	case exit.ExitCode() != 130:
		b.t.Fatalf("%s: got exit code %d, want 130\n%s", sig, exit.ExitCode(), out)
	default:
		if _, err := os.Stat(filepath.Join(b.state, "gwctl")); !errors.Is(err, os.ErrNotExist) {
			b.t.Fatalf("%s: files are left: %v\n%s", sig, err, out)
		}
		if left := b.processes(); len(left) > 0 {
			b.t.Fatalf("%s: processes are left: %v\n%s", sig, left, out)
		}
		return
	}
	b.within(deadline, "the end of a process whose up is gone, and had not let it stay", func() bool {
		p, err := readProcess(b.state, "default")
		return err == nil && p.Kept || len(b.processes()) == 0
	})
}

// TestPrivate: nobody else can read a sandbox's files.
func TestPrivate(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.must("up", "--port", "0")
	err := filepath.WalkDir(filepath.Join(b.state, "gwctl"), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + b.process().Admin + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the admin listener answers %d without a token, want 401", res.StatusCode)
	}
}
