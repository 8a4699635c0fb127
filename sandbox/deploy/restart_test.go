package deploy

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes/fake"

	"github.com/gwctl/gwctl/sandbox/cluster"
)

// TestRestartEcho: Deployments of echo backends replace their pods themselves, so
// that some pod answers all the while; only pods of nobody are deleted.
func TestRestartEcho(t *testing.T) {
	t.Parallel()
	spec := func(image string) corev1.PodSpec {
		return corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: image}}}
	}
	meta := func(name, app string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: DemoNamespace, Labels: map[string]string{"app": app}}
	}
	deployment := func(name, image string) *appsv1.Deployment {
		return &appsv1.Deployment{ObjectMeta: meta(name, name), Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}, Template: corev1.PodTemplateSpec{Spec: spec(image)},
		}}
	}
	pod := func(name, app, image string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: meta(name, app), Spec: spec(image)}
	}
	in := &Inside{Conn: &cluster.Conn{Typed: clientset.NewClientset(
		deployment("echo-1", EchoImage), deployment("other", "nginx:alpine"),
		pod("echo-1-a", "echo-1", EchoImage), pod("alone", "alone", EchoImage), pod("other-a", "other", "nginx:alpine"),
	)}}
	if err := in.RestartEcho(t.Context()); err != nil {
		t.Fatal(err)
	}
	deployments, err := in.Conn.Typed.AppsV1().Deployments(DemoNamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var restarted []string
	for _, d := range deployments.Items {
		if d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] != "" {
			restarted = append(restarted, d.Name)
		}
	}
	if diff := cmp.Diff([]string{"echo-1"}, restarted); diff != "" {
		t.Errorf("restarted Deployments differ (-want +got):\n%s", diff)
	}
	pods, err := in.Conn.Pods(t.Context(), DemoNamespace, "")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, p := range pods {
		left = append(left, p.Name)
	}
	slices.Sort(left)
	if diff := cmp.Diff([]string{"echo-1-a", "other-a"}, left); diff != "" {
		t.Errorf("pods that are left differ (-want +got):\n%s", diff)
	}
}
