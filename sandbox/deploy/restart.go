package deploy

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gwctl/gwctl/sandbox/cluster"
)

// restart lets a Deployment's pods be made anew, one after the other, as kubectl
// rollout restart does.
func restart(ctx context.Context, conn *cluster.Conn, namespace, name string) error {
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, time.Now().Format(time.RFC3339))
	_, err := conn.Typed.AppsV1().Deployments(namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: cluster.Manager})
	if err != nil {
		return fmt.Errorf("restarting Deployment %s/%s: %w", namespace, name, err)
	}
	return nil
}

// RestartEcho lets the echo backends' pods be made anew, of an image that has
// been loaded since. Those of Deployments go only when others have come.
func (in *Inside) RestartEcho(ctx context.Context) error {
	list, err := in.Conn.Typed.AppsV1().Deployments(DemoNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the Deployments of %s: %w", DemoNamespace, err)
	}
	var replaced []labels.Selector
	for i := range list.Items {
		d := &list.Items[i]
		if !echoes(d.Spec.Template.Spec) {
			continue
		}
		if err := restart(ctx, in.Conn, DemoNamespace, d.Name); err != nil {
			return err
		}
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err != nil {
			return fmt.Errorf("reading the selector of Deployment %s/%s: %w", DemoNamespace, d.Name, err)
		}
		replaced = append(replaced, selector)
	}
	pods, err := in.Conn.Pods(ctx, DemoNamespace, "")
	if err != nil {
		return err
	}
	for _, p := range pods {
		if !echoes(p.Spec) || slices.ContainsFunc(replaced, func(s labels.Selector) bool { return s.Matches(labels.Set(p.Labels)) }) {
			continue
		}
		if err := in.Conn.Typed.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("restarting the echo backend %s: %w", p.Name, err)
		}
	}
	return nil
}

// echoes reports whether pods like this are echo backends.
func echoes(s corev1.PodSpec) bool {
	return len(s.Containers) > 0 && s.Containers[0].Image == EchoImage
}
