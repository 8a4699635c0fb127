package deploy

import (
	"context"
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gwctl/gwctl/manifests"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// managedBy is the label that tells whose an object is.
const managedBy = "app.kubernetes.io/managed-by"

// CRDs reads the embedded CustomResourceDefinitions, marked as ours.
func CRDs() ([]*cluster.Object, error) {
	var list []*cluster.Object
	files, err := fs.Glob(manifests.CRDs(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the CRDs: %w", err)
	}
	for _, f := range files {
		raw, err := fs.ReadFile(manifests.CRDs(), f)
		if err != nil {
			return nil, fmt.Errorf("reading the CRDs: %w", err)
		}
		docs, err := cluster.Decode(raw, f)
		if err != nil {
			return nil, err
		}
		for _, o := range docs {
			labels := o.GetLabels()
			if labels == nil {
				labels = map[string]string{}
			}
			labels[managedBy] = cluster.Manager
			o.SetLabels(labels)
		}
		list = append(list, docs...)
	}
	return list, nil
}

// EnsureCRDs makes the CustomResourceDefinitions be there as they are here, and
// returns once the API server knows their kinds. making is told which are not
// there, before they are made. Those of another's stay as they are when keepOthers
// is set, and are an error otherwise.
func EnsureCRDs(ctx context.Context, conn *cluster.Conn, keepOthers bool, making func([]cluster.Ref) error) error {
	list, err := CRDs()
	if err != nil {
		return err
	}
	var missing []cluster.Ref
	var todo []*cluster.Object
	for _, o := range list {
		ref := cluster.RefOf(o)
		live, there, err := conn.Get(ctx, ref)
		switch {
		case err != nil:
			return err
		case !there:
			missing = append(missing, ref)
		case live.GetLabels()[managedBy] != cluster.Manager:
			if keepOthers {
				continue
			}
			return hint.New("FOREIGN_CRDS", hint.Preflight,
				fmt.Sprintf("the cluster has %s already, and it is not gwctl's", ref),
				"keep it as it is and install beside it: --keep-crds,\nor use a cluster of its own: gwctl up --runtime kind")
		case cluster.Covers(live, o):
			continue
		}
		todo = append(todo, o)
	}
	if len(missing) > 0 {
		if err := making(missing); err != nil {
			return err
		}
	}
	for _, o := range todo {
		if _, _, err := conn.Apply(ctx, o); err != nil {
			return err
		}
	}
	for _, o := range todo {
		if err := conn.Until(ctx, cluster.RefOf(o), established); err != nil {
			return err
		}
	}
	if len(todo) > 0 {
		conn.Forget()
	}
	return nil
}

// established reports whether the API server serves a CRD's kind.
func established(o *cluster.Object) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == "Established" && m["status"] == "True" {
			return true
		}
	}
	return false
}

// RemoveCRDs removes those of the CRDs that are ours and of whose kind no object
// is left, tells which stay and why, and returns once the others are gone: the API
// server removes a CRD some time after it was asked to.
func RemoveCRDs(ctx context.Context, conn *cluster.Conn, made []cluster.Ref) (stay map[string]string, err error) {
	stay = map[string]string{}
	var going []cluster.Ref
	for _, ref := range made {
		crd, there, err := conn.Get(ctx, ref)
		if err != nil {
			return stay, err
		}
		if !there {
			continue
		}
		if crd.GetLabels()[managedBy] != cluster.Manager {
			stay[ref.Name] = "it is another's now"
			continue
		}
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		if len(versions) == 0 {
			continue
		}
		version, _, _ := unstructured.NestedString(versions[0].(map[string]any), "name")
		left, err := conn.List(ctx, group+"/"+version, kind, "")
		if err != nil {
			return stay, err
		}
		if len(left) > 0 {
			stay[ref.Name] = fmt.Sprintf("%d of its objects are left, such as %s", len(left), cluster.RefOf(left[0]))
			continue
		}
		if _, err := conn.Delete(ctx, ref); err != nil {
			return stay, err
		}
		going = append(going, ref)
	}
	for _, ref := range going {
		if err := conn.Gone(ctx, ref); err != nil {
			return stay, err
		}
	}
	return stay, nil
}
