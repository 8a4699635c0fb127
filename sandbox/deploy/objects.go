package deploy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/manifests"
	"github.com/gwctl/gwctl/sandbox/cluster"
)

// DemoNamespace is the demo's: what stands in it is the user's to edit, and is
// what Save, Replace and Restore are about.
const DemoNamespace = "api-gateway-demo"

// Demo reads the demo's objects.
func Demo() ([]*cluster.Object, error) {
	var list []*cluster.Object
	files, err := fs.Glob(manifests.Demo(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the demo: %w", err)
	}
	for _, f := range files {
		raw, err := fs.ReadFile(manifests.Demo(), f)
		if err != nil {
			return nil, fmt.Errorf("reading the demo: %w", err)
		}
		docs, err := cluster.Decode(raw, f)
		if err != nil {
			return nil, err
		}
		list = append(list, docs...)
	}
	return list, nil
}

// ReadPath reads the objects of a file, or of the YAML and JSON files below a
// directory in the order of their names. Files whose name begins with "." or ends
// with "~" are passed over, as a gateway does.
func ReadPath(path string) ([]*cluster.Object, error) {
	var list []*cluster.Object
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := p != path && (strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), "~"))
		if d.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if hidden || p != path && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(p)) {
			return nil
		}
		raw, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		docs, err := cluster.Decode(raw, p)
		list = append(list, docs...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the manifests: %w", err)
	}
	return list, nil
}

// kind is one whose objects in the demo's namespace are the user's to edit.
type kind struct{ apiVersion, kind string }

func editable() []kind {
	return []kind{
		{"v1", "ConfigMap"},
		{"v1", "Secret"},
		{"v1", "Service"},
		{"apps/v1", "Deployment"},
		{"configuration.konghq.com/v1", "KongPlugin"},
		{"configuration.konghq.com/v1", "KongConsumer"},
		{"configuration.konghq.com/v1beta1", "KongConsumerGroup"},
		{"configuration.konghq.com/v1beta1", "KongUpstreamPolicy"},
		{"configuration.konghq.com/v1", "KongIngress"},
		{"networking.k8s.io/v1", "Ingress"},
	}
}

// Edited lists the objects of the demo's namespace that are the user's to edit,
// as they live.
func Edited(ctx context.Context, conn *cluster.Conn) ([]*cluster.Object, error) {
	var list []*cluster.Object
	for _, k := range editable() {
		got, err := conn.List(ctx, k.apiVersion, k.kind, DemoNamespace)
		if err != nil {
			return nil, err
		}
		for _, o := range got {
			// What the cluster itself put there is not the user's.
			if o.GetName() != "kube-root-ca.crt" && len(o.GetOwnerReferences()) == 0 && o.GetDeletionTimestamp() == nil && !serviceAccountToken(o) {
				list = append(list, o)
			}
		}
	}
	return list, nil
}

func serviceAccountToken(o *cluster.Object) bool {
	t, _ := o.Object["type"].(string)
	return t == "kubernetes.io/service-account-token"
}

// weight is the order in which kinds are made: what others need first.
func weight(o *cluster.Object) int {
	switch o.GetKind() {
	case "Namespace":
		return 0
	case "CustomResourceDefinition":
		return 1
	case "ConfigMap", "Secret", "ServiceAccount":
		return 2
	case "Ingress":
		return 4
	}
	return 3
}

// Order sorts objects so that each comes after what it needs.
func Order(list []*cluster.Object) []*cluster.Object {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *cluster.Object) int { return weight(a) - weight(b) })
	return list
}

// Change is what writing objects did.
type Change struct {
	// Live are the objects as they live now; Changed those of them that were
	// made or changed; Gone those that were removed.
	Live, Changed []*cluster.Object
	Gone          []cluster.Ref
}

// Names lists what was changed or removed, sorted.
func (c Change) Names() []string {
	var list []string
	for _, o := range c.Changed {
		list = append(list, cluster.RefOf(o).String())
	}
	for _, r := range c.Gone {
		list = append(list, r.String())
	}
	slices.Sort(list)
	return list
}

// Replace makes the demo's namespace hold exactly these objects, each as it is
// written, and returns once the gateways serve them and their Deployments are
// there.
func Replace(ctx context.Context, conn *cluster.Conn, want []*cluster.Object) (Change, error) {
	c, err := write(ctx, want, conn.Put)
	if err != nil {
		return c, err
	}
	there := map[string]bool{}
	for _, o := range c.Live {
		there[cluster.RefOf(o).String()] = true
	}
	edited, err := Edited(ctx, conn)
	if err != nil {
		return c, err
	}
	for _, o := range edited {
		if ref := cluster.RefOf(o); !there[ref.String()] {
			if _, err := conn.Delete(ctx, ref); err != nil {
				return c, err
			}
			c.Gone = append(c.Gone, ref)
		}
	}
	return c, Settle(ctx, conn, c)
}

// Put makes these objects as they are written, wholly, leaves the others, and
// returns once the gateways serve them.
func Put(ctx context.Context, conn *cluster.Conn, want []*cluster.Object) (Change, error) {
	c, err := write(ctx, want, conn.Put)
	if err != nil {
		return c, err
	}
	return c, Settle(ctx, conn, c)
}

// write writes objects one by one, what others need first.
func write(ctx context.Context, want []*cluster.Object, one func(context.Context, *cluster.Object) (*cluster.Object, bool, error)) (Change, error) {
	var c Change
	for _, o := range Order(want) {
		live, changed, err := one(ctx, o)
		if err != nil {
			return c, err
		}
		c.add(live, changed)
	}
	return c, nil
}

func (c *Change) add(live *cluster.Object, changed bool) {
	c.Live = append(c.Live, live)
	if changed {
		c.Changed = append(c.Changed, live)
	}
}

// Settle waits until what was changed has come: Deployments are available, and
// the gateways serve the objects.
func Settle(ctx context.Context, conn *cluster.Conn, c Change) error {
	for _, o := range c.Live {
		if o.GetKind() == "Deployment" {
			if err := conn.Available(ctx, o.GetNamespace(), o.GetName()); err != nil {
				return err
			}
		}
	}
	return Served(ctx, conn, c.Live, c.Gone)
}

// Prune removes objects that were there before and are not among these live ones
// any more, the last made first. Namespaces go with all that is in them.
func Prune(ctx context.Context, conn *cluster.Conn, before, now []cluster.Ref) ([]cluster.Ref, error) {
	var gone []cluster.Ref
	for _, ref := range slices.Backward(without(before, now)) {
		if _, err := conn.Delete(ctx, ref); err != nil {
			return gone, err
		}
		gone = append(gone, ref)
	}
	return gone, nil
}

// without gives the names that mean none of these live objects.
func without(list, live []cluster.Ref) []cluster.Ref {
	return slices.DeleteFunc(slices.Clone(list), func(r cluster.Ref) bool { return slices.ContainsFunc(live, r.Means) })
}

// Refs names objects.
func Refs(list []*cluster.Object) []cluster.Ref {
	refs := make([]cluster.Ref, 0, len(list))
	for _, o := range list {
		refs = append(refs, cluster.RefOf(o))
	}
	return refs
}
