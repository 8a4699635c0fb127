//go:build e2e && unix

package e2e

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"sigs.k8s.io/kind/pkg/cluster"
)

// bare is a kind cluster that is somebody else's.
func bare(t *testing.T, name string) (kubeconfig string) {
	t.Helper()
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	p := cluster.NewProvider(cluster.ProviderWithDocker())
	t.Cleanup(func() { _ = p.Delete(name, kubeconfig) })
	if err := p.Create(name, cluster.CreateWithNodeImage(nodeImage(t)), cluster.CreateWithKubeconfigPath(kubeconfig),
		cluster.CreateWithDisplayUsage(false), cluster.CreateWithDisplaySalutation(false)); err != nil {
		t.Fatalf("creating the cluster %s: %v", name, err)
	}
	return kubeconfig
}

// TestExisting puts a sandbox into a cluster that is there already, and takes it
// out again.
func TestExisting(t *testing.T) {
	const name = "gwctl-e2e-existing"
	kubeconfig := bare(t, name)
	u := clusterUser{user{t, t.TempDir(), bin(t, "gwctl"), nil}, "existing", ""}
	k := func(args ...string) (string, error) {
		c := u.command()
		c.Path, c.Args = kubectl(t), append([]string{"kubectl", "--kubeconfig", kubeconfig}, args...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	all := func() string {
		out, err := k("get", "namespaces,crds,clusterroles,clusterrolebindings,ingressclasses,validatingwebhookconfigurations", "-o", "name")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return out
	}
	before := all()
	where := []string{"--name", u.name, "--context", "kind-" + name, "--kubeconfig", kubeconfig}
	doctor := u.must(append([]string{"doctor"}, where...)...)
	for _, id := range []string{"CLUSTER_VERSION", "CLUSTER_RIGHTS", "CLUSTER_FOREIGN", "CLUSTER_IMAGES"} {
		if !strings.Contains(doctor, "✓ "+id) {
			t.Errorf("doctor does not find %s fine:\n%s", id, doctor)
		}
	}
	out := u.must(append([]string{"up", "--port", "0"}, where...)...)
	if !strings.Contains(out, "200  GET /echo-1 with the key") || !strings.Contains(out, "127.0.0.1:") {
		t.Errorf("up says\n%s", out)
	}
	t.Run("again", func(t *testing.T) {
		if out := u.must("up", "--name", u.name); !strings.Contains(out, "is up already") {
			t.Errorf("up again says\n%s", out)
		}
	})
	t.Run("forward heals", func(t *testing.T) {
		u.t = t
		url := u.url("/echo-1/health")
		if out, err := k("-n", "gwctl-system", "delete", "pod", "-l", "app.kubernetes.io/name=gatewayd"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		becomes(t, url, 200, key)
	})
	t.Run("another is refused", func(t *testing.T) {
		out, err := u.run("up", "--name", "second", "--context", "kind-"+name, "--kubeconfig", kubeconfig)
		if err == nil || !strings.Contains(out, "Namespace gwctl-system already") {
			t.Errorf("a second sandbox in the cluster: %v\n%s", err, out)
		}
		if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state/gwctl/second*")); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	})
	t.Run("node port", func(t *testing.T) {
		u.t = t
		out := u.must("up", "--name", u.name, "--service-type", "NodePort")
		var s struct{ Gateways []struct{ Proxy string } }
		raw, err := u.command("status", "--name", u.name, "-o", "json").Output()
		if err != nil || json.Unmarshal(raw, &s) != nil || len(s.Gateways) != 1 {
			t.Fatalf("%v\n%s\n%s", err, raw, out)
		}
		if host, _, _ := net.SplitHostPort(s.Gateways[0].Proxy); host == "127.0.0.1" || host == "" {
			t.Errorf("clients come by %s, not by the node", s.Gateways[0].Proxy)
		}
		if left := u.processes(); len(left) > 0 {
			t.Errorf("the process that forwards is still there: %v", left)
		}
		u.must("up", "--name", u.name, "--service-type", "ClusterIP")
	})
	t.Run("registry", func(t *testing.T) {
		srv := httptest.NewServer(registry.New())
		defer srv.Close()
		out := u.must("image", "push", strings.TrimPrefix(srv.URL, "http://")+"/team")
		if n := strings.Count(out, "/team/"); n != 2 {
			t.Errorf("image push says\n%s", out)
		}
	})
	if out, err := u.run("down", "--name", u.name); err != nil {
		t.Fatalf("down: %v\n%s", err, out)
	}
	if after := all(); after != before {
		t.Errorf("down left\n%s\nbefore up there was\n%s", after, before)
	}
	if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state/gwctl", "*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	if left := u.processes(); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	t.Run("CRDs of another's", func(t *testing.T) {
		if out, err := k("apply", "-f", "../../manifests/crds/configuration.konghq.com_kongplugins.yaml"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		out, err := u.run(append([]string{"up", "--port", "0"}, where...)...)
		if err == nil || !strings.Contains(out, "--keep-crds") {
			t.Errorf("up beside another's CRDs: %v\n%s", err, out)
		}
		if _, err := os.Stat(filepath.Join(u.home, ".local/state/gwctl", u.name)); err == nil {
			t.Error("what was refused left its state")
		}
		if out, err := k("get", "namespace", "gwctl-system"); err == nil {
			t.Errorf("what was refused left its namespace: %s", out)
		}
	})
}
