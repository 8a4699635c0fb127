package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
)

func objects(t *testing.T, docs string) []*cluster.Object {
	t.Helper()
	list, err := cluster.Decode([]byte(docs), "the test")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestDigest: a release is upgraded when chart or values change, and only then.
func TestDigest(t *testing.T) {
	t.Parallel()
	c, err := Chart()
	if err != nil {
		t.Fatal(err)
	}
	sum := func(p Plan) string {
		t.Helper()
		s, err := digest(c, p.values())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plan := Plan{Repository: "r", Tag: "1", ServiceType: "NodePort", NodePort: 30080, Class: "kong", CreateClass: true}
	first := sum(plan)
	if again := sum(plan); again != first {
		t.Errorf("the same plan has digests %s and %s", first, again)
	}
	for what, change := range map[string]func(*Plan){
		"image": func(p *Plan) { p.Tag = "2" }, "type": func(p *Plan) { p.ServiceType = "ClusterIP" },
		"replicas": func(p *Plan) { p.Replicas = 3 }, "kong.yml": func(p *Plan) { p.KongFile = []byte("a") },
	} {
		other := plan
		change(&other)
		if sum(other) == first {
			t.Errorf("another %s has the same digest", what)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range Order(demo) {
		kinds = append(kinds, o.GetKind())
	}
	if kinds[0] != "Namespace" || kinds[len(kinds)-1] != "Ingress" {
		t.Errorf("got %v, want the Namespace first and the Ingress last", kinds)
	}
}

// TestUnserved tells what a gateway does not serve yet.
func TestUnserved(t *testing.T) {
	t.Parallel()
	gateway := func(objects ...entity.Object) []Gateway {
		return []Gateway{{Pod: "g", Status: admin.Status{Objects: objects}}}
	}
	tests := []struct {
		name string
		list []Gateway
		want map[string]int64
		not  map[string]bool
		say  string
	}{
		{"the version that is wanted", gateway(entity.Object{Name: "Ingress a/b", Version: "7"}), map[string]int64{"Ingress a/b": 7}, nil, ""},
		{"a newer one", gateway(entity.Object{Name: "Ingress a/b", Version: "10"}), map[string]int64{"Ingress a/b": 9}, nil, ""},
		{"an older one", gateway(entity.Object{Name: "Ingress a/b", Version: "9"}), map[string]int64{"Ingress a/b": 10}, nil, "g does not serve Ingress a/b yet"},
		{"none", gateway(), map[string]int64{"Ingress a/b": 1}, nil, "g does not serve Ingress a/b yet"},
		{"one that has gone", gateway(entity.Object{Name: "Ingress a/b", Version: "1"}), nil, map[string]bool{"Ingress a/b": true}, "g serves Ingress a/b still"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := unserved(tt.list, tt.want, tt.not); err != nil {
				got = err.Error()
			}
			if got != tt.say {
				t.Errorf("got %q, want %q", got, tt.say)
			}
		})
	}
}

// TestBacked: only Services with pods behind them are waited for.
func TestBacked(t *testing.T) {
	t.Parallel()
	const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: ns}
spec: {replicas: %REPLICAS%, template: {metadata: {labels: {app: a, tier: back}}}}
---
`
	const service = `
apiVersion: v1
kind: Service
metadata: {name: s, namespace: ns}
spec: {selector: {app: a}}
`
	for replicas, want := range map[string][]string{"1": {"ns.s."}, "0": nil} {
		got := backed(objects(t, strings.Replace(deployment, "%REPLICAS%", replicas, 1)+service))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s replicas (-want +got):\n%s", replicas, diff)
		}
	}
	list := []Gateway{{Pod: "g", Status: admin.Status{Services: []admin.ServiceStatus{{Name: "ns.s.80"}, {Name: "ns.other.80"}}}}}
	if err := untargeted(list, []string{"ns.s."}); err == nil || !strings.Contains(err.Error(), "ns.s.80") {
		t.Errorf("got %v, want that ns.s.80 has no target", err)
	}
	list[0].Status.Services[0].Targets = []string{"10.0.0.1:80"}
	if err := untargeted(list, []string{"ns.s."}); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

func TestLocalize(t *testing.T) {
	t.Parallel()
	in := &Inside{Echo: "registry.test/echo:1"}
	list, err := in.demo()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := cluster.Encode(list)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(docs); strings.Contains(text, EchoImage) || strings.Count(text, in.Echo) != 2 {
		t.Errorf("the echo backends' image is not %s:\n%s", in.Echo, text)
	}
}

func TestKongFile(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "f.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, problems, ok, err := KongFile(write("_format_version: \"3.0\"\nservices:\n- {name: s, url: \"http://localhost:1\"}\nupstreams:\n- {name: u, targets: [{target: \"127.0.0.1:2\"}, {target: \"10.0.0.1:2\"}]}\n"))
	if err != nil || !ok || len(problems) != 2 {
		t.Fatalf("got %v, %t, %v, want a problem for each of two loopback addresses", problems, ok, err)
	}
	for _, p := range problems {
		if !strings.Contains(p.Reason, "--runtime local") {
			t.Errorf("%s does not say what to do", p)
		}
	}
	if _, _, ok, err := KongFile(write("kind: Service\n")); ok || err != nil {
		t.Errorf("a manifest is taken for a kong.yml: %t, %v", ok, err)
	}
	_, _, _, err = KongFile(write("_format_version: \"3.0\"\nservices:\n- {nam: s}\n"))
	var h *hint.Hint
	if !errors.As(err, &h) || h.ID != "BAD_KONG_FILE" || !strings.Contains(h.Advice, "nam") {
		t.Errorf("got %v, want BAD_KONG_FILE that names the field", err)
	}
}

func TestReadPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: b}\n", "a.yml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
		".hidden.yaml": "x", "c.yaml~": "x", "notes.txt": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ReadPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range list {
		names = append(names, o.GetName())
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Errorf("objects differ (-want +got):\n%s", diff)
	}
}

// TestClass: the demo gets the class that is served, what is of another class
// stays, and so does the user's own.
func TestClass(t *testing.T) {
	t.Parallel()
	list, err := (&Inside{Class: "mine"}).demo()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := cluster.Encode(list)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for what, want := range map[string]int{"ingressClassName: mine": 1, "ingress.class: mine": 3, "ingressClassName: kong": 0, "ingress.class: kong": 0} {
		if n := strings.Count(text, what); n != want {
			t.Errorf("%q stands there %d times, want %d", what, n, want)
		}
	}
	const other = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, annotations: {kubernetes.io/ingress.class: nginx}}\nspec: {ingressClassName: nginx}\n"
	is, was := (&Inside{Class: "mine"}).localize(objects(t, other)), objects(t, other)
	if diff := cmp.Diff(was[0].Object, is[0].Object); diff != "" {
		t.Errorf("an Ingress of another class (-want +got):\n%s", diff)
	}
	const kong = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {ingressClassName: kong}\n"
	is, was = (&Inside{Class: "mine"}).reimage(objects(t, kong)), objects(t, kong)
	if diff := cmp.Diff(was[0].Object, is[0].Object); diff != "" {
		t.Errorf("the user's own (-want +got):\n%s", diff)
	}
}
