//go:build e2e && unix

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-containerregistry/pkg/registry"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
)

// registryVariable makes this program a registry at that address.
const registryVariable = "GWCTL_E2E_REGISTRY"

func TestMain(m *testing.M) {
	if address := os.Getenv(registryVariable); address != "" {
		panic((&http.Server{Addr: address, Handler: registry.New(), ReadHeaderTimeout: time.Minute}).ListenAndServe())
	}
	log.SetLogger(logr.Discard()) // an API server for tests logs there
	m.Run()
}

// docker runs docker.
func (x *theirs) docker(args ...string) string {
	x.t.Helper()
	out, err := exec.CommandContext(x.t.Context(), "docker", args...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// registry: images are pushed, and the cluster pulls them. The registry runs in
// the node: what is at 127.0.0.1 needs no TLS, for gwctl as for containerd. Up does
// not wait first, then does.
func (x *theirs) registry(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	x.docker("cp", self, x.node+":/registry")
	x.docker("exec", "-d", "-e", registryVariable+"=:"+strconv.Itoa(x.port), x.node, "/registry")
	host := "127.0.0.1:" + strconv.Itoa(x.port)
	becomes(t, "http://"+host+"/v2/", 200)
	if out := x.docker("exec", x.node, "crictl", "images"); strings.Contains(out, "/gatewayd") || strings.Contains(out, "/echo") {
		t.Fatalf("our images are in the node before:\n%s", out)
	}
	begin := time.Now()
	out := x.up("--port", "0", "--registry", host+"/team", "--wait=false")
	t.Logf("up --wait=false took %s", time.Since(begin).Round(100*time.Millisecond))
	if !strings.Contains(out, "is applied, and served in a moment") || !strings.Contains(out, "pushed: "+host+"/team/gatewayd:") {
		t.Errorf("up --wait=false says\n%s", out)
	}
	x.again()
	if got, body := statusOf(t, x.url("/echo-1"), key); got != 200 {
		t.Errorf("once up has waited: %d %s", got, body)
	}
	if got, body := statusOf(t, x.url("/echo-1")); got != 401 {
		t.Errorf("once up has waited, without a key: %d %s", got, body)
	}
	images := x.kubectl("get", "pods", "-A", "-o", `jsonpath={range .items[*]}{.metadata.namespace} {.status.containerStatuses[*].imageID}{"\n"}{end}`)
	ours := 0
	for line := range strings.Lines(images) {
		ns, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		if ns != deploy.Namespace && ns != deploy.DemoNamespace {
			continue
		}
		ours++
		if !strings.Contains(id, host+"/team/") {
			t.Errorf("a pod in %s runs %s", ns, id)
		}
	}
	if ours < 3 {
		t.Errorf("there are not all pods:\n%s", images)
	}
}

// loadBalancer: clients come by the address that a load balancer gives the
// Service. The test is the load balancer: kube-proxy serves what stands in the
// status.
func (x *theirs) loadBalancer(t *testing.T) {
	here := x.gateways()[0].Proxy
	ip := x.kubectl("get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	c := x.command("up", "--name", x.name, "--service-type", "LoadBalancer")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	service := []string{"-n", deploy.Namespace, "get", "service", "gatewayd-proxy", "-o", "jsonpath={.spec.type}"}
	eventually(t, 60*time.Second, "the Service is of type LoadBalancer", func() (string, bool) {
		kind, _ := x.try(service...)
		return kind, kind == "LoadBalancer"
	})
	x.kubectl("-n", deploy.Namespace, "patch", "service", "gatewayd-proxy", "--subresource=status", "--type=merge",
		"-p", fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, ip))
	if err := c.Wait(); err != nil {
		t.Fatalf("up: %v\n%s", err, &out)
	}
	for _, want := range []string{"http://" + ip + ":80", "401  GET /echo-1 without a key", "200  GET /echo-2 with the key"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("up does not say %q:\n%s", want, &out)
		}
	}
	if got := x.gateways()[0].Proxy; got != ip+":80" {
		t.Errorf("status says that clients come by %s", got)
	}
	if left := x.processes(); len(left) > 0 {
		t.Errorf("the process that forwards is still there: %v", left)
	}
	x.again("--service-type", "ClusterIP")
	if got := x.gateways()[0].Proxy; got != here {
		t.Errorf("clients come by %s now, by %s before", got, here)
	}
}

// noLoadBalancer: nobody gives an address; up says so in time, and how to go on.
func (x *theirs) noLoadBalancer(t *testing.T) {
	begin := time.Now()
	x.fails(15, []string{"Service gwctl-system/gatewayd-proxy", "got no address", "describe service gatewayd-proxy", "--service-type"},
		"up", "--name", x.name, "--service-type", "LoadBalancer", "--timeout", "8s")
	if took := time.Since(begin); took > 12*time.Second {
		t.Errorf("it took %s", took)
	}
	x.fails(16, []string{"has no address yet", "gwctl up"}, "status", "--name", x.name)
	if out := x.again("--service-type", "LoadBalancer", "--wait=false"); !strings.Contains(out, "is applied") {
		t.Errorf("up --wait=false says\n%s", out)
	}
	x.again("--service-type", "ClusterIP")
	x.must("status", "--name", x.name)
}

// otherCluster: the context leads elsewhere one day; nothing is done there.
func (x *theirs) otherCluster(t *testing.T) {
	if kubetest.Assets() == "" {
		skip(t, "there is no second API server: scripts/node-image builds one")
	}
	mine, err := os.ReadFile(x.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(x.kubeconfig, mine, 0o600); err != nil {
			t.Error(err)
		}
	}()
	there, err := clientcmd.LoadFromFile(kubetest.Bare(t).Kubeconfig(t))
	if err != nil {
		t.Fatal(err)
	}
	name := x.where[3]
	there.Contexts[name] = there.Contexts[there.CurrentContext]
	there.CurrentContext = name
	url := x.url("/echo-1/health")
	if err := clientcmd.WriteToFile(*there, x.kubeconfig); err != nil {
		t.Fatal(err)
	}
	before := x.all()
	if strings.Contains(before, "gatewayd") {
		t.Fatalf("the context does not lead to another cluster:\n%s", before)
	}
	words := []string{"leads to another cluster", "gwctl down --forget --name existing, then"}
	for _, args := range [][]string{{"status"}, {"up"}, {"up", "--service-type", "NodePort"}, {"reset"}, {"down"}} {
		x.fails(16, words, append(args, "--name", x.name)...)
	}
	if out, _ := x.command("status", "--name", x.name, "-o", "json").Output(); !strings.Contains(string(out), `"state": "broken"`) {
		t.Errorf("status -o json says\n%s", out)
	}
	if after := x.all(); after != before {
		t.Errorf("in the other cluster there is\n%s\nbefore there was\n%s", after, before)
	}
	if got, body := statusOf(t, url, key); got != 200 {
		t.Errorf("what is refused ended the way into the cluster of before: %d %s", got, body)
	}
}

// forget: what is on this machine goes, what is in the cluster stays, and what is
// said of it removes it.
func (x *theirs) forget(before string) {
	t := x.t
	out := x.must("down", "--forget", "--name", x.name)
	if !strings.Contains(out, "stays there") || !strings.Contains(out, "is forgotten on this machine") {
		t.Errorf("down --forget says\n%s", out)
	}
	x.nothingHere()
	x.kubectl("-n", deploy.Namespace, "rollout", "status", "deployment/gatewayd", "--timeout=30s")
	x.fails(10, []string{"Namespace gwctl-system already", "helm --kubeconfig", "uninstall gatewayd"}, append([]string{"up"}, x.where...)...)
	x.nothingHere()
	if !strings.Contains(out, "helm --kubeconfig "+x.kubeconfig+" --kube-context "+x.where[3]+" -n gwctl-system uninstall gatewayd\n") {
		t.Errorf("down --forget does not say how to uninstall the release:\n%s", out)
	}
	conn, err := cluster.Open(x.kubeconfig, x.where[3])
	if err != nil {
		t.Fatal(err)
	}
	helm, err := deploy.NewHelm(conn, func(string, ...any) {})
	if err == nil {
		_, err = helm.Uninstall()
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		if args := strings.Fields(line); len(args) > 0 && args[0] == "kubectl" {
			x.kubectl(args[1:]...)
		}
	}
	x.kubectl("delete", "crds", "-l", "app.kubernetes.io/managed-by=gwctl")
	if after := x.all(); after != before {
		t.Errorf("what down --forget says leaves\n%s\nbefore up there was\n%s", after, before)
	}
}

// othersCRDs: CRDs of another's are refused, or with --keep-crds used as they are
// and left; so is the ingress class, or with --ingress-class another is served, by
// the demo too.
func (x *theirs) othersCRDs(t *testing.T) {
	x.kubectl("apply", "-f", "../../manifests/crds/configuration.konghq.com_kongplugins.yaml")
	x.kubectl("create", "-f", "testdata/class.yaml")
	before, crd := x.all(), x.kubectl("get", "crd", "kongplugins.configuration.konghq.com", "-o", "jsonpath={.metadata.uid} {.metadata.labels} {.spec}")
	x.fails(10, []string{"IngressClass kong already", "--ingress-class"}, append([]string{"up", "--port", "0", "--keep-crds"}, x.where...)...)
	x.fails(10, []string{"--keep-crds"}, append([]string{"up", "--port", "0", "--ingress-class", "mine"}, x.where...)...)
	x.nothingHere()
	if after := x.all(); after != before {
		t.Errorf("what was refused left\n%s\nbefore there was\n%s", after, before)
	}
	if out := x.up("--port", "0", "--keep-crds", "--ingress-class", "mine"); !strings.Contains(out, "200  GET /echo-1 with the key") {
		t.Errorf("up --keep-crds says\n%s", out)
	}
	if out := x.again(); !strings.Contains(out, "is up already") {
		t.Errorf("up again says\n%s", out)
	}
	x.down(before)
	if after := x.kubectl("get", "crd", "kongplugins.configuration.konghq.com", "-o", "jsonpath={.metadata.uid} {.metadata.labels} {.spec}"); after != crd {
		t.Errorf("the CRD of another's is\n%s\nwas\n%s", after, crd)
	}
}

// TestSwitchContext: the user's own kubeconfig is written to only when asked for,
// and is as it was afterwards.
func TestSwitchContext(t *testing.T) {
	u := clusterUser{user{t, t.TempDir(), bin(t, "gwctl"), []string{"GWCTL_NODE_IMAGE=" + nodeImage(t)}}, "e2e-switch", ""}
	path := filepath.Join(u.home, ".kube", "config")
	const mine = `# mine
apiVersion: v1
kind: Config
current-context: work
contexts:
- {name: work, context: {cluster: work, user: me, namespace: team}}
clusters: [{name: work, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: secret}}]
`
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	now := func() string {
		t.Helper()
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	t.Cleanup(func() {
		if out, err := u.run("down", "--name", u.name); err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
		if now() != mine {
			t.Errorf("after down, the kubeconfig is\n%s", now())
		}
		if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
			t.Errorf("files are left: %v", left)
		}
	})
	u.fails(2, []string{"--switch-context means nothing"}, "up", "--name", u.name, "--context", "work", "--switch-context")
	u.up("--port", "0", "--wait=false")
	if now() != mine {
		t.Errorf("without --switch-context, the kubeconfig is\n%s", now())
	}
	u.up("--wait=false", "--switch-context")
	c, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if work := c.Contexts["work"]; c.CurrentContext != "kind-gwctl-"+u.name || work == nil || work.Namespace != "team" || c.AuthInfos["me"].Token != "secret" {
		t.Errorf("with --switch-context, the kubeconfig is\n%s", now())
	}
	k := u.command()
	k.Path, k.Args = kubectl(t), []string{"kubectl", "get", "namespace", deploy.Namespace}
	if out, err := k.CombinedOutput(); err != nil {
		t.Errorf("kubectl does not reach the cluster: %v\n%s", err, out)
	}
}
