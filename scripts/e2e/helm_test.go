//go:build e2e && unix

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox/deploy"
)

// helmCLI builds the helm that scripts/tools pins.
func helmCLI(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "helm")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-modfile=../tools/helm/go.mod", "-ldflags=-s -w", "-o", path, "helm.sh/helm/v3/cmd/helm").CombinedOutput()
	if err != nil {
		t.Fatalf("building helm: %v\n%s", err, out)
	}
	return path
}

// helm: the chart with the helm CLI alone, by the lines that the article has for
// Kong's: install, upgrade, uninstall.
func (x *theirs) helm(t *testing.T, before string) {
	const ns, chart = deploy.DemoNamespace, "../../manifests/chart"
	cli := helmCLI(t)
	helm := func(args ...string) string {
		t.Helper()
		c := x.command()
		c.Path, c.Args = cli, append([]string{"helm", "--kubeconfig", x.kubeconfig, "-n", ns}, args...)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("helm %s: %v\n%s\n%s", strings.Join(args, " "), err, out, x.kubectl("-n", ns, "get", "pods,events"))
		}
		return string(out)
	}
	// Where no registry has it, a user loads the image under the chart's own name.
	c, err := deploy.Chart()
	if err != nil {
		t.Fatal(err)
	}
	loaded := regexp.MustCompile(`gwctl\.dev/gatewayd:\S+`).FindString(x.docker("exec", x.node, "ctr", "-n", "k8s.io", "images", "ls", "-q"))
	x.docker("exec", x.node, "ctr", "-n", "k8s.io", "images", "tag", "--force", loaded, "gwctl.dev/gatewayd:"+c.Metadata.AppVersion)

	out := helm("install", "kong", chart, "--create-namespace", "--wait", "--timeout", "60s",
		"--set", "gateway.proxy.type=NodePort",
		"--set", "gateway.resources.requests.memory=256Mi",
		"--set", "gateway.resources.requests.cpu=100m",
		"--set", "gateway.resources.limits.memory=512Mi",
		"--set", "gateway.resources.limits.cpu=500m")
	if !strings.Contains(out, "It serves Ingresses of class kong") {
		t.Errorf("helm install says\n%s", out)
	}
	x.kubectl("apply", "-f", "../../manifests/demo")
	ip := x.kubectl("get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	url := "http://" + ip + ":" + x.kubectl("-n", ns, "get", "service", "kong-gatewayd-proxy", "-o", "jsonpath={.spec.ports[0].nodePort}") + "/echo-1"
	becomes(t, url, 401)
	becomes(t, url, 200, key)

	token := func() string {
		return x.kubectl("-n", ns, "get", "secret", "kong-gatewayd-admin", "-o", "jsonpath={.data.token}")
	}
	was := token()
	helm("upgrade", "kong", chart, "--reuse-values", "--set", "gateway.replicaCount=2", "--wait", "--timeout", "60s")
	if got := x.kubectl("-n", ns, "get", "deployment", "kong-gatewayd", "-o", "jsonpath={.status.readyReplicas} {.spec.template.spec.containers[0].resources.limits.cpu}"); got != "2 500m" {
		t.Errorf("after helm upgrade, replicas and CPU limit are %q", got)
	}
	if token() != was {
		t.Error("helm upgrade made another token")
	}
	becomes(t, url, 401)

	helm("uninstall", "kong", "--wait", "--timeout", "60s")
	if left := x.kubectl("-n", ns, "get", "deployments,services,secrets,configmaps,leases,roles,rolebindings,serviceaccounts,poddisruptionbudgets", "-o", "name"); strings.Contains(left, "kong") {
		t.Errorf("helm uninstall left\n%s", left)
	}
	// Pods that end hold their namespace up.
	x.kubectl("-n", ns, "delete", "deployments", "--all")
	x.kubectl("-n", ns, "wait", "--for=delete", "pods", "--all", "--timeout=60s")
	x.kubectl("delete", "namespace", ns, "--timeout=60s")
	x.kubectl("delete", "-f", chart+"/crds") // which helm leaves, as it says
	if after := x.all(); after != before {
		t.Errorf("helm uninstall left\n%s\nbefore there was\n%s", after, before)
	}
}
