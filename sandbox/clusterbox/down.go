package clusterbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/private"
)

// Left tells what Down has left in the cluster, and why.
func (b *Box) Left() []string { return b.left }

// Down removes what Up made, and reports whether there was something.
func (b *Box) Down(ctx context.Context) (bool, error) {
	if b.opts.Forget {
		return true, b.forget(ctx)
	}
	s, err := b.readState()
	if err != nil {
		return true, err
	}
	if s == nil {
		return false, b.stopForward(ctx)
	}
	b.state = s
	if b.conn == nil {
		if err := b.connect(ctx); err != nil {
			return true, err
		}
	}
	if err := b.stopForward(ctx); err != nil {
		return true, err
	}
	if err := b.remove(ctx); err != nil {
		return true, err
	}
	if err := private.Remove(b.path(stateFile)); err != nil {
		return true, fmt.Errorf("forgetting the cluster: %w", err)
	}
	return true, nil
}

// forget removes what is on this machine, and tells what stays in the cluster.
func (b *Box) forget(ctx context.Context) error {
	s, err := b.readState()
	if err != nil {
		s = &state{}
	}
	if err := b.stopForward(ctx); err != nil || s == nil {
		return err
	}
	if err := private.Remove(b.path(stateFile)); err != nil {
		return fmt.Errorf("forgetting the cluster: %w", err)
	}
	b.left = append(b.left, "what is in the cluster stays there; if it is not gone for good, remove it by hand:\n"+s.byHand())
	return nil
}

// byHand gives the commands that remove a sandbox of which nothing is remembered
// any more. CRDs stay: others may have objects of their kinds by then.
func (s *state) byHand() string {
	where := ""
	if s.Kubeconfig != "" {
		where = " --kubeconfig " + s.Kubeconfig
	}
	helm, kubectl := "helm"+where, "kubectl"+where
	if s.Context != "" {
		helm, kubectl = helm+" --kube-context "+s.Context, kubectl+" --context "+s.Context
	}
	namespaces := []string{deploy.Namespace}
	for _, ref := range s.Made {
		if ref.Kind == "Namespace" && !slices.Contains(namespaces, ref.Name) {
			namespaces = append(namespaces, ref.Name)
		}
	}
	return fmt.Sprintf("%s -n %s uninstall %s\n%s delete namespace %s", helm, deploy.Namespace, deploy.Release, kubectl, strings.Join(namespaces, " "))
}

// hurry lets the pods of the gateway's or the demo's namespace, which is going, end
// at once, for nobody is served any more: a namespace in which one is still ending
// when it is looked at, five seconds later, is looked at again only after half of
// that pod's grace period. Where that is not allowed, it takes longer.
func (b *Box) hurry(ctx context.Context, ref cluster.Ref) {
	if ref.Kind != "Namespace" || ref.Name != deploy.Namespace && ref.Name != deploy.DemoNamespace {
		return
	}
	grace := int64(1)
	_ = b.conn.Typed.CoreV1().Pods(ref.Name).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, metav1.ListOptions{})
}

// remove removes the release, then the objects, the last first; namespaces and
// CRDs when all else has gone.
func (b *Box) remove(ctx context.Context) error {
	isCRD := func(r cluster.Ref) bool { return r.Kind == "CustomResourceDefinition" }
	var crds, objects []cluster.Ref
	for _, ref := range slices.Backward(b.state.Made) {
		if isCRD(ref) {
			crds = append(crds, ref)
		} else {
			objects = append(objects, ref)
		}
	}
	for _, ref := range objects {
		if ref.Kind == "Namespace" {
			continue
		}
		if _, err := b.conn.Delete(ctx, ref); err != nil {
			return err
		}
	}
	helm, err := deploy.NewHelm(b.conn, func(string, ...any) {})
	if err != nil {
		return err
	}
	if _, err := helm.Uninstall(); err != nil {
		return err
	}
	for _, ref := range objects {
		if _, err := b.conn.Delete(ctx, ref); err != nil {
			return err
		}
		b.hurry(ctx, ref)
	}
	for _, ref := range objects {
		if err := b.conn.Gone(ctx, ref); err != nil {
			return err
		}
	}
	stay, err := deploy.RemoveCRDs(ctx, b.conn, crds)
	for _, name := range slices.Sorted(maps.Keys(stay)) {
		b.left = append(b.left, strings.TrimSpace("CustomResourceDefinition "+name+" stays: "+stay[name]))
	}
	return err
}
