//go:build e2e && unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// clusterUser is somebody with a home of their own and a sandbox in a kind
// cluster.
type clusterUser struct {
	user
	name string
	base string // where clients reach it, once that is known
}

// tool finds a program, or skips; where a skip is a failure, fails.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		skip(t, name+" is not installed")
	}
	return path
}

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// nodeImage is the node image that the tests use: the one that was named; else
// kind's own, where it is here or can be pulled; else one that scripts/node-image
// has built.
func nodeImage(t *testing.T) string {
	t.Helper()
	docker := tool(t, "docker")
	if ref := os.Getenv("GWCTL_NODE_IMAGE"); ref != "" {
		return ref
	}
	if out, _ := exec.CommandContext(t.Context(), docker, "images", "-q", kindImage()).Output(); len(bytes.TrimSpace(out)) > 0 || pulled(t, docker) {
		return kindImage()
	}
	out, _ := exec.CommandContext(t.Context(), docker, "images", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node").Output()
	ref, _, _ := strings.Cut(string(out), "\n")
	if ref == "" {
		skip(t, "there is no node image, and kind's own cannot be pulled: scripts/node-image/build.sh makes one")
	}
	return ref
}

// kindImage is the node image that this kind was released with, by its tag.
func kindImage() string {
	ref, _, _ := strings.Cut(defaults.Image, "@")
	return ref
}

// pulled says whether kind's own node image could be pulled, where its registry
// answers.
func pulled(t *testing.T, docker string) bool {
	return engine.Reachable(t.Context(), kindImage()) == nil && exec.CommandContext(t.Context(), docker, "pull", "-q", kindImage()).Run() == nil
}

// kubectl is the cluster's own, as scripts/node-image leaves it, else that of PATH.
func kubectl(t *testing.T) string {
	t.Helper()
	home, _ := os.UserHomeDir()
	for _, dir := range []string{os.Getenv("KUBEBUILDER_ASSETS"), filepath.Join(home, ".cache", "gwctl-node-image", "bin")} {
		path := filepath.Join(dir, "kubectl")
		if _, err := os.Stat(path); dir != "" && err == nil {
			return path
		}
	}
	return tool(t, "kubectl")
}

func newClusterUser(t *testing.T, name string) clusterUser {
	t.Helper()
	image := nodeImage(t)
	u := clusterUser{user{t, t.TempDir(), bin(t, "gwctl"), nil}, name, ""}
	u.env = []string{"GWCTL_NODE_IMAGE=" + image}
	t.Cleanup(func() {
		if t.Failed() {
			u.report()
		}
		if out, err := u.run("down", "--name", name); err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
		u.nothingLeft()
	})
	return u
}

// report tells what a failed test leaves to look at.
func (u clusterUser) report() {
	for _, args := range [][]string{{"status", "--name", u.name}, {"logs", "--name", u.name, "-n", "30"}} {
		out, _ := u.run(args...)
		u.t.Logf("gwctl %s:\n%s", strings.Join(args, " "), out)
	}
	if path, err := u.command("kubeconfig", "--name", u.name).Output(); err == nil {
		for _, args := range []string{"get pods -A -o wide", "get events -A --field-selector type=Warning"} {
			c := exec.Command(kubectl(u.t), append([]string{"--request-timeout=10s", "--kubeconfig", strings.TrimSpace(string(path))}, strings.Fields(args)...)...)
			out, _ := c.CombinedOutput()
			u.t.Logf("kubectl %s:\n%s", args, out)
		}
	}
}

// nothingLeft checks that neither containers nor state nor processes of the
// sandbox are there.
func (u clusterUser) nothingLeft() {
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster=gwctl-"+u.name).Output()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		u.t.Errorf("containers are left: %s %v", out, err)
	}
	if left, _ := filepath.Glob(filepath.Join(u.home, ".local/state/gwctl", "*")); len(left) > 0 {
		u.t.Errorf("files are left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(u.home, ".kube", "config")); err == nil {
		u.t.Error("the user's own kubeconfig was touched")
	}
	left := u.processes()
	for range 50 { // a process that was ended is seen for a moment yet
		if len(left) == 0 {
			break
		}
		<-time.After(200 * time.Millisecond)
		left = u.processes()
	}
	if len(left) > 0 {
		u.t.Errorf("processes are left: %v", left)
	}
}

// up brings the sandbox up and returns what it says.
func (u clusterUser) up(args ...string) string {
	u.t.Helper()
	begin := time.Now()
	out := u.must(append([]string{"up", "--runtime", "kind", "--name", u.name}, args...)...)
	u.t.Logf("up %s took %s", strings.Join(args, " "), time.Since(begin).Round(100*time.Millisecond))
	return out
}

func (u clusterUser) url(path string) string {
	u.t.Helper()
	if u.base != "" {
		return u.base + path
	}
	return "http://" + u.gateways()[0].Proxy + path
}

type gatewayStatus struct {
	Proxy, Pod string
	Status     struct {
		Version  string
		Problems []struct{ Object, Reason string }
	}
}

func (u clusterUser) gateways() []gatewayStatus {
	u.t.Helper()
	var s struct{ Gateways []gatewayStatus }
	out, err := u.command("status", "--name", u.name, "-o", "json").Output()
	if err != nil {
		u.t.Fatalf("status: %v\n%s", err, out)
	}
	if err := json.Unmarshal(out, &s); err != nil || len(s.Gateways) == 0 {
		u.t.Fatalf("status names no gateway: %v\n%s", err, out)
	}
	return s.Gateways
}

// tryKubectl runs the cluster's kubectl on the sandbox's cluster.
func (u clusterUser) tryKubectl(stdin string, args ...string) (string, error) {
	u.t.Helper()
	path := strings.TrimSpace(u.must("kubeconfig", "--name", u.name))
	c := exec.CommandContext(u.t.Context(), kubectl(u.t), append([]string{"--kubeconfig", path, "--request-timeout=60s"}, args...)...)
	c.Env = []string{"HOME=" + u.home, "PATH=" + os.Getenv("PATH")}
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

func (u clusterUser) kubectl(args ...string) string {
	u.t.Helper()
	out, err := u.tryKubectl("", args...)
	if err != nil {
		u.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// eventually tries until the condition holds; it says what it waited for last.
func eventually(t *testing.T, within time.Duration, what string, holds func() (string, bool)) {
	t.Helper()
	end := time.Now().Add(within)
	last := ""
	for time.Now().Before(end) {
		ok := false
		if last, ok = holds(); ok {
			return
		}
		<-time.After(200 * time.Millisecond)
	}
	t.Fatalf("%s: not within %s; at last: %s", what, within, last)
}

// statusOf asks once, over a connection of its own; 0 stands for no answer.
func statusOf(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	var body bytes.Buffer
	_, _ = body.ReadFrom(res.Body)
	return res.StatusCode, body.String()
}

// midMinute waits, if need be, until the minute has a while to go: a sliding
// window lets one more pass right behind a minute's end, as it should.
func midMinute(t *testing.T) {
	t.Helper()
	now := time.Now()
	if left := now.Truncate(time.Minute).Add(time.Minute).Sub(now); left < 10*time.Second {
		t.Logf("waiting %s for the next minute", left.Round(time.Second))
		<-time.After(left + 500*time.Millisecond)
	}
}

// calm waits until the node has been ready, and a gateway has answered, for a
// while: after an outage the cluster calls both not ready for a moment, late.
func (u clusterUser) calm() {
	u.t.Helper()
	since := time.Time{}
	eventually(u.t, 3*time.Minute, "the cluster is calm", func() (string, bool) {
		nodes, err := u.tryKubectl("", "get", "nodes", "-o", `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)
		out, statusErr := u.run("status", "--name", u.name)
		if err != nil || nodes != "True" || statusErr != nil {
			since = time.Time{}
			return nodes + " " + out, false
		}
		if since.IsZero() {
			since = time.Now()
		}
		return "not for long yet", time.Since(since) > 8*time.Second
	})
}

// becomes waits until a GET is answered so.
func becomes(t *testing.T, url string, status int, header ...string) {
	t.Helper()
	eventually(t, 60*time.Second, fmt.Sprintf("GET %s is answered %d", url, status), func() (string, bool) {
		got, body := statusOf(t, url, header...)
		return fmt.Sprintf("%d %s", got, body), got == status
	})
}

// TestCluster is one sandbox in a kind cluster, from up to down.
func TestCluster(t *testing.T) {
	u := newClusterUser(t, "e2e")
	present := u.gwctl
	u.gwctl = older(t)
	out := u.up("--port", "0")
	for _, want := range []string{"401  GET /echo-1 without a key", "200  GET /echo-1 with the key", "200  GET /echo-2 with the key"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "warning:") {
		t.Errorf("up warns:\n%s", out)
	}
	u.base, u.gwctl = u.url(""), present
	t.Run("upgrade", u.upgrade)
	t.Run("again", u.again)
	t.Run("logs", u.logs)
	t.Run("gateway deleted", u.gatewayDeleted)
	t.Run("quota", u.quota)
	t.Run("reset", u.reset)
	t.Run("article", u.article)
	t.Run("redis", u.redis)
	t.Run("refused", u.refused)
	t.Run("replicas", u.replicas)
	t.Run("rollout", u.rollout)
	t.Run("broken plugin", u.brokenPlugin)
	t.Run("API server away", u.apiServerAway)
	t.Run("pause", u.paused)
	t.Run("node stopped", u.nodeStopped)
}

// again: a second up changes nothing and is quick.
func (u clusterUser) again(t *testing.T) {
	u.t = t
	before := u.kubectl("-n", "gwctl-system", "get", "pods,secrets", "-o", "name")
	begin := time.Now()
	out := u.up()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("up again took %s", took)
	}
	if !strings.Contains(out, "is up already") || before != u.kubectl("-n", "gwctl-system", "get", "pods,secrets", "-o", "name") {
		t.Errorf("up again changed something:\n%s", out)
	}
}

// quota: five pass, the sixth waits.
func (u clusterUser) quota(t *testing.T) {
	u.t = t
	midMinute(t)
	u.must("reset", "--name", u.name)
	url := u.url("/echo-2")
	for i := range 5 {
		if got, body := statusOf(t, url, key); got != 200 {
			t.Errorf("request %d: %d %s", i+1, got, body)
		}
	}
	if a := get(t, url, key); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("the sixth: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	u.must("reset", "--name", u.name)
	if got, body := statusOf(t, url, key); got != 200 {
		t.Errorf("after reset: %d %s", got, body)
	}
}

// reset: what kubectl did to the demo is undone, within seconds.
func (u clusterUser) reset(t *testing.T) {
	u.t = t
	const ns = "api-gateway-demo"
	spec := func() string {
		return u.kubectl("-n", ns, "get", "ingress,kongplugin,kongconsumer,deployment,service", "-o",
			`jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.annotations['konghq\.com/plugins']} {.metadata.labels} {.config} {.spec}{"\n"}{end}`)
	}
	before := spec()
	u.kubectl("-n", ns, "annotate", "ingress", "echo-routes", "konghq.com/plugins=rate-limit", "--overwrite")
	u.kubectl("-n", ns, "patch", "kongplugin", "rate-limit", "--type=merge", "-p", `{"config":{"minute":7}}`)
	u.kubectl("-n", ns, "label", "service", "echo-1", "a=b")
	u.kubectl("-n", ns, "set", "env", "deployment/echo-2", "A=b")
	u.kubectl("-n", ns, "create", "configmap", "mine", "--from-literal=a=b")
	becomes(t, u.url("/echo-1"), 200) // no key is asked for any more
	begin := time.Now()
	u.must("reset", "--name", u.name)
	took := time.Since(begin)
	t.Logf("reset took %s", took.Round(10*time.Millisecond))
	if took > 30*time.Second {
		t.Errorf("reset took %s", took)
	}
	if after := spec(); after != before {
		t.Errorf("reset gives\n%s\nwant\n%s", after, before)
	}
	if _, err := u.tryKubectl("", "-n", ns, "get", "configmap", "mine"); err == nil {
		t.Error("an object that was added is there after reset")
	}
	if got, body := statusOf(t, u.url("/echo-1")); got != 401 {
		t.Errorf("after reset, without a key: %d %s", got, body)
	}
}

// article: the article's manifests as printed, its own nginx backends too, by
// kubectl; then the demo comes back.
func (u clusterUser) article(t *testing.T) {
	u.t = t
	const ns = "api-gateway-demo"
	u.kubectl("delete", "namespace", ns, "--wait", "--timeout=60s")
	dir, err := filepath.Abs("../../gatewayd/translate/testdata/article")
	if err != nil {
		t.Fatal(err)
	}
	u.kubectl("apply", "-f", filepath.Join(dir, "unprinted.yaml"))
	u.kubectl("apply", "-f", dir)
	u.kubectl("annotate", "ingress", "echo-routes", "-n", ns, "konghq.com/plugins=rate-limit,api-key-auth", "--overwrite")
	for _, d := range []string{"echo-1", "echo-2"} {
		u.kubectl("-n", ns, "rollout", "status", "deployment/"+d, "--timeout=90s")
	}
	url := u.url("/echo-1")
	becomes(t, url, 401)
	becomes(t, u.url("/echo-2/health"), 200, key)
	u.must("status", "--name", u.name)
	midMinute(t)
	served := 0
	for range 8 {
		got, body := statusOf(t, url, key)
		switch got {
		case 200:
			served++
			if !strings.Contains(body, `"service":"echo-1","message":"Hello from Echo Service 1"`) {
				t.Errorf("the article's nginx answers %s", body)
			}
		case 429:
		default:
			t.Errorf("got %d %s", got, body)
		}
	}
	if served != 5 {
		t.Errorf("%d of 8 passed, want 5", served)
	}
	u.must("reset", "--name", u.name)
	if got, body := statusOf(t, url, key); got != 200 || !strings.Contains(body, `"service":"echo-1"`) {
		t.Errorf("after reset: %d %s", got, body)
	}
}

// redis: the image that manifests name for Redis runs, and answers.
func (u clusterUser) redis(t *testing.T) {
	u.t = t
	u.kubectl("run", "redis", "--image=docker.io/library/redis:7-alpine", "--image-pull-policy=IfNotPresent")
	u.kubectl("wait", "pod/redis", "--for=condition=Ready", "--timeout=90s")
	if out := u.kubectl("exec", "redis", "--", "redis-cli", "incr", "a"); strings.TrimSpace(out) != "1" {
		t.Errorf("redis-cli says %q", out)
	}
	u.kubectl("delete", "pod", "redis", "--wait=false")
}

// refused: kubectl apply of nonsense is refused with the words of translate.
func (u clusterUser) refused(t *testing.T) {
	u.t = t
	const head = "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: bad, namespace: api-gateway-demo}\nplugin: rate-limiting\n"
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte(head+"config: {minute: -1, policy: here}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out string
	var err error
	eventually(t, 60*time.Second, "the webhook refuses", func() (string, bool) {
		out, err = u.tryKubectl("", "apply", "-f", path)
		if err == nil { // it passes while no webhook answers
			t.Logf("it passed: %s", u.must("logs", "--name", u.name, "-n", "10"))
			u.kubectl("delete", "-f", path)
		}
		return out, err != nil && strings.Contains(out, "config.minute")
	})
	for _, field := range []string{"config.minute", "config.policy"} {
		if !strings.Contains(out, field) {
			t.Errorf("kubectl does not name %s:\n%s", field, out)
		}
	}
}

// gatewayDeleted: what somebody has deleted of the release, up makes again.
func (u clusterUser) gatewayDeleted(t *testing.T) {
	u.t = t
	u.kubectl("-n", "gwctl-system", "delete", "deployment/gatewayd", "secret/gatewayd-admin")
	if out := u.up(); !strings.Contains(out, "release gatewayd upgraded") {
		t.Errorf("up says\n%s", out)
	}
	becomes(t, u.url("/echo-1"), 401)
	u.again(t)
}

// replicas: three gateways with policy local let 15 pass, and it shows.
func (u clusterUser) replicas(t *testing.T) {
	u.t = t
	u.up("--replicas", "3")
	if got := u.gateways(); len(got) != 3 {
		t.Fatalf("%d gateways, want 3", len(got))
	}
	if out := u.up(); !strings.Contains(out, "release gatewayd unchanged") {
		t.Errorf("up without --replicas says\n%s", out)
	}
	url := u.url("/echo-1")
	// A node learns of new pods a little after they are ready.
	eventually(t, 60*time.Second, "15 pass, five at each of three gateways", func() (string, bool) {
		midMinute(t)
		u.must("reset", "--name", u.name)
		served := 0
		for range 90 { // each has a connection of its own, so the node spreads them
			if got, _ := statusOf(t, url, key); got == 200 {
				served++
			}
		}
		if served > 15 {
			t.Fatalf("%d passed", served)
		}
		return fmt.Sprintf("%d passed", served), served == 15
	})
	u.must("reset", "--name", u.name)
	out := u.must("fire", "/echo-1", "-n", "3", "--key", "my-secret-api-key", "--name", u.name, "-o", "json")
	if !regexp.MustCompile(`"instance":"gatewayd-[a-z0-9-]+"`).MatchString(out) {
		t.Errorf("fire does not name the gateway:\n%s", out)
	}
}

// openRoute is a route that no plugin guards.
const openRoute = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: open, namespace: api-gateway-demo}
spec:
  ingressClassName: kong
  rules:
  - http:
      paths:
      - {path: /open, pathType: Prefix, backend: {service: {name: echo-1, port: {number: 80}}}}
`

// rollout: gateways and backends are made anew under load, and no request fails.
func (u clusterUser) rollout(t *testing.T) {
	u.t = t
	if out, err := u.tryKubectl(openRoute, "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	u.kubectl("-n", "api-gateway-demo", "scale", "deployment/echo-1", "--replicas=2")
	u.kubectl("-n", "api-gateway-demo", "rollout", "status", "deployment/echo-1", "--timeout=60s")
	url := u.url("/open")
	becomes(t, url, 200)
	l := startLoad(t, url, 200)
	u.kubectl("-n", "gwctl-system", "rollout", "restart", "deployment/gatewayd")
	u.kubectl("-n", "gwctl-system", "rollout", "status", "deployment/gatewayd", "--timeout=180s")
	u.kubectl("-n", "api-gateway-demo", "rollout", "restart", "deployment/echo-1")
	u.kubectl("-n", "api-gateway-demo", "rollout", "status", "deployment/echo-1", "--timeout=120s")
	u.up("--replicas", "1")
	l.stop(t)
	if t.Failed() {
		out, _ := u.run("logs", "--name", u.name)
		t.Logf("what the gateways warn of:\n%s", strings.Join(regexp.MustCompile(`.*"WARN".*`).FindAllString(out, 20), "\n"))
	}
	u.must("reset", "--name", u.name)
}

// brokenPlugin: where no webhook stands, a bad plugin breaks only its own routes,
// and its condition and event say why.
func (u clusterUser) brokenPlugin(t *testing.T) {
	u.t = t
	hooks := u.kubectl("get", "validatingwebhookconfiguration", "-o", "name")
	hook := strings.TrimSpace(regexp.MustCompile(`\S*gatewayd\S*`).FindString(hooks))
	saved := u.kubectl("get", hook, "-o", "yaml")
	u.kubectl("delete", hook)
	bad := "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: bad, namespace: api-gateway-demo}\nplugin: rate-limiting\nconfig: {minute: -1}\n---\n" +
		strings.Replace(openRoute, "namespace: api-gateway-demo}", "namespace: api-gateway-demo, annotations: {konghq.com/plugins: bad}}", 1)
	if out, err := u.tryKubectl(bad, "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	becomes(t, u.url("/open"), 500)
	if got, body := statusOf(t, u.url("/echo-1"), key); got != 200 {
		t.Errorf("another route answers %d %s", got, body)
	}
	eventually(t, 60*time.Second, "the condition says why", func() (string, bool) {
		out := u.kubectl("-n", "api-gateway-demo", "get", "kongplugin", "bad", "-o", `jsonpath={.status.conditions[?(@.type=="Programmed")]}`)
		return out, strings.Contains(out, `"status":"False"`) && strings.Contains(out, "config.minute")
	})
	eventually(t, 60*time.Second, "an event says why", func() (string, bool) {
		out := u.kubectl("-n", "api-gateway-demo", "get", "events", "--field-selector", "involvedObject.name=bad,type=Warning")
		return out, strings.Contains(out, "config.minute")
	})
	if out := u.must("status", "--name", u.name); !strings.Contains(out, "KongPlugin api-gateway-demo/bad") {
		t.Errorf("status does not name the plugin:\n%s", out)
	}
	if out, err := u.tryKubectl(saved, "create", "-f", "-"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	u.must("reset", "--name", u.name)
}

// apiServerAway: traffic goes on, as it was configured last.
func (u clusterUser) apiServerAway(t *testing.T) {
	u.t = t
	if out, err := u.tryKubectl(openRoute, "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	url := u.url("/open")
	becomes(t, url, 200)
	node := "gwctl-" + u.name + "-control-plane"
	docker := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("docker", append([]string{"exec", node}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	away := 12 * time.Second
	if long() {
		away = 60 * time.Second
	}
	docker("mv", "/etc/kubernetes/manifests/kube-apiserver.yaml", "/kind/")
	back := func() { docker("mv", "/kind/kube-apiserver.yaml", "/etc/kubernetes/manifests/") }
	eventually(t, 60*time.Second, "the API server goes", func() (string, bool) {
		out, err := u.tryKubectl("", "--request-timeout=2s", "get", "--raw", "/readyz")
		return out, err != nil
	})
	l := startLoad(t, url, 50)
	<-time.After(away)
	l.stop(t)
	back()
	eventually(t, 120*time.Second, "the API server comes back", func() (string, bool) {
		out, err := u.tryKubectl("", "--request-timeout=2s", "get", "--raw", "/readyz")
		return out, err == nil
	})
	u.up()
	u.calm()
	u.must("reset", "--name", u.name)
	becomes(t, url, 404)
}

// paused: it takes no CPU, says so, and goes on.
func (u clusterUser) paused(t *testing.T) {
	u.t = t
	u.must("pause", "--name", u.name)
	if out, err := u.run("status", "--name", u.name); err == nil || !strings.Contains(out, "is paused") {
		t.Errorf("status of a paused sandbox: %v\n%s", err, out)
	}
	begin := time.Now()
	out, _ := u.run("doctor", "--name", u.name)
	t.Logf("doctor of a paused sandbox took %s", time.Since(begin))
	for _, want := range []string{", the sandbox's", "gwctl-" + u.name + "-control-plane is paused"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor of a paused sandbox does not say %q:\n%s", want, out)
		}
	}
	u.must("resume", "--name", u.name)
	becomes(t, u.url("/echo-1/health"), 200, key)
}

// nodeStopped: up heals what a reboot leaves, twice.
func (u clusterUser) nodeStopped(t *testing.T) {
	u.t = t
	for range 2 {
		if out, err := exec.Command("docker", "stop", "gwctl-"+u.name+"-control-plane").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err := u.run("status", "--name", u.name); err == nil || !strings.Contains(out, "gwctl up") {
			t.Errorf("status of a stopped sandbox: %v\n%s", err, out)
		}
		out := u.up()
		if !strings.Contains(out, "healed") {
			t.Errorf("up does not tell that it healed:\n%s", out)
		}
		u.calm()
		becomes(t, u.url("/echo-1/health"), 200, key)
	}
}
