//go:build e2e && unix

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox/deploy"
)

// olderVersion is the version of a gwctl of before.
const olderVersion = "v0.0.1-older"

// older builds gwctl, and what its images are made of, as another version, and
// returns the path of gwctl.
func older(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := func(system, into string, programs ...string) {
		t.Helper()
		args := []string{"build", "-trimpath", "-ldflags", "-s -w -X main.version=" + olderVersion, "-o", into + string(filepath.Separator)}
		for _, p := range programs {
			args = append(args, "../../cmd/"+p)
		}
		c := exec.CommandContext(t.Context(), "go", args...)
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("building %v of another version: %v\n%s", programs, err, out)
		}
	}
	build(runtime.GOOS, dir, "gwctl")
	build("linux", filepath.Join(dir, "images", "linux-"+runtime.GOARCH), "gatewayd", "echo")
	return filepath.Join(dir, "gwctl")
}

// upgrade: what another version of gwctl has brought up, this one brings to its
// own, and no request fails meanwhile.
func (u clusterUser) upgrade(t *testing.T) {
	u.t = t
	if got := u.gateways()[0].Status.Version; got != olderVersion {
		t.Errorf("at first the gateway is of version %s, want %s", got, olderVersion)
	}
	image := func() string {
		return u.kubectl("-n", deploy.Namespace, "get", "deployment", deploy.Release, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	}
	was := image()
	if out, err := u.tryKubectl(openRoute, "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Of two backends one is always there; one alone has its own end to survive.
	u.kubectl("-n", deploy.DemoNamespace, "scale", "deployment/echo-1", "--replicas=2")
	u.kubectl("-n", deploy.DemoNamespace, "rollout", "status", "deployment/echo-1", "--timeout=60s")
	url := u.url("/open")
	becomes(t, url, 200)
	l := startLoad(t, url, 50)
	out := u.up()
	l.stop(t)
	for _, want := range []string{"loaded: gatewayd", "release gatewayd upgraded"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not say %q:\n%s", want, out)
		}
	}
	if now := image(); now == was {
		t.Errorf("the Deployment has the image %s still", now)
	}
	version := strings.Fields(u.must("version"))[1]
	for _, g := range u.gateways() {
		if g.Status.Version != version {
			t.Errorf("%s is of version %s, want %s", g.Pod, g.Status.Version, version)
		}
	}
	if status := u.must("status", "--name", u.name); strings.Contains(status, olderVersion) {
		t.Errorf("status tells the version of before:\n%s", status)
	}
	u.must("reset", "--name", u.name)
	becomes(t, url, 404)
	eventually(t, 60*time.Second, "the gateway of before has gone", func() (string, bool) {
		pods := u.kubectl("-n", deploy.Namespace, "get", "pods", "-o", "name")
		return pods, strings.Count(pods, "\n") == 1
	})
}

// logs: the last lines of each gateway, and what comes.
func (u clusterUser) logs(t *testing.T) {
	u.t = t
	mark := regexp.MustCompile(`^gatewayd-[a-z0-9-]+ \| \S`)
	out := u.must("logs", "--name", u.name, "-n", "2")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || !mark.MatchString(lines[0]) || !mark.MatchString(lines[1]) {
		t.Errorf("logs -n 2 says\n%s", out)
	}
	c := u.command("logs", "--name", u.name, "-n", "1", "-f")
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	said := make(chan string)
	go func() {
		defer close(said)
		for s := bufio.NewScanner(pipe); s.Scan(); {
			said <- s.Text()
		}
	}()
	next := func() (string, bool) {
		select {
		case line, ok := <-said:
			return line, ok
		case <-time.After(20 * time.Second):
			t.Fatal("logs -f says nothing more")
			return "", false
		}
	}
	if first, ok := next(); !ok || !mark.MatchString(first) {
		t.Errorf("logs -f begins with %q", first)
	}
	u.kubectl("-n", deploy.DemoNamespace, "patch", "kongplugin", "rate-limit", "--type=merge", "-p", `{"config":{"minute":9}}`)
	for {
		line, ok := next()
		if !ok {
			t.Fatal("logs -f ended by itself")
		}
		if strings.Contains(line, "a configuration is served") {
			break
		}
	}
	_ = c.Process.Signal(syscall.SIGINT)
	for range said { // until it has ended
	}
	if err := c.Wait(); err != nil {
		t.Errorf("logs -f, interrupted: %v", err)
	}
	u.must("reset", "--name", u.name)
}

// clusterKongYML leads to a Service, by two paths of which PATH is one.
const clusterKongYML = `_format_version: "3.0"
services:
- name: echo
  url: http://echo.mine.svc:80
  routes:
  - {name: both, paths: [/kong, PATH]}
`

// loopbackYML leads to the machine that gwctl runs on.
const loopbackYML = `- name: here
  url: http://127.0.0.1:9
  routes:
  - {name: here, paths: [/here]}
`

// kongFile: a kong.yml is served in a cluster, and its change after the next up. The
// demo goes for it.
func (u clusterUser) kongFile(t *testing.T) {
	u.t = t
	u.kubectl("create", "namespace", "mine")
	u.kubectl("-n", "mine", "create", "deployment", "echo", "--image="+deploy.EchoImage)
	u.kubectl("-n", "mine", "expose", "deployment", "echo", "--port=80", "--target-port=8080")
	path := filepath.Join(t.TempDir(), "kong.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Replace(clusterKongYML, "PATH", "/one", 1))
	if out := u.up("--manifests", path); strings.Contains(out, "--runtime local") {
		t.Errorf("up warns of a Service:\n%s", out)
	}
	becomes(t, u.url("/one/health"), 200)
	becomes(t, u.url("/echo-1"), 404, key)
	write(strings.Replace(clusterKongYML, "PATH", "/two", 1) + loopbackYML)
	out := u.up()
	for _, want := range []string{"127.0.0.1 is the gateway's own pod in a cluster", "--runtime local"} {
		if !strings.Contains(out, want) {
			t.Errorf("of a loopback upstream, up does not say %q:\n%s", want, out)
		}
	}
	becomes(t, u.url("/two/health"), 200)
	// The pod before serves for its shutdown delay, and the node learns a little late
	// that it goes.
	becomes(t, u.url("/one/health"), 404)
}
