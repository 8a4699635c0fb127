package kube_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
)

// parse reads one object without a schema, as kubectl does.
func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestCRDsRefuse: what means nothing is refused, in words that say what would
// be right.
func TestCRDsRefuse(t *testing.T) {
	t.Parallel()
	const (
		plugin   = "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: x, namespace: default}\n"
		cluster1 = "apiVersion: configuration.konghq.com/v1\nkind: KongClusterPlugin\nmetadata: {name: x}\n"
		consumer = "apiVersion: configuration.konghq.com/v1\nkind: KongConsumer\nmetadata: {name: x, namespace: default}\n"
		ingress  = "apiVersion: configuration.konghq.com/v1\nkind: KongIngress\nmetadata: {name: x, namespace: default}\n"
		group    = "apiVersion: configuration.konghq.com/v1beta1\nkind: KongConsumerGroup\nmetadata: {name: x, namespace: default}\n"
		policy   = "apiVersion: configuration.konghq.com/v1beta1\nkind: KongUpstreamPolicy\nmetadata: {name: x, namespace: default}\n"
	)
	tests := []struct {
		name, object string
		want         string // "" is taken
	}{
		{"a plugin", plugin + "plugin: key-auth\n", ""},
		{"a plugin as it can be", plugin + `plugin: rate-limiting
config: {minute: 5, redis: {host: r}}
configPatches: [{path: /redis/password, valueFrom: {secretKeyRef: {name: s, key: k}}}]
protocols: [http, https]
ordering: {before: {access: [key-auth]}}
run_on: first
disabled: true
instance_name: mine
consumerRef: ann
`, ""},
		{"no plugin name", plugin + "config: {}\n", `plugin: Required value`},
		{"empty plugin name", plugin + "plugin: ''\n", `plugin in body should be at least 1 chars long`},
		{"plugin name of other letters", plugin + "plugin: Key Auth\n", `must be a plugin's name in lower-case letters, digits and hyphens, as in key-auth`},
		{"unknown field", plugin + "plugin: key-auth\nconfigs: {}\n", `unknown field "configs"`},
		{"config is no object", plugin + "plugin: key-auth\nconfig: [1]\n", `config in body must be of type object`},
		{"config twice", plugin + "plugin: key-auth\nconfig: {}\nconfigFrom: {secretKeyRef: {name: s, key: k}}\n", `Using both config and configFrom fields is not allowed.`},
		{"patches of a Secret", plugin + "plugin: key-auth\nconfigFrom: {secretKeyRef: {name: s, key: k}}\nconfigPatches: [{path: /a, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n", `Using both configFrom and configPatches fields is not allowed.`},
		{"a Secret without a key", plugin + "plugin: key-auth\nconfigFrom: {secretKeyRef: {name: s}}\n", `configFrom.secretKeyRef.key: Required value`},
		{"a patch that is no pointer", plugin + "plugin: key-auth\nconfigPatches: [{path: a.b, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n", `configPatches[0].path in body should match '^(/.*)?$'`},
		{"protocols", plugin + "plugin: key-auth\nprotocols: [htp]\n", `Unsupported value: "htp": supported values: "http", "https", "grpc", "grpcs", "tcp", "tls", "udp"`},
		{"run_on", plugin + "plugin: key-auth\nrun_on: third\n", `run_on: Unsupported value: "third"`},
		{"ordering of nothing", plugin + "plugin: key-auth\nordering: {}\n", `must have before or after, each naming plugins by phase`},
		{"ordering by another phase", plugin + "plugin: key-auth\nordering: {before: {log: [a]}}\n", `can name plugins for the phase access alone`},
		{"ordering without a phase", plugin + "plugin: key-auth\nordering: {before: [key-auth]}\n", `ordering.before in body must be of type object`},
		{"a cluster plugin", cluster1 + "plugin: key-auth\nconfigFrom: {secretKeyRef: {namespace: ns, name: s, key: k}}\n", ""},
		{"a cluster plugin's Secret without a namespace", cluster1 + "plugin: key-auth\nconfigFrom: {secretKeyRef: {name: s, key: k}}\n", `configFrom.secretKeyRef.namespace: Required value`},
		{"a consumer", consumer + "custom_id: '7'\ncredentials: [a, b]\n", ""},
		{"a consumer without a name", consumer + "credentials: [a]\n", `Need to provide either username or custom_id`},
		{"a consumer with an empty name", consumer + "username: ''\n", `Need to provide either username or custom_id`},
		{"a credential twice", consumer + "username: a\ncredentials: [a, a]\n", `credentials[1]: Duplicate value: "a"`},
		{"a group", group + "spec: {name: gold, tags: [a]}\n", ""},
		{"a KongIngress", ingress + "upstream: {hash_on: header, hash_on_header: x, healthchecks: {active: {http_path: /, healthy: {interval: 5}}}}\nroute: {methods: [GET]}\nproxy: {retries: 1}\n", ""},
		{"a KongIngress by no algorithm", ingress + "upstream: {algorithm: random}\n", `upstream.algorithm: Unsupported value: "random"`},
		{"a policy", policy + "spec: {algorithm: consistent-hashing, slots: 100, hashOn: {header: x}, hashOnFallback: {input: ip}, healthchecks: {threshold: 50, active: {httpPath: /h, healthy: {interval: 5, successes: 1}}, passive: {unhealthy: {httpStatuses: [500], httpFailures: 3}}}}\n", ""},
		{"a sticky policy", policy + "spec: {algorithm: sticky-sessions, hashOn: {input: none}, stickySessions: {cookie: s, cookiePath: /}}\n", ""},
		{"slots", policy + "spec: {slots: 5}\n", `spec.slots in body should be greater than or equal to 10`},
		{"a hash without its algorithm", policy + "spec: {hashOn: {input: ip}}\n", `hashOn needs algorithm consistent-hashing`},
		{"two things to hash", policy + "spec: {algorithm: consistent-hashing, hashOn: {input: ip, header: x}}\n", `only one of input, header, cookie, queryArg and uriCapture can be set`},
		{"a cookie without a path", policy + "spec: {algorithm: consistent-hashing, hashOn: {cookie: x}}\n", `cookie and cookiePath need each other`},
		{"a cookie to fall back on", policy + "spec: {algorithm: consistent-hashing, hashOn: {header: h}, hashOnFallback: {cookie: x, cookiePath: /}}\n", `hashOnFallback cannot use a cookie`},
		{"a passive check with an interval", policy + "spec: {healthchecks: {passive: {healthy: {interval: 5}}}}\n", `unknown field "spec.healthchecks.passive.healthy.interval"`},
		{"a status", policy + "spec: {healthchecks: {passive: {unhealthy: {httpStatuses: [99]}}}}\n", `should be greater than or equal to 100`},
	}
	cl := kubetest.Need(t, cluster).Client(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := parse(t, tt.object)
			err := cl.Create(t.Context(), u, client.DryRunAll, client.FieldValidation("Strict"))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got error %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestPluginIsImmutable: Kong's CRD lets nobody turn one plugin into another.
func TestPluginIsImmutable(t *testing.T) {
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	u := parse(t, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: immutable, namespace: default}\nplugin: key-auth\n")
	if err := cl.Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Delete(t.Context(), u) })
	u.Object["plugin"] = "rate-limiting"
	if err := cl.Update(t.Context(), u); err == nil || !strings.Contains(err.Error(), "The plugin field is immutable") {
		t.Errorf("got error %v, want that the plugin field is immutable", err)
	}
}
