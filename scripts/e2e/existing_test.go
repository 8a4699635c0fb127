//go:build e2e && unix

package e2e

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	kind "sigs.k8s.io/kind/pkg/cluster"
)

// theirs is a kind cluster that is somebody else's, and a user of it.
type theirs struct {
	clusterUser
	node, kubeconfig string
	port             int // mapped to the same port of the node
	where            []string
}

func newTheirs(t *testing.T, cluster, name string) *theirs {
	t.Helper()
	image := nodeImage(t)
	x := &theirs{
		clusterUser: clusterUser{user{t, t.TempDir(), bin(t, "gwctl"), nil}, name, ""},
		node:        cluster + "-control-plane", kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), port: freePort(t),
	}
	x.where = []string{"--name", name, "--context", "kind-" + cluster, "--kubeconfig", x.kubeconfig}
	p := kind.NewProvider(kind.ProviderWithDocker())
	t.Cleanup(func() { _ = p.Delete(cluster, x.kubeconfig) })
	config := &v1alpha4.Cluster{Nodes: []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole, ExtraPortMappings: []v1alpha4.PortMapping{
		{ListenAddress: "127.0.0.1", HostPort: int32(x.port), ContainerPort: int32(x.port)},
	}}}}
	if err := p.Create(cluster, kind.CreateWithV1Alpha4Config(config), kind.CreateWithNodeImage(image), kind.CreateWithKubeconfigPath(x.kubeconfig),
		kind.CreateWithDisplayUsage(false), kind.CreateWithDisplaySalutation(false)); err != nil {
		t.Fatalf("creating the cluster %s: %v", cluster, err)
	}
	return x
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// try runs kubectl in the cluster.
func (x *theirs) try(args ...string) (string, error) {
	c := x.command()
	c.Path, c.Args = kubectl(x.t), append([]string{"kubectl", "--kubeconfig", x.kubeconfig}, args...)
	out, err := c.CombinedOutput()
	return string(out), err
}

func (x *theirs) kubectl(args ...string) string {
	x.t.Helper()
	out, err := x.try(args...)
	if err != nil {
		x.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// all names what in the cluster is in no namespace.
func (x *theirs) all() string {
	x.t.Helper()
	return x.kubectl("get", "namespaces,crds,clusterroles,clusterrolebindings,ingressclasses,validatingwebhookconfigurations", "-o", "name")
}

// up brings the sandbox up in the cluster.
func (x *theirs) up(args ...string) string {
	x.t.Helper()
	return x.must(append(append([]string{"up"}, x.where...), args...)...)
}

// again is up of a sandbox that is there.
func (x *theirs) again(args ...string) string {
	x.t.Helper()
	return x.must(append([]string{"up", "--name", x.name}, args...)...)
}

// down takes the sandbox out; everything has to be as before then.
func (x *theirs) down(before string) {
	x.t.Helper()
	x.must("down", "--name", x.name)
	if after := x.all(); after != before {
		x.t.Errorf("down left\n%s\nbefore up there was\n%s", after, before)
	}
	x.nothingHere()
}

// nothingHere checks that nothing of the sandbox is on this machine.
func (x *theirs) nothingHere() {
	x.t.Helper()
	if left, _ := filepath.Glob(filepath.Join(x.home, ".local/state/gwctl", "*")); len(left) > 0 {
		x.t.Errorf("files are left: %v", left)
	}
	if left := x.processes(); len(left) > 0 {
		x.t.Errorf("processes are left: %v", left)
	}
}

// TestExisting puts sandboxes into a cluster that is there already, and takes them
// out again.
func TestExisting(t *testing.T) {
	const cluster = "gwctl-e2e-existing"
	x := newTheirs(t, cluster, "existing")
	part := func(name string, do func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			begin, was := time.Now(), x.t
			x.t = t
			defer func() { x.t = was; t.Logf("took %s", time.Since(begin).Round(100*time.Millisecond)) }()
			do(t)
		})
	}
	before := x.all()
	part("doctor", func(t *testing.T) {
		doctor := x.must(append([]string{"doctor"}, x.where...)...)
		for _, id := range []string{"CLUSTER_VERSION", "CLUSTER_RIGHTS", "CLUSTER_FOREIGN", "CLUSTER_IMAGES"} {
			if !strings.Contains(doctor, "✓ "+id) {
				t.Errorf("doctor does not find %s fine:\n%s", id, doctor)
			}
		}
	})
	// First, for no image of ours is in the node yet.
	part("registry", x.registry)
	part("load balancer", x.loadBalancer)
	part("down", func(*testing.T) { x.down(before) })

	// From here on by the current context of a file that is named as seen from here.
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, x.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	out := x.must("up", "--name", x.name, "--runtime", "cluster", "--kubeconfig", relative, "--port", "0")
	if !strings.Contains(out, "200  GET /echo-1 with the key") || !strings.Contains(out, "127.0.0.1:") {
		t.Errorf("up says\n%s", out)
	}
	part("again", func(t *testing.T) {
		if out := x.again(); !strings.Contains(out, "is up already") {
			t.Errorf("up again says\n%s", out)
		}
	})
	part("forward heals", func(t *testing.T) {
		url := x.url("/echo-1/health")
		x.kubectl("-n", "gwctl-system", "delete", "pod", "-l", "app.kubernetes.io/name=gatewayd")
		becomes(t, url, 200, key)
	})
	part("another is refused", func(t *testing.T) {
		out, err := x.run("up", "--name", "second", "--context", "kind-"+cluster, "--kubeconfig", x.kubeconfig)
		if err == nil || !strings.Contains(out, "Namespace gwctl-system already") {
			t.Errorf("a second sandbox in the cluster: %v\n%s", err, out)
		}
		if left, _ := filepath.Glob(filepath.Join(x.home, ".local/state/gwctl/second*")); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	})
	part("node port", func(t *testing.T) {
		x.again("--service-type", "NodePort")
		address := x.gateways()[0].Proxy
		if host, _, _ := net.SplitHostPort(address); host == "127.0.0.1" || host == "" {
			t.Errorf("clients come by %s, not by the node", address)
		}
		if left := x.processes(); len(left) > 0 {
			t.Errorf("the process that forwards is still there: %v", left)
		}
		x.again("--service-type", "ClusterIP")
	})
	part("no load balancer", x.noLoadBalancer)
	part("another cluster", x.otherCluster)
	part("forget", func(*testing.T) { x.forget(before) })
	part("helm alone", func(t *testing.T) { x.helm(t, before) })
	part("CRDs of another's", x.othersCRDs)
}
