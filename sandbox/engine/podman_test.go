package engine

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPodmanInfo reads what Podman 4.3 of Debian 12 says of itself.
func TestPodmanInfo(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/podman-info.json")
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{Name: "podman"}
	if err := e.podmanInfo(raw); err != nil {
		t.Fatal(err)
	}
	want := Info{
		ServerVersion: "4.3.1", Architecture: "amd64", CgroupVersion: "1", Memory: 16e9, CPUs: 4,
		Driver: "overlay", Root: "/var/lib/containers/storage",
	}
	if diff := cmp.Diff(want, e.Info); diff != "" {
		t.Errorf("info differs (-want +got):\n%s", diff)
	}
	if err := e.podmanInfo([]byte("{")); err == nil {
		t.Error("half an answer is read")
	}
}

// TestPodmanNodes reads a list as Podman 4.3 prints it; to a template it gives
// "Up 2 minutes ago" as the state.
func TestPodmanNodes(t *testing.T) {
	t.Parallel()
	got, err := podmanNodes([]byte(`[{"Names":["gwctl-control-plane"],"State":"running","Status":"Up 2 minutes ago","Image":"localhost/kindest/node:1"},
		{"Names":["gwctl-worker"],"State":"paused","Status":"Paused","Image":"docker.io/kindest/node:1"}]`))
	want := []Node{{"gwctl-control-plane", "running", "localhost/kindest/node:1"}, {"gwctl-worker", "paused", "docker.io/kindest/node:1"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("nodes differ, %v (-want +got):\n%s", err, diff)
	}
	if got, err := podmanNodes([]byte("[]\n")); err != nil || got != nil {
		t.Errorf("none gives %v, %v", got, err)
	}
}
