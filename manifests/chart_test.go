package manifests_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/manifests"
)

var update = flag.Bool("update", false, "write the goldens anew")

// load reads the chart out of the binary, as gwctl does.
func load(t *testing.T) *chart.Chart {
	t.Helper()
	var files []*loader.BufferedFile
	tree := manifests.Chart()
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, path)
		files = append(files, &loader.BufferedFile{Name: path, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render is helm template with --set lines; more are API versions that the
// cluster has beside the usual ones.
func render(t *testing.T, c *chart.Chart, sets []string, more ...string) (map[string]string, error) {
	t.Helper()
	values := map[string]any{}
	for _, set := range sets {
		if err := strvals.ParseInto(set, values); err != nil {
			t.Fatal(err)
		}
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.APIVersions = append(caps.APIVersions, more...)
	top, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{
		Name: "gwctl", Namespace: "gwctl-system", Revision: 1, IsInstall: true,
	}, caps)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, top)
}

// article are the lines of the article's helm install.
func article() []string {
	return []string{
		"gateway.proxy.type=NodePort", "gateway.resources.requests.memory=256Mi", "gateway.resources.requests.cpu=100m",
		"gateway.resources.limits.memory=512Mi", "gateway.resources.limits.cpu=500m",
	}
}

// token keeps the goldens from holding a random one.
const token = "gateway.admin.token=golden"

func TestTemplates(t *testing.T) {
	t.Parallel()
	c := load(t)
	tests := []struct {
		name string
		sets []string
		apis []string
	}{
		{"default", []string{token}, nil},
		{"article", append(article(), token), nil},
		{"all", []string{
			token, "gateway.replicaCount=3", "gateway.proxy.type=NodePort", "gateway.proxy.http.nodePort=30080",
			"gateway.proxy.externalTrafficPolicy=Local", "gateway.autoscaling.enabled=true", "networkPolicy.enabled=true",
			"route.enabled=true", "route.host=api.example.com", "route.tls.termination=edge", "watchNamespaces={shop,blog}",
			"webhook.failurePolicy=Fail", "ingressClass.default=true", "gateway.trustedIPs={10.0.0.0/8}", "gateway.env.TZ=UTC",
			"gateway.extraArgs={--real-ip-recursive}", "imagePullSecrets[0].name=registry", "image.tag=v1",
			"gateway.nodeSelector.disk=ssd", "gateway.podAnnotations.a=b", "gateway.resources.limits.memory=1Gi",
		}, []string{"route.openshift.io/v1"}},
		{"dbless", []string{token, `dblessConfig.config=_format_version: "3.0"` + "\nservices: []\n"}, nil},
		{"least", []string{
			"gateway.admin.enabled=false", "webhook.enabled=false", "ingressClass.create=false", "rbac.create=false",
			"serviceAccount.create=false", "gateway.podDisruptionBudget.enabled=false", "leaderElection=false",
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files, err := render(t, c, tt.sets, tt.apis...)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, name := range slices.Sorted(maps.Keys(files)) {
				text := strings.TrimSpace(files[name])
				if text == "" {
					continue
				}
				fmt.Fprintf(&b, "--- # %s\n%s\n", name, text)
				if strings.HasSuffix(name, ".yaml") {
					for doc := range strings.SplitSeq(text, "\n---\n") {
						if err := yaml.UnmarshalStrict([]byte(doc), new(map[string]any)); err != nil {
							t.Errorf("%s: %v", name, err)
						}
					}
				}
			}
			golden(t, filepath.Join("testdata", tt.name+".yaml"), b.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it is right, run go test -update:\n%s", path, diff)
	}
}

// TestSchemaRefuses: a value that means nothing is refused, and by name.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	c := load(t)
	for set, want := range map[string]string{
		"gateway.proxy.typ=NodePort":             "additional properties 'typ' not allowed",
		"gateway.proxy.type=Nodeport":            "value must be one of 'NodePort', 'LoadBalancer', 'ClusterIP'",
		"replicas=3":                             "additional properties 'replicas' not allowed",
		"gateway.replicaCount=many":              "got string, want integer",
		"webhook.failurePolicy=Refuse":           "value must be one of 'Ignore', 'Fail'",
		"gateway.proxy.http.nodePort=70000":      "maximum: got 70,000, want 65,535",
		"ingressClass.name=Kong":                 "does not match pattern",
		"gateway.resources.limit.memory=1Gi":     "additional properties 'limit' not allowed",
		"gateway.podDisruptionBudget.minimum=1":  "additional properties 'minimum' not allowed",
		"dblessConfig.config[0]=_format_version": "got array, want string or object",
	} {
		if _, err := render(t, c, []string{set}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", set, err, want)
		}
	}
}

// TestToken: without a value each rendering makes a token of its own, forty
// letters and digits.
func TestToken(t *testing.T) {
	t.Parallel()
	c := load(t)
	seen := map[string]bool{}
	for range 2 {
		files, err := render(t, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		var secret struct{ Data map[string][]byte }
		_, doc, _ := strings.Cut(files["gatewayd/templates/service-admin.yaml"], "\n---\n")
		if err := yaml.Unmarshal([]byte(doc), &secret); err != nil {
			t.Fatal(err)
		}
		token := string(secret.Data["token"])
		if len(token) != 40 || seen[token] {
			t.Errorf("got token %q, want forty letters that are new", token)
		}
		seen[token] = true
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, sets := range [][]string{nil, article(), {"networkPolicy.enabled=true", "route.enabled=true", "gateway.autoscaling.enabled=true"}} {
		values := map[string]any{}
		for _, set := range sets {
			if err := strvals.ParseInto(set, values); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range lint.AllWithKubeVersion("chart", values, "gwctl-system", nil).Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%v: %v", sets, m)
			}
		}
	}
}

// TestCRDsAreThose: the chart's CRDs are the generated ones.
func TestCRDsAreThose(t *testing.T) {
	t.Parallel()
	want := tree(t, manifests.CRDs())
	sub, err := fs.Sub(manifests.Chart(), "crds")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(t, sub)); diff != "" || len(want) != 6 {
		t.Errorf("got %d CRDs; chart/crds differs from crds, run make generate:\n%s", len(want), diff)
	}
}

func tree(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}
