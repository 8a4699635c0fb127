package translate_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// TestPure translates every golden case twice, and once more with the objects of
// the set in another order; the set stays as it was.
func TestPure(t *testing.T) {
	t.Parallel()
	ins, err := filepath.Glob("testdata/*/in.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range ins {
		t.Run(filepath.Base(filepath.Dir(in)), func(t *testing.T) {
			t.Parallel()
			set := read(t, in)
			first := translate.Translate(set, options())
			if diff := cmp.Diff(first, translate.Translate(set, options())); diff != "" {
				t.Errorf("a second translation differs:\n%s", diff)
			}
			if diff := cmp.Diff(objects(read(t, in)), objects(set)); diff != "" {
				t.Errorf("the set was written to:\n%s", diff)
			}
			mixed := set.Clone()
			shuffle(mixed.Services)
			shuffle(mixed.EndpointSlices)
			shuffle(mixed.Secrets)
			shuffle(mixed.Ingresses)
			shuffle(mixed.Plugins)
			shuffle(mixed.ClusterPlugins)
			shuffle(mixed.Consumers)
			shuffle(mixed.Problems)
			if diff := cmp.Diff(first, translate.Translate(mixed, options())); diff != "" {
				t.Errorf("another order gives another configuration:\n%s", diff)
			}
		})
	}
}

func shuffle[T any](list []T) {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// objects lists the objects of a set, which itself does not show them.
func objects(s source.Set) []any {
	var out []any
	for _, i := range s.Services {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.Ingresses {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.Secrets {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.Plugins {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.ClusterPlugins {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.Consumers {
		out = append(out, i.Object, i.Origin)
	}
	for _, i := range s.EndpointSlices {
		out = append(out, i.Object, i.Origin)
	}
	return out
}

// TestGoldensHoldNoKey: what credentials hold is in no golden.
func TestGoldensHoldNoKey(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/demo/want.yaml")
	if err != nil || strings.Contains(string(raw), "my-secret-api-key") {
		t.Errorf("got the key in a golden, or error %v", err)
	}
}

// TestIDsOutliveEdits: counters hang on ids, so an edit must not change them.
func TestIDsOutliveEdits(t *testing.T) {
	t.Parallel()
	ids := func(edit func(*source.Set)) []string {
		set := read(t, "testdata/demo/in.yaml").Clone()
		in, p := set.Ingresses[0], set.Plugins[1]
		in.Object, p.Object = in.Object.DeepCopy(), p.Object.DeepCopy()
		set.Ingresses[0], set.Plugins[1] = in, p
		edit(&set)
		cfg := translate.Translate(set, options())
		var out []string
		for _, r := range cfg.Routes {
			out = append(out, r.ID, r.ServiceID)
		}
		for _, c := range cfg.Consumers {
			out = append(out, c.ID)
		}
		for _, p := range cfg.Plugins {
			out = append(out, p.ID)
		}
		return out
	}
	want := ids(func(*source.Set) {})
	for name, edit := range map[string]func(*source.Set){
		"another limit":      func(s *source.Set) { s.Plugins[1].Object.Config = []byte(`{"minute":9}`) },
		"another path":       func(s *source.Set) { s.Ingresses[0].Object.Spec.Rules[0].HTTP.Paths[0].Path = "/x" },
		"another annotation": func(s *source.Set) { s.Ingresses[0].Object.Annotations["konghq.com/strip-path"] = "false" },
		"other addresses":    func(s *source.Set) { s.EndpointSlices = nil },
	} {
		if diff := cmp.Diff(want, ids(edit)); diff != "" {
			t.Errorf("%s changes ids (-want +got):\n%s", name, diff)
		}
	}
}

// TestInstanceNames compares with names that the controller itself makes
// (internal/dataplane/testdata/golden/kongplugin-instance-name).
func TestInstanceNames(t *testing.T) {
	t.Parallel()
	cfg := translate.Translate(parse(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: httpbin, namespace: default, annotations: {konghq.com/plugins: kong-id}}
spec:
  ingressClassName: kong
  rules:
  - http: {paths: [{path: /httpbin, pathType: ImplementationSpecific, backend: {service: {name: httpbin, port: {number: 80}}}}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: kong-id, namespace: default}
plugin: correlation-id
instance_name: example
`), options())
	if got := cfg.Plugins[0].InstanceName; got != "example-21a1f5b5f" {
		t.Errorf("got %q, want the controller's example-21a1f5b5f", got)
	}
}

func TestOtherClass(t *testing.T) {
	t.Parallel()
	cfg := translate.Translate(read(t, "testdata/class/in.yaml"), translate.Options{IngressClass: "nginx"})
	var got []string
	for _, r := range cfg.Routes {
		got = append(got, r.Name)
	}
	if diff := cmp.Diff([]string{"demo.annotation-wins.web..80", "demo.other.web..80"}, got); diff != "" {
		t.Error(diff)
	}
}

// parse makes a set of one text.
func parse(text string) source.Set {
	var set source.Set
	d := api.NewDecoder()
	for _, doc := range api.Split([]byte(text)) {
		got := d.Decode(doc.Text)
		for _, o := range got.Objects {
			set.Add(o.Value, source.Origin{File: "in.yaml", Line: doc.Line + o.Line - 1, Version: doc.Version(), Broken: o.Broken})
		}
		set.Problems = append(set.Problems, got.Problems...)
	}
	set.Sort()
	return set
}

// BenchmarkTranslate translates 10,000 Ingresses with two plugins and 10,000
// consumers.
func BenchmarkTranslate(b *testing.B) {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n---\n")
	for _, p := range []string{"rate-limiting", "key-auth"} {
		fmt.Fprintf(&text, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: %s}\nplugin: %[1]s\n---\n", p)
	}
	for i := range 10_000 {
		fmt.Fprintf(&text, `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i%d, annotations: {konghq.com/plugins: "rate-limiting,key-auth"}}
spec:
  ingressClassName: kong
  rules:
  - host: h%[1]d.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: c%[1]d, annotations: {kubernetes.io/ingress.class: kong}}
username: c%[1]d
credentials: [k%[1]d]
---
apiVersion: v1
kind: Secret
metadata: {name: k%[1]d, labels: {konghq.com/credential: key-auth}}
stringData: {key: key-%[1]d}
---
`, i)
	}
	set := parse(text.String())
	b.ReportAllocs()
	for b.Loop() {
		cfg := translate.Translate(set, options())
		if len(cfg.Routes) != 10_000 || len(cfg.Plugins) != 20_000 || len(cfg.Credentials) != 10_000 {
			b.Fatalf("got %d routes, %d plugins, %d credentials", len(cfg.Routes), len(cfg.Plugins), len(cfg.Credentials))
		}
	}
}
