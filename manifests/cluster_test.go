package manifests_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
)

var cluster *kubetest.Cluster

func TestMain(m *testing.M) {
	kubetest.Main(m, func(c *kubetest.Cluster) { cluster = c })
}

// restricted is a namespace that takes what fits the restricted pod security
// standard alone.
func restricted(t *testing.T, cl client.Client, name string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
	}}}
	if err := client.IgnoreAlreadyExists(cl.Create(t.Context(), ns)); err != nil {
		t.Fatal(err)
	}
}

// rendered gives the objects of the chart.
func rendered(t *testing.T, sets ...string) []*unstructured.Unstructured {
	t.Helper()
	files, err := render(t, load(t), sets)
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
		for {
			u := &unstructured.Unstructured{}
			err := d.Decode(&u.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(u.Object) > 0 {
				out = append(out, u)
			}
		}
	}
	return out
}

// TestServerTakesChart: an API server takes every object of the chart, strictly, and
// pods of the Deployment under the restricted standard.
func TestServerTakesChart(t *testing.T) {
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	restricted(t, cl, "gwctl-system")
	for _, ns := range []string{"shop", "blog"} {
		if err := client.IgnoreAlreadyExists(cl.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}})); err != nil {
			t.Fatal(err)
		}
	}
	for name, sets := range map[string][]string{
		"default": nil,
		"article": article(),
		"all": {
			"gateway.replicaCount=3", "gateway.proxy.type=NodePort", "gateway.proxy.http.nodePort=30080", "gateway.autoscaling.enabled=true",
			"networkPolicy.enabled=true", "watchNamespaces={shop,blog}", "webhook.failurePolicy=Fail", "ingressClass.default=true",
		},
		"dbless": {`dblessConfig.config=_format_version: "3.0"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := rendered(t, sets...)
			for _, u := range objects {
				err := cl.Create(t.Context(), u.DeepCopy(), client.DryRunAll, client.FieldValidation("Strict"))
				if err != nil {
					t.Errorf("%s %s: %v", u.GetKind(), u.GetName(), err)
				}
			}
			if pod(t, cl, objects) == 0 {
				t.Error("the chart has no Deployment")
			}
		})
	}
}

// pod asks for a pod of every Deployment, and returns how many there are.
func pod(t *testing.T, cl client.Client, objects []*unstructured.Unstructured) int {
	t.Helper()
	n := 0
	for _, u := range objects {
		if u.GetKind() != "Deployment" {
			continue
		}
		n++
		var d appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &d); err != nil {
			t.Fatal(err)
		}
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name}, Spec: d.Spec.Template.Spec}
		p.Spec.ServiceAccountName = "" // there is no account in a dry run
		p.Spec.AutomountServiceAccountToken = new(bool)
		if err := cl.Create(t.Context(), p, client.DryRunAll); err != nil {
			t.Errorf("a pod of %s under the restricted standard: %v", d.Name, err)
		}
	}
	return n
}

// TestRightsAreEnough: what gatewayd asks for is what the chart gives it, and what
// it must not do is refused. It makes the objects that the test above asks for, so it
// does not run beside it.
func TestRightsAreEnough(t *testing.T) {
	cl := kubetest.Need(t, cluster).Client(t)
	restricted(t, cl, "gwctl-system")
	for _, u := range rendered(t) {
		if !slices.Contains([]string{"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount", "Service", "Secret", "Lease", "ValidatingWebhookConfiguration"}, u.GetKind()) {
			continue
		}
		if u.GetKind() == "ValidatingWebhookConfiguration" {
			_ = unstructured.SetNestedSlice(u.Object, nil, "webhooks") // nothing answers here
		}
		if err := client.IgnoreAlreadyExists(cl.Create(t.Context(), u)); err != nil {
			t.Fatalf("%s %s: %v", u.GetKind(), u.GetName(), err)
		}
		t.Cleanup(func() { _ = cl.Delete(context.WithoutCancel(t.Context()), u) })
	}
	rights(t, cl)
}
