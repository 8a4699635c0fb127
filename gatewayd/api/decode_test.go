package api_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
)

const head = `apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: p, namespace: demo}
plugin: key-auth
`

const service = `apiVersion: v1
kind: Service
metadata:
  name: s
`

func TestDecodeProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // LINE: problem
	}{
		{"sound", head, nil},
		{"every fault at once", `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: i
  annotations:
    konghq.com/strip-path: true
    a: "1"
    a: "2"
spec:
  ingresClassName: kong
  rules: {}
  defaultBackend:
    service:
      name: s
      port: {number: "80"}
`, []string{
			`6: error: Ingress default/i: metadata.annotations[konghq.com/strip-path]: must be text, not a boolean; put it in quotes`,
			`8: error: Ingress default/i: metadata.annotations[a]: is written twice; keep one of them`,
			`10: error: Ingress default/i: spec.ingresClassName: unknown field; did you mean ingressClassName?`,
			`11: error: Ingress default/i: spec.rules: must be a list, not an object`,
			`15: error: Ingress default/i: spec.defaultBackend.service.port.number: must be a whole number, not text; take away the quotes`,
		}},
		{"yes is a boolean, as kubectl reads it", service + "spec: {externalName: yes}\n", []string{
			`5: error: Service default/s: spec.externalName: must be text, not a boolean; put it in quotes`,
		}},
		{"a name that is a boolean", "apiVersion: v1\nkind: Service\nmetadata: {name: n}\n", []string{
			`3: error: Service default/n: metadata.name: must be text, not a boolean; put it in quotes`,
		}},
		{"a key that is a boolean", head + "config: {on: 1}\n", []string{
			`5: error: KongPlugin demo/p: config.on: has a key that is not text; put it in quotes`,
		}},
		{"duplicate field", service + "spec: {}\nspec: {}\n", []string{
			`6: error: Service default/s: spec: is written twice; keep one of them`,
		}},
		{"duplicate in a plugin's config", head + "config:\n  minute: 5\n  minute: 6\n", []string{
			`7: error: KongPlugin demo/p: config.minute: is written twice; keep one of them`,
		}},
		{"case counts", service + "Spec: {}\n", []string{
			`5: error: Service default/s: Spec: unknown field; did you mean spec?`,
		}},
		{"quantity", `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {}
  template:
    spec:
      containers:
      - name: c
        resources: {limits: {cpu: lots}}
`, []string{`10: error: Deployment default/d: spec.template.spec.containers[0].resources.limits[cpu]: must be a quantity such as 100m or 128Mi, not text`}},
		{"too large", service + "spec: {ports: [{port: 99999999999}]}\n", []string{
			`5: error: Service default/s: spec.ports[0].port: is too large a number`,
		}},
		{"secrets are not shown", `apiVersion: v1
kind: Secret
metadata: {name: s}
data: {key: hush!}
stringData: {pin: 1234}
`, []string{
			`4: error: Secret default/s: data[key]: must be base64; plain text belongs in stringData`,
			`5: error: Secret default/s: stringData[pin]: must be text, not a number; put it in quotes`,
		}},
		{"not YAML", "a: b: c\n", []string{`1: error: document: is not YAML: mapping values are not allowed in this context; look at the indentation and the quotes around this line`}},
		{"not an object", "- a\n", []string{`1: error: document: must be an object with apiVersion, kind and metadata`}},
		{"no kind", "apiVersion: v1\n", []string{`1: error: document: kind: is missing; every object needs apiVersion, kind and metadata`}},
		{"no apiVersion", "kind: Service\nmetadata: {name: s}\n", []string{`1: error: Service s: apiVersion: is missing; write v1`}},
		{"old apiVersion", "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: i}\n", []string{
			`1: error: Ingress i: apiVersion: must be networking.k8s.io/v1 for kind Ingress`,
		}},
		{"no name", "apiVersion: v1\nkind: Service\nmetadata: {}\n", []string{`1: error: Service default/(no name): metadata.name: is missing`}},
		{"bad name", "apiVersion: v1\nkind: Service\nmetadata: {name: A_b}\n", []string{
			`1: error: Service default/A_b: metadata.name: must be lower-case letters, digits, - and . (at most 253), beginning and ending with a letter or digit`,
		}},
		{"a kind that is not read", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\n", []string{
			`1: warning: NetworkPolicy n: objects of this kind are not read; it has no effect on the gateway`,
		}},
		{"a kind of Kong's that we lack", "apiVersion: configuration.konghq.com/v1beta1\nkind: TCPIngress\nmetadata: {name: n, namespace: x}\n", []string{
			`1: warning: TCPIngress x/n: TCPIngress is not supported yet; the gateway serves without it`,
		}},
		{"a policy, strictly", `apiVersion: configuration.konghq.com/v1beta1
kind: KongUpstreamPolicy
metadata: {name: p, namespace: x}
spec:
  algorithms: latency
  healthchecks:
    passive: {unhealthy: {interval: 5, timeouts: 1}}
    active: {unhealthy: {interval: 5, timeouts: "1"}}
`, []string{
			`5: error: KongUpstreamPolicy x/p: spec.algorithms: unknown field; did you mean algorithm?`,
			`7: error: KongUpstreamPolicy x/p: spec.healthchecks.passive.unhealthy.interval: unknown field; remove it`,
			`8: error: KongUpstreamPolicy x/p: spec.healthchecks.active.unhealthy.timeouts: must be a whole number, not text; take away the quotes`,
		}},
		{"a consumer group by the wrong version", "apiVersion: configuration.konghq.com/v1\nkind: KongConsumerGroup\nmetadata: {name: g}\n", []string{
			`1: error: KongConsumerGroup g: apiVersion: must be configuration.konghq.com/v1beta1 for kind KongConsumerGroup`,
		}},
		{"list", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(service), "\n", "\n  ") + "\n  x: 1\n", []string{
			`8: error: Service default/s: x: unknown field; remove it`,
		}},
		{"list of nothing", "apiVersion: v1\nkind: List\nitems: {}\nmore: 1\n", []string{
			`3: error: List: items: must be a list`, `4: error: List: more: unknown field; remove it`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range api.NewDecoder().Decode([]byte(tt.in)).Problems {
				got = append(got, fmt.Sprintf("%d: %s", p.Line, p.String()))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeObjects(t *testing.T) {
	t.Parallel()
	const list = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: ns, namespace: dropped}
- apiVersion: v1
  kind: Secret
  metadata: {name: s}
  data: {a: MQ==, b: Mg==}
  stringData: {b: three}
`
	got := api.NewDecoder().Decode([]byte(list))
	if len(got.Problems) > 0 || len(got.Objects) != 2 {
		t.Fatalf("got %d objects and problems %v, want 2 and none", len(got.Objects), got.Problems)
	}
	names := []string{api.Name(got.Objects[0].Value), api.Name(got.Objects[1].Value)}
	if diff := cmp.Diff([]string{"Namespace ns", "Secret default/s"}, names); diff != "" {
		t.Error(diff)
	}
	if got.Objects[1].Line != 7 {
		t.Errorf("got line %d, want 7", got.Objects[1].Line)
	}
	secret, _ := got.Objects[1].Value.(*corev1.Secret)
	want := map[string][]byte{"a": []byte("1"), "b": []byte("three")}
	if diff := cmp.Diff(want, secret.Data); diff != "" || secret.StringData != nil {
		t.Errorf("stringData is not folded into data: %s", diff)
	}
}

func TestBrokenObjectIsMarked(t *testing.T) {
	t.Parallel()
	got := api.NewDecoder().Decode([]byte(head + "disabled: maybe\n"))
	if len(got.Objects) != 1 || got.Objects[0].Broken != "disabled: must be true or false, not text" {
		t.Fatalf("got %+v, want one broken object", got.Objects)
	}
}

// TestAnchors: aliases and merges work within bounds.
func TestAnchors(t *testing.T) {
	t.Parallel()
	ok := api.NewDecoder().Decode([]byte(`apiVersion: v1
kind: ConfigMap
metadata: {name: &n cm, labels: &l {a: "1", b: "2"}, annotations: {<<: *l, b: "3"}}
data: {name: *n}
`))
	if len(ok.Problems) > 0 {
		t.Fatalf("got problems %v", ok.Problems)
	}
	cm, _ := ok.Objects[0].Value.(*corev1.ConfigMap)
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "3"}, cm.Annotations); diff != "" {
		t.Error(diff)
	}
	laughs := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i := range 12 {
		laughs += fmt.Sprintf("x%d: &x%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i), 10), ", "))
	}
	plugin := strings.Replace(laughs, "kind: ConfigMap", "kind: KongPlugin", 1)
	plugin = strings.Replace(plugin, "apiVersion: v1", "apiVersion: configuration.konghq.com/v1", 1) + "config: {x: *x12}\n"
	for _, in := range []string{laughs, plugin} {
		got := api.NewDecoder().Decode([]byte(in))
		if len(got.Problems) == 0 {
			t.Error("got no problem for a billion laughs")
		}
	}
	if !strings.Contains(fmt.Sprint(api.NewDecoder().Decode([]byte(plugin)).Problems), "aliases stand for too many values") {
		t.Error("got no problem that names the aliases")
	}
}

// TestLikeSigsYAML holds our decoder to what kubectl's would give.
func TestLikeSigsYAML(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		head + "config: {minute: 5, big: 12345678901, f: 1.5, t: true, z: null, s: \"x\\ty\", l: [1, a]}\nprotocols: [http]\n",
		head + "ordering: {before: {access: [key-auth]}}\nconfigFrom: {secretKeyRef: {name: a, key: b}}\n",
		service + "spec:\n  ports:\n  - {name: a, port: 80, targetPort: http}\n  - {name: b, port: 0x50, targetPort: 8080}\n  selector: {}\n",
		service + "  creationTimestamp: null\n  labels:\nspec:\n  clusterIP: None\n  publishNotReadyAddresses: yes\nstatus: {loadBalancer: {}}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, creationTimestamp: 2026-01-02T03:04:05Z}\nbinaryData: {a: aGk=}\ndata: {1: one, d: 2026-01-02, e: \"a\\nb\"}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns\n  managedFields:\n  - manager: m\n    fieldsV1: {\"f:spec\": {}}\n",
	} {
		got := api.NewDecoder().Decode([]byte(in))
		if len(got.Problems) > 0 || len(got.Objects) != 1 {
			t.Errorf("got problems %v for:\n%s", got.Problems, in)
			continue
		}
		have := got.Objects[0].Value
		want, _ := reflect.TypeAssert[api.Resource](reflect.New(reflect.TypeOf(have).Elem()))
		if err := sigsyaml.UnmarshalStrict([]byte(in), want); err != nil {
			t.Fatal(err)
		}
		if want.GetNamespace() == "" && api.KindOf(want) != "Namespace" {
			want.SetNamespace("default")
		}
		compact := cmp.Transformer("json", func(r json.RawMessage) any {
			var v any
			if len(r) > 0 {
				_ = json.Unmarshal(r, &v)
			}
			return v
		})
		if diff := cmp.Diff(want, have, compact); diff != "" {
			t.Errorf("differs from sigs.k8s.io/yaml (-want +got):\n%s", diff)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"plugins", "path", "headers-separator", "strip-path"}
	for word, want := range map[string]string{
		"plugin": "plugins", "pluginss": "plugins", "strippath": "strip-path", "StripPath": "strip-path",
		"x": "", "whatever": "", "pth": "path",
	} {
		if got := api.Nearest(word, names); got != want {
			t.Errorf("Nearest(%q): got %q, want %q", word, got, want)
		}
	}
}

// FuzzDecode: no text panics or hangs, equal texts give equal results, and every
// object that comes out has a name.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		head, service, "a: &a [*a]", "? {a: b}\n: c", "{<<: {kind: List}}", "kind: List\napiVersion: v1\nitems: &a [*a]",
		head + "config: {a: .inf, b: !!binary x, c: 1e999}", "apiVersion: v1\nkind: Secret\nmetadata: {name: 1}\ndata: {a: }",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d := api.NewDecoder()
		for _, doc := range api.Split(in) {
			a, b := d.Decode(doc.Text), api.NewDecoder().Decode(doc.Text)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("one text gave two results:\n%+v\n%+v", a, b)
			}
			for _, o := range a.Objects {
				if o.Value.GetName() == "" || api.KindOf(o.Value) == "" || o.Line < 1 {
					t.Errorf("got an object without name, kind or line: %+v", o.Value)
				}
			}
			for _, p := range a.Problems {
				if p.Object == "" || p.Reason == "" || p.Severity == "" {
					t.Errorf("got a problem that says nothing: %+v", p)
				}
			}
		}
	})
}
