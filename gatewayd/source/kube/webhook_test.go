package kube_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
	"github.com/gwctl/gwctl/gatewayd/source/kube/webhook"
)

// guard runs a webhook that the API server calls for one namespace, and for
// cluster plugins with the label guarded.
type guard struct {
	*webhook.Server
	warnings *warnings
	client   client.Client
	now      atomic.Int64 // seconds that its clock is off
}

// warnings keeps what the API server warns a client of.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, text)
}

func (w *warnings) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := strings.Join(w.said, "\n")
	w.said = nil
	return out
}

func guarded(t *testing.T, ns string) *guard {
	t.Helper()
	src, err := kube.New(kube.Options{Config: cluster.Config, Namespaces: []string{ns}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	reading := daemon.Reading{Kinds: plugins.All()}
	g := &guard{warnings: &warnings{}}
	g.now.Store(-300 * 24 * 3600)
	g.Server = g.server(t, src, ns, func(ctx context.Context, o api.Resource) []problem.Problem {
		return reading.Check(o, src.Known(ctx, o))
	})
	cfg := rest.CopyConfig(cluster.Config)
	cfg.WarningHandler = g.warnings
	cl, err := client.New(cfg, client.Options{Scheme: src.Client().Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	g.client = cl
	url := "https://" + g.Addr() + "/validate"
	none, fail := admissionv1.SideEffectClassNone, admissionv1.Fail
	rule := func(group string, kinds ...string) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{
			Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: kinds},
		}}
	}
	hook := func(name string, rules []admissionv1.RuleWithOperations) admissionv1.ValidatingWebhook {
		return admissionv1.ValidatingWebhook{
			Name: name, ClientConfig: admissionv1.WebhookClientConfig{URL: &url}, Rules: rules, SideEffects: &none, FailurePolicy: &fail,
			AdmissionReviewVersions: []string{"v1"}, NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns}},
		}
	}
	objects, clusters, secrets := hook("objects.gwctl.dev", rule(api.Group, "kongplugins", "kongconsumers")),
		hook("clusters.gwctl.dev", rule(api.Group, "kongclusterplugins")), hook("secrets.gwctl.dev", rule("", "secrets"))
	clusters.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"guarded": "true"}}
	secrets.ObjectSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "konghq.com/credential", Operator: metav1.LabelSelectorOpExists}}}
	elsewhere := hook("elsewhere.gwctl.dev", rule(api.Group, "kongingresses"))
	elsewhere.ClientConfig = admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "other", Name: "other"}}
	elsewhere.NamespaceSelector.MatchLabels["never"] = "true"
	hooks := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ns}, Webhooks: []admissionv1.ValidatingWebhook{objects, clusters, secrets, elsewhere}}
	if err := cl.Create(t.Context(), hooks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Delete(context.WithoutCancel(t.Context()), hooks) })
	var once sync.Once
	ready := make(chan struct{})
	run(t, func(ctx context.Context) {
		if err := src.Run(ctx, func(source.Set) { once.Do(func() { close(ready) }) }); err != nil {
			t.Error(err)
		}
	})
	<-ready
	return g
}

// server makes one of the gateway's webhook servers, and runs it.
func (g *guard) server(t *testing.T, src *kube.Source, ns string, check func(context.Context, api.Resource) []problem.Problem) *webhook.Server {
	t.Helper()
	s, err := webhook.New(webhook.Options{
		Listen: "127.0.0.1:0", Check: check, Client: src.Client(), Service: client.ObjectKey{Namespace: ns, Name: "hook"},
		Secret: client.ObjectKey{Namespace: ns, Name: "certificate"}, Configuration: ns, Hosts: []string{"127.0.0.1"},
		Every: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now: func() time.Time { return time.Now().Add(time.Duration(g.now.Load()) * time.Second) },
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) {
		if err := s.Run(ctx); err != nil {
			t.Errorf("the webhook ended with %v", err)
		}
	})
	return s
}

