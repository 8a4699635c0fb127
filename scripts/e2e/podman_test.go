//go:build e2e && unix

package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// podman runs Podman and returns what it prints.
func podman(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("podman", args...).Output()
	if err != nil {
		t.Fatalf("podman %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// podmanHas lists the containers, networks and volumes that Podman has.
func podmanHas(t *testing.T) string {
	t.Helper()
	return podman(t, "ps", "-aq") + podman(t, "network", "ls", "-q") + podman(t, "volume", "ls", "-q")
}

// TestPodman is a sandbox on Podman, from up to down, which leaves nothing.
func TestPodman(t *testing.T) {
	image := nodeImage(t)
	tool(t, "podman")
	if exec.CommandContext(t.Context(), "podman", "image", "exists", image).Run() != nil {
		skip(t, "podman has no node image: scripts/node-image/start-podman.sh loads it")
	}
	before := podmanHas(t)
	u := newClusterUser(t, "podman")
	plain := u.env
	u.env = append(u.env, "KIND_EXPERIMENTAL_PROVIDER=podman")
	out := u.up("--port", "0", "--ingress-class", "mine") // another class than the demo names
	for _, want := range []string{"✓ Container engine: podman ", "401  GET /echo-1 without a key", "200  GET /echo-1 with the key", "200  GET /echo-2 with the key"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not say %q:\n%s", want, out)
		}
	}
	u.env = plain // from here on the sandbox itself knows where it is, whatever else answers
	u.base = u.url("")
	t.Run("again", u.again)
	t.Run("quota", u.quota)
	t.Run("fire", func(t *testing.T) {
		u.t = t
		out := u.must("fire", "/echo-1", "-n", "2", "--key", "my-secret-api-key", "--name", u.name)
		if !strings.Contains(out, "2 × 200 OK") {
			t.Errorf("fire says\n%s", out)
		}
	})
	t.Run("doctor", func(t *testing.T) {
		u.t = t
		out := u.must("doctor", "--name", u.name)
		for _, want := range []string{"✓ ENGINE          container engine: podman", "1 node(s), running", "localhost/" + image} {
			if !strings.Contains(out, want) {
				t.Errorf("doctor does not say %q:\n%s", want, out)
			}
		}
	})
	t.Run("pause", u.paused)
	t.Run("node killed", func(t *testing.T) {
		if !long() {
			t.Skip("make e2e-long kills the node")
		}
		u.t = t
		podman(t, "kill", "gwctl-podman-control-plane")
		if out := u.up(); !strings.Contains(out, "was stopped, healed") {
			t.Errorf("up does not tell that it healed:\n%s", out)
		}
		becomes(t, u.url("/echo-1/health"), 200, key)
	})
	begin := time.Now()
	u.must("down", "--name", u.name)
	if took := time.Since(begin); took > 9*time.Second {
		t.Errorf("down took %s: it waits for nodes to end by themselves", took)
	}
	if after := podmanHas(t); after != before {
		t.Errorf("podman has\n%swant\n%s", after, before)
	}
}
