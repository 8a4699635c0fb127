package daemon_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// TestCheck: an object is checked as if it were in use, before anything names it.
func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		kong    = "apiVersion: configuration.konghq.com/v1\nkind: "
		ann     = kong + "KongConsumer\nmetadata: {name: ann, namespace: x, annotations: {kubernetes.io/ingress.class: kong}}\nusername: ann\n"
		secret  = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: x, labels: {konghq.com/credential: key-auth}}\nstringData: "
		plugin  = kong + "KongPlugin\nmetadata: {name: p, namespace: x}\nplugin: rate-limiting\n"
		cluster = kong + "KongClusterPlugin\nmetadata: {name: p}\nplugin: rate-limiting\n"
	)
	tests := []struct {
		name, known, object string
		want                []string
	}{
		{"a sound plugin", "", plugin + "config: {minute: 5}\n", nil},
		{"a faulty config", "", plugin + "config: {minute: -1}\n", []string{
			"error: KongPlugin x/p: config.minute: must be above 0 and at most 2^53",
		}},
		{"a misspelt field", "", plugin + "config: {minute: 1, polcy: local}\n", []string{
			"error: KongPlugin x/p: config.polcy: unknown field",
		}},
		{"a plugin that nobody knows", "", kong + "KongPlugin\nmetadata: {name: p, namespace: x}\nplugin: jwt\n", []string{
			`error: KongPlugin x/p: plugin: no plugin is called "jwt"; there are key-auth, rate-limiting`,
		}},
		{"an unknown annotation", "", kong + "KongPlugin\nmetadata: {name: p, namespace: x, annotations: {konghq.com/plugin: a}}\nplugin: key-auth\n", []string{
			"error: KongPlugin x/p: metadata.annotations[konghq.com/plugin]: unknown annotation; did you mean konghq.com/plugins?",
		}},
		{"a config of a Secret that may come", "", plugin + "configFrom: {secretKeyRef: {name: s, key: config}}\n", nil},
		{"a faulty config of a Secret", secret + "{config: 'minute: -1'}\n", plugin + "configFrom: {secretKeyRef: {name: s, key: config}}\n", []string{
			"error: KongPlugin x/p: config.minute: must be above 0 and at most 2^53",
		}},
		{"a faulty cluster plugin", "", cluster + "config: {}\n", []string{
			"error: KongClusterPlugin p: config: set at least one of second, minute, hour, day, month, year",
		}},
		{"a consumer", "", ann + "credentials: [to-come]\n", nil},
		{"a consumer without a class", "", kong + "KongConsumer\nmetadata: {name: bob, namespace: x}\nusername: bob\n", []string{
			"warning: KongConsumer x/bob: metadata.annotations[kubernetes.io/ingress.class]: is missing, so nobody knows this consumer; write kubernetes.io/ingress.class: kong",
		}},
		{"a consumer by a name that is taken", ann, kong + "KongConsumer\nmetadata: {name: a2, namespace: x, annotations: {kubernetes.io/ingress.class: kong}}\nusername: ann\n", []string{
			"error: KongConsumer x/a2: username: is that of KongConsumer x/ann as well, so this consumer is left out; it must be unique",
		}},
		{"a consumer as it stands", ann, ann, nil},
		{"a credential", "", secret + "{key: abc}\n", nil},
		{"a credential without a key", "", secret + "{keys: abc}\n", []string{
			"error: Secret x/s: data[key]: is missing or empty; write the API key there",
			"warning: Secret x/s: data[keys]: unknown field; did you mean key?",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var known source.Set
			for _, o := range decoded(t, tt.known) {
				known.Add(o, source.Origin{})
			}
			reading := daemon.Reading{Kinds: plugins.All()}
			var got []string
			for _, p := range reading.Check(decoded(t, tt.object)[0], known) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func decoded(t *testing.T, text string) []api.Resource {
	t.Helper()
	d := api.NewDecoder().Decode([]byte(text))
	if len(d.Problems) > 0 {
		t.Fatalf("%v", d.Problems)
	}
	var out []api.Resource
	for _, o := range d.Objects {
		out = append(out, o.Value)
	}
	return out
}