// TestWebhook: kubectl apply is refused in the words of gatewayd translate, warned
// of what is not supported yet, and not kept from mending what is there.
func TestWebhook(t *testing.T) {
	t.Parallel()
	const ns = "webhook"
	admin := kubetest.Need(t, cluster).Client(t)
	namespace(t, admin, ns)
	kong := "apiVersion: configuration.konghq.com/v1\nkind: "
	create(
		t, admin, // before the webhook is there
		kong+"KongPlugin\nmetadata: {name: old, namespace: webhook}\nplugin: rate-limiting\nconfig: {minute: -1}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: config, namespace: webhook}\nstringData: {good: 'minute: 5', bad: 'minute: -5'}\n",
		kong+"KongConsumer\nmetadata: {name: ann, namespace: webhook, annotations: {kubernetes.io/ingress.class: kong}}\nusername: ann\n",
	)
	g := guarded(t, ns)
	authority := func() []byte {
		var c admissionv1.ValidatingWebhookConfiguration
		if err := admin.Get(t.Context(), client.ObjectKey{Name: ns}, &c); err != nil {
			t.Fatal(err)
		}
		if other := c.Webhooks[3].ClientConfig.CABundle; other != nil {
			t.Fatalf("a webhook of another Service got a bundle")
		}
		return c.Webhooks[0].ClientConfig.CABundle
	}
	count := func() int { return bytes.Count(authority(), []byte("BEGIN CERTIFICATE")) }
	eventually(t, 1, count)

	plugin := kong + "KongPlugin\nmetadata: {name: p, namespace: webhook}\nplugin: rate-limiting\n"
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: webhook, labels: {konghq.com/credential: %}}\nstringData: "
	consumer := kong + "KongConsumer\nmetadata: {name: c, namespace: webhook, annotations: {kubernetes.io/ingress.class: kong}}\n"
	keyAuth, basic := strings.Replace(secret, "%", "key-auth", 1), strings.Replace(secret, "%", "basic-auth", 1)
	tests := []struct{ name, object, refused, warned string }{
		{"a sound plugin", plugin + "config: {minute: 5}\n", "", ""},
		{"a faulty config", plugin + "config: {minute: -1}\n", "KongPlugin webhook/p: config.minute: must be above 0 and at most 2^53", ""},
		{"an unknown field", plugin + "config: {minute: 5, polcy: local}\n", "KongPlugin webhook/p: config.polcy: unknown field", ""},
		{"an unknown plugin", kong + "KongPlugin\nmetadata: {name: p, namespace: webhook}\nplugin: jwt\n", `KongPlugin webhook/p: plugin: no plugin is called "jwt"; there are key-auth, rate-limiting`, ""},
		{"a config of a Secret", plugin + "configFrom: {secretKeyRef: {name: config, key: good}}\n", "", ""},
		{"a faulty config of a Secret", plugin + "configFrom: {secretKeyRef: {name: config, key: bad}}\n", "KongPlugin webhook/p: config.minute: must be above 0", ""},
		{"a config of a Secret that may come", plugin + "configFrom: {secretKeyRef: {name: to-come, key: good}}\n", "", ""},
		{"a plugin without effect", plugin + "config: {minute: 5}\nrun_on: all\n", "", "KongPlugin webhook/p: run_on: belonged to Kong's service mesh and has no effect; remove it"},
		{"a cluster plugin", kong + "KongClusterPlugin\nmetadata: {name: webhook-p, labels: {guarded: 'true'}}\nplugin: rate-limiting\nconfig: {}\n", "KongClusterPlugin webhook-p: config: set at least one of", ""},
		{"a consumer", consumer + "username: c\ncredentials: [to-come]\n", "", ""},
		{"a consumer by a name that is taken", consumer + "username: ann\n", "KongConsumer webhook/c: username: is that of KongConsumer webhook/ann as well", ""},
		{"a consumer of a group", consumer + "username: c\nconsumerGroups: [gold]\n", "", "KongConsumer webhook/c: consumerGroups: is not supported yet"},
		{"a credential", keyAuth + "{key: abc}\n", "", ""},
		{"a credential's slip", keyAuth + "{key: abc, keys: x}\n", "Secret webhook/s: data[keys]: unknown field; did you mean key?", ""},
		{"a credential without a key", keyAuth + "{ttl: '5'}\n", "Secret webhook/s: data[key]: is missing or empty; write the API key there", ""},
		{"a credential of a kind to come", basic + "{username: a, password: b}\n", "", "basic-auth is not supported yet; key-auth is"},
		{"a credential of no kind", strings.Replace(secret, "%", "kay-auth", 1) + "{key: b}\n", "Secret webhook/s: metadata.labels[konghq.com/credential]: must be key-auth", ""},
	}
	check := func(t *testing.T) {
		for _, tt := range tests { // one after the other: warnings have no owner
			err := g.client.Create(t.Context(), parse(t, tt.object), client.DryRunAll)
			switch {
			case tt.refused == "" && err != nil:
				t.Errorf("%s: got error %v, want none", tt.name, err)
			case tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)):
				t.Errorf("%s: got error %v, want one with %q", tt.name, err, tt.refused)
			}
			if got := g.warnings.take(); !strings.Contains(got, tt.warned) || tt.warned == "" && got != "" {
				t.Errorf("%s: got warnings %q, want %q", tt.name, got, tt.warned)
			}
		}
	}
	check(t)

	old := &api.KongPlugin{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "old"}}
	update := func(what string, change func()) error {
		t.Helper()
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(old), old); err != nil {
			t.Fatal(what, err)
		}
		change()
		return g.client.Update(t.Context(), old)
	}
	if err := update("label", func() { old.Labels = map[string]string{"a": "b"} }); err != nil {
		t.Errorf("a label on what was faulty before: got error %v, want none", err)
	}
	if err := update("worse", func() { old.Config = []byte(`{"minute":-1,"hour":-1}`) }); err == nil || !strings.Contains(err.Error(), "config.hour") || strings.Contains(err.Error(), "config.minute") {
		t.Errorf("another fault: got error %v, want one of config.hour alone", err)
	}
	if err := update("mended", func() { old.Config = []byte(`{"minute":1}`) }); err != nil {
		t.Errorf("mended: got error %v, want none", err)
	}

	g.warnings.take()

	// The certificate comes near its end: a new one is made, the old authority
	// stays, and no question fails meanwhile.
	before := authority()
	certificate := func() []byte {
		var s corev1.Secret
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "certificate"}, &s); err != nil {
			t.Fatal(err)
		}
		return s.Data[corev1.TLSCertKey]
	}
	first := certificate()
	g.now.Store(0)
	eventually(t, 2, count)
	if bytes.Equal(first, certificate()) || !bytes.HasSuffix(authority(), before) {
		t.Error("want a new certificate, and the old authority beside the new one")
	}
	check(t)
}

// TestWebhookShares: gateways share one certificate, whoever makes it.
func TestWebhookShares(t *testing.T) {
	t.Parallel()
	const ns = "webhook-shares"
	admin := kubetest.Need(t, cluster).Client(t)
	namespace(t, admin, ns)
	src, err := kube.New(kube.Options{Config: cluster.Config, Namespaces: []string{ns}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	hooks := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ns}}
	if err := admin.Create(t.Context(), hooks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Delete(context.WithoutCancel(t.Context()), hooks) })
	g := &guard{}
	var servers []*webhook.Server
	for range 3 {
		servers = append(servers, g.server(t, src, ns, nil))
	}
	eventually(t, true, func() bool {
		first := shown(servers[0].Addr())
		for _, s := range servers[1:] {
			if !bytes.Equal(first, shown(s.Addr())) {
				return false
			}
		}
		return first != nil
	})
}

// shown is the certificate that a server shows, nil for none.
func shown(address string) []byte {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := d.Dial("tcp", address)
	if err != nil {
		return nil
	}
	defer conn.Close()
	c, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	return c.ConnectionState().PeerCertificates[0].Raw
}
