package gwctl_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/gwctl/gwctl/"

// rule says that packages at or below from may not import anything at or below
// to, but those at or below except may. from and except are inside the module;
// so is to when it begins with "./".
type rule struct {
	from, to string
	except   []string
	why      string
}

func rules() []rule {
	const (
		client  = "k8s.io/client-go"
		runtime = "sigs.k8s.io/controller-runtime"
	)
	kube := []string{"gatewayd/source/kube", "sandbox/cluster", "sandbox/deploy", "sandbox/kindbox", "sandbox/clusterbox"}
	return []rule{
		{"gatewayd", "./sandbox", nil, "the gateway knows no sandbox"},
		{"gatewayd", "./tutorials", nil, "the gateway knows no lesson"},
		{"gatewayd", "./cmd", nil, "libraries do not import commands"},
		{"sandbox", "./tutorials", nil, "lessons use sandboxes, not the other way round"},
		{"sandbox", "./cmd", nil, "libraries do not import commands"},
		{"tutorials", "./cmd", nil, "libraries do not import commands"},
		{"", client, kube, "Kubernetes clients stay at the edge"},
		{"", runtime, kube, "Kubernetes clients stay at the edge"},
		{"", "helm.sh/helm", []string{"sandbox/deploy"}, "Helm stays where a chart is installed"},
		{"", "sigs.k8s.io/kind", []string{"sandbox/kindbox"}, "kind stays in its runtime"},
		{"", "github.com/charmbracelet", []string{"tutorials/tui", "cmd/gwctl/cli"}, "the screen stays in the TUI and the CLI's progress"},
		{"gatewayd", "k8s.io", []string{"gatewayd/api", "gatewayd/source", "gatewayd/translate"}, "behind translate nobody knows Kubernetes"},
		{"tutorials/lesson", "./sandbox", nil, "a lesson is data: it knows no sandbox"},
		{"tutorials/lesson", "./tutorials", []string{"tutorials/lesson"}, "a lesson is data: it knows no engine"},
		{"tutorials/engine", "github.com/yuin/goldmark", nil, "the engine draws nothing"},
		{"tutorials/engine", "./tutorials/plain", nil, "views draw the engine's events, not the other way round"},
		{"tutorials/engine", "./tutorials/tui", nil, "views draw the engine's events, not the other way round"},
		{"tutorials/engine", "./tutorials/report", nil, "views draw the engine's events, not the other way round"},
		{"tutorials/report", "./sandbox", nil, "a report knows events alone"},
		{"tutorials/stream", "./tutorials/lesson", nil, "it hears gateways, whatever the lesson"},
		{"tutorials/killercoda", "./tutorials/engine", nil, "a scenario is made of a lesson alone"},
		{"tutorials/tui", "./sandbox", []string{"sandbox/hint"}, "a view knows events alone"},
		{"tutorials/plain", "./sandbox", []string{"sandbox/hint"}, "a view knows events alone"},
		{"gatewayd/plugin", "github.com", []string{"gatewayd/plugin/plugintest"}, "a plugin needs the standard library alone"},
		{"gatewayd/plugins", "./gatewayd/proxy", nil, "plugins know no engine"},
		{"gatewayd/plugins", "./gatewayd/snapshot", nil, "plugins know no snapshot"},
		{"gatewayd/limit", "net/http", nil, "a limiter knows no HTTP"},
		{"gatewayd/limit", "./gatewayd", []string{"gatewayd/limit"}, "a limiter stands alone"},
		{"gatewayd/balance", "net/http", nil, "a balancer knows no HTTP"},
		{"gatewayd/snapshot", "./gatewayd/proxy", nil, "the proxy serves snapshots, not the other way round"},
		{"gatewayd/snapshot", "./gatewayd/translate", nil, "a snapshot is compiled from entities alone"},
		{"gatewayd/snapshot", "./gatewayd/source", nil, "a snapshot is compiled from entities alone"},
		{"gatewayd/translate", "./gatewayd/snapshot", nil, "translation ends at entities"},
		{"gatewayd/translate", "./gatewayd/proxy", nil, "translation ends at entities"},
		{"gatewayd/source", "./gatewayd/translate", nil, "a source only reads"},
		{"", "./gatewayd/source/kube", []string{"gatewayd/source/kube", "cmd/gatewayd"}, "only gatewayd's command joins a gateway and a cluster"},
		{"gatewayd/entity", "./gatewayd", []string{"gatewayd/entity", "gatewayd/problem"}, "entities are plain data"},
		{"gatewayd/proxy", "./gatewayd/proxy/h1", []string{"gatewayd/proxy/h1", "gatewayd/proxy/proxytest", "gatewayd/proxy/hostile"}, "the proxy is engine-neutral"},
		{"gatewayd/proxy", "./gatewayd/proxy/h2", []string{"gatewayd/proxy/h2", "gatewayd/proxy/proxytest", "gatewayd/proxy/hostile"}, "the proxy is engine-neutral"},
		{"gatewayd/proxy", "./gatewayd/daemon", nil, "the daemon wires the proxy"},
		{"gatewayd/proxy", "./gatewayd/admin", nil, "the admin looks at the proxy, not the other way round"},
	}
}

func below(pkg, root string) bool {
	return root == "" || pkg == root || strings.HasPrefix(pkg, root+"/")
}

// TestImportDirection keeps the arrows of the design.
func TestImportDirection(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], module)
		for _, imported := range words[1:] {
			for _, r := range rules() {
				if broken(r, pkg, imported) {
					t.Errorf("%s imports %s: %s", pkg, imported, r.why)
				}
			}
		}
	}
}

func broken(r rule, pkg, imported string) bool {
	if !below(pkg, r.from) {
		return false
	}
	for _, e := range r.except {
		if below(pkg, e) {
			return false
		}
	}
	if own, ok := strings.CutPrefix(r.to, "./"); ok {
		target, ours := strings.CutPrefix(imported, module)
		if !ours || !below(target, own) {
			return false
		}
		for _, e := range r.except {
			if e != r.from && below(target, e) && !below(own, e) {
				return false
			}
		}
		return true
	}
	return below(imported, r.to) && !strings.HasPrefix(imported, module)
}
