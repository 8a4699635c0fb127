package manifests_test

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/gatewayd/source/kube/report"
	"github.com/gwctl/gwctl/gatewayd/source/kube/webhook"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// rights runs a gateway's Kubernetes side as the chart's service account.
func rights(t *testing.T, admin client.Client) {
	t.Helper()
	cfg := rest.CopyConfig(cluster.Config)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:gwctl-system:gwctl-gatewayd",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:gwctl-system", "system:authenticated"},
	}
	src, err := kube.New(kube.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	plugin := &api.KongPlugin{
		TypeMeta:   metav1.TypeMeta{APIVersion: "configuration.konghq.com/v1", Kind: "KongPlugin"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}, PluginSpec: api.PluginSpec{PluginName: "key-auth", ConsumerRef: "x"},
	}
	everywhere := &api.KongClusterPlugin{ObjectMeta: metav1.ObjectMeta{Name: "p"}, PluginSpec: api.PluginSpec{PluginName: "key-auth"}}
	for _, o := range []client.Object{plugin, everywhere} {
		if err := admin.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = admin.Delete(context.WithoutCancel(t.Context()), o) })
	}
	problems := make(chan error, 64)
	r := report.New(report.Options{
		Client: src.Client(), Class: "kong", Publish: client.ObjectKey{Namespace: "gwctl-system", Name: "gwctl-gatewayd-proxy"}, Log: failing(problems),
	})
	hook, err := webhook.New(webhook.Options{
		Listen: "127.0.0.1:0", Client: src.Client(), Service: client.ObjectKey{Namespace: "gwctl-system", Name: "gwctl-gatewayd-webhook"},
		Secret: client.ObjectKey{Namespace: "gwctl-system", Name: "gwctl-gatewayd-webhook"}, Configuration: "gwctl-system-gwctl-gatewayd", Log: failing(problems),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() {
		ended <- src.Run(ctx, func(set source.Set) {
			c := translate.Translate(set, translate.Options{Kinds: plugins.All()})
			r.Report(report.Result{Set: set, Config: c, Problems: c.Problems})
		})
	}()
	go func() {
		ended <- report.Lead(ctx, report.LeadOptions{
			Config: cfg, Lease: client.ObjectKey{Namespace: "gwctl-system", Name: "gwctl-gatewayd"}, Identity: "gw-1", Log: failing(problems),
		}, r.Run)
	}()
	go func() { ended <- hook.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	limit := time.After(time.Minute)
	for {
		select {
		case err := <-problems:
			t.Fatal(err)
		case <-limit:
			t.Fatal("no condition within a minute")
		case <-time.After(100 * time.Millisecond):
		}
		var secret corev1.Secret
		for _, o := range []client.Object{plugin, everywhere} {
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
				t.Fatal(err)
			}
		}
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: "gwctl-system", Name: "gwctl-gatewayd-webhook"}, &secret); err != nil {
			t.Fatal(err)
		}
		if len(plugin.Status.Conditions) > 0 && len(everywhere.Status.Conditions) > 0 && len(secret.Data) > 0 {
			break
		}
	}
	for what, try := range map[string]func() error{
		"changing a plugin": func() error {
			p := plugin.DeepCopy()
			p.Labels = map[string]string{"a": "b"}
			return src.Client().Update(t.Context(), p)
		},
		"making a Secret": func() error {
			return src.Client().Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "gwctl-system", Name: "mine"}})
		},
		"reading ConfigMaps": func() error { return src.Client().List(t.Context(), &corev1.ConfigMapList{}) },
		"deleting a Service": func() error {
			return src.Client().Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "gwctl-system", Name: "gwctl-gatewayd-proxy"}})
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("%s: got error %v, want that it is forbidden", what, err)
		}
	}
}
