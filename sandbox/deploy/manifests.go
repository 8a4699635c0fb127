package deploy

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// demo reads the demo's objects as they are here.
func (in *Inside) demo() ([]*cluster.Object, error) {
	list, err := Demo()
	return in.localize(list), err
}

// localize names the echo backend's image and the ingress class as they are called
// here.
func (in *Inside) localize(list []*cluster.Object) []*cluster.Object {
	if in.Class != "" && in.Class != DemoClass {
		for _, o := range list {
			reclass(o, in.Class)
		}
	}
	return in.reimage(list)
}

// classAnnotation says whose an object of Kong's group, or an old Ingress, is.
const classAnnotation = "kubernetes.io/ingress.class"

func reclass(o *cluster.Object, class string) {
	if a := o.GetAnnotations(); a[classAnnotation] == DemoClass {
		a[classAnnotation] = class
		o.SetAnnotations(a)
	}
	if is, _, _ := unstructured.NestedString(o.Object, "spec", "ingressClassName"); o.GetKind() == "Ingress" && is == DemoClass {
		_ = unstructured.SetNestedField(o.Object, class, "spec", "ingressClassName")
	}
}

// reimage names the echo backend's image as it is called here.
func (in *Inside) reimage(list []*cluster.Object) []*cluster.Object {
	if in.Echo == "" {
		return list
	}
	for _, o := range list {
		containers, ok, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if !ok {
			continue
		}
		for _, c := range containers {
			if m, ok := c.(map[string]any); ok && m["image"] == EchoImage {
				m["image"] = in.Echo
			}
		}
		_ = unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers")
	}
	return list
}

// Demo makes sure that the demo is there: objects that are missing are made, those
// that are there stay as they are, for they may have been edited.
func (in *Inside) Demo(ctx context.Context, t *step.Task) error {
	list, err := in.demo()
	if err != nil {
		return err
	}
	var (
		c       Change
		missing []*cluster.Object
	)
	for _, o := range Order(list) {
		live, there, err := in.Conn.Get(ctx, cluster.RefOf(o))
		if err != nil {
			return err
		}
		if there && live.GetDeletionTimestamp() != nil {
			if err := in.Conn.Gone(ctx, cluster.RefOf(o)); err != nil {
				return err
			}
			there = false
		}
		if there {
			c.add(live, false)
		} else {
			missing = append(missing, o)
		}
	}
	if err := in.making(Refs(missing)); err != nil {
		return err
	}
	for _, o := range missing {
		live, _, err := in.Conn.Put(ctx, o)
		if err != nil {
			return err
		}
		c.add(live, true)
	}
	t.Say("the demo, in namespace %s", DemoNamespace)
	if len(missing) > 0 {
		t.Say("the demo, %d objects made in namespace %s", len(missing), DemoNamespace)
	}
	if in.NoWait {
		return nil
	}
	return Settle(ctx, in.Conn, c)
}

// Own applies manifests of the user's own, removes what was among them before
// and is not now, and gives what is there now, as it is called in the cluster.
// Beside an error that is what was there before, too.
func (in *Inside) Own(ctx context.Context, t *step.Task, path string, before []cluster.Ref) ([]cluster.Ref, error) {
	list, err := ReadPath(path)
	if err != nil {
		return before, hint.New("NO_MANIFESTS", hint.Preflight, "the manifests cannot be read",
			"give --manifests a directory or file of YAML documents with apiVersion, kind and metadata.name").Because(err)
	}
	if err := in.making(Refs(list)); err != nil {
		return before, err
	}
	c, err := write(ctx, in.reimage(list), in.Conn.Apply)
	now := Refs(c.Live)
	if err == nil && !in.NoWait {
		err = Settle(ctx, in.Conn, c)
	}
	if err != nil {
		return append(without(before, now), now...), err
	}
	gone, err := Prune(ctx, in.Conn, before, now)
	if err != nil {
		return append(without(before, now), now...), err
	}
	t.Say("yours, %d objects of %s, %d changed, %d removed", len(list), path, len(c.Changed), len(gone))
	if in.NoWait {
		return now, nil
	}
	return now, Served(ctx, in.Conn, c.Live, gone)
}

// Pristine reports whether the demo is there as it came, and nothing beside.
func (in *Inside) Pristine(ctx context.Context) (bool, error) {
	list, err := in.demo()
	if err != nil {
		return false, err
	}
	known := map[string]bool{}
	for _, o := range list {
		live, there, err := in.Conn.Get(ctx, cluster.RefOf(o))
		if err != nil {
			return false, err
		}
		if !there || !cluster.Covers(live, withoutStringData(o)) {
			return false, nil
		}
		known[cluster.RefOf(o).String()] = true
	}
	edited, err := Edited(ctx, in.Conn)
	for _, o := range edited {
		if !known[cluster.RefOf(o).String()] {
			return false, err
		}
	}
	return true, err
}

// withoutStringData leaves out what an API server takes and never gives.
func withoutStringData(o *cluster.Object) *cluster.Object {
	if o.GetKind() != "Secret" {
		return o
	}
	o = o.DeepCopy()
	delete(o.Object, "stringData")
	return o
}

// Restore makes the demo as it came, and tells what was changed for it.
func (in *Inside) Restore(ctx context.Context) ([]string, error) {
	list, err := in.demo()
	if err != nil {
		return nil, err
	}
	c, err := Replace(ctx, in.Conn, list)
	return c.Names(), err
}

// Save gives the user's objects as documents.
func (in *Inside) Save(ctx context.Context) ([]byte, error) {
	list, err := Edited(ctx, in.Conn)
	if err != nil {
		return nil, err
	}
	for i, o := range list {
		list[i] = cluster.Bare(o)
	}
	return cluster.Encode(list)
}

// ReplaceDocs makes the demo's namespace hold exactly these documents.
func (in *Inside) ReplaceDocs(ctx context.Context, docs []byte) error {
	list, err := cluster.Decode(docs, "the objects")
	if err != nil {
		return err
	}
	_, err = Replace(ctx, in.Conn, withNamespaces(in.localize(list)))
	return err
}

// ApplyDocs makes the objects of these documents as they are written, and leaves
// the others.
func (in *Inside) ApplyDocs(ctx context.Context, docs []byte) error {
	list, err := cluster.Decode(docs, "the objects")
	if err != nil {
		return err
	}
	_, err = Put(ctx, in.Conn, in.localize(list))
	return err
}

// withNamespaces adds the demo's namespace where it is not among the objects.
func withNamespaces(list []*cluster.Object) []*cluster.Object {
	for _, o := range list {
		if o.GetKind() == "Namespace" && o.GetName() == DemoNamespace {
			return list
		}
	}
	ns := &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": DemoNamespace},
	}}
	return append([]*cluster.Object{ns}, list...)
}
