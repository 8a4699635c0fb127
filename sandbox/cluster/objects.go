package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"
)

// Object is any object of a cluster.
type Object = unstructured.Unstructured

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String gives "Kind namespace/name".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// RefOf names an object.
func RefOf(o *Object) Ref {
	return Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// Means reports whether this is the name, as a file may have it, of an object that
// is called live in the cluster: a file need not say "default", and may give a
// namespace to what has none. Versions of a kind are one and the same.
func (r Ref) Means(live Ref) bool {
	if live.Namespace == "" || r.Namespace == "" && live.Namespace == metav1.NamespaceDefault {
		r.Namespace = live.Namespace
	}
	return r.group() == live.group() && r.String() == live.String()
}

func (r Ref) group() string { return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind).Group }

// Decode reads the documents of a YAML stream; lists are taken apart. where names
// the stream in errors.
func Decode(docs []byte, where string) ([]*Object, error) {
	r := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(docs)))
	var list []*Object
	for n := 1; ; n++ {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", where, err)
		}
		var m map[string]any
		raw, err := yaml.YAMLToJSON(doc)
		if err == nil {
			err = utiljson.Unmarshal(raw, &m) // whole numbers stay whole
		}
		if err != nil {
			return nil, fmt.Errorf("reading document %d of %s: %w", n, where, err)
		}
		if len(m) == 0 {
			continue
		}
		o := &Object{Object: m}
		if o.IsList() {
			if err := o.EachListItem(func(item runtime.Object) error {
				list = append(list, item.(*Object))
				return nil
			}); err != nil {
				return nil, fmt.Errorf("reading document %d of %s: %w", n, where, err)
			}
			continue
		}
		if o.GetKind() == "" || o.GetName() == "" || o.GetAPIVersion() == "" {
			return nil, fmt.Errorf("reading document %d of %s: it has no apiVersion, kind or metadata.name", n, where)
		}
		list = append(list, o)
	}
}

// resource finds where an object lives. An object of a kind that has no
// namespaces loses its own; one without goes to "default".
func (c *Conn) resource(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, string, error) {
	m, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset() // the kind may have come just now
		m, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return nil, "", fmt.Errorf("finding the kind %s of %s: %w", gvk.Kind, gvk.GroupVersion(), err)
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return c.Dynamic.Resource(m.Resource), "", nil
	}
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.Dynamic.Resource(m.Resource).Namespace(namespace), namespace, nil
}

func (c *Conn) of(o *Object) (dynamic.ResourceInterface, error) {
	r, ns, err := c.resource(o.GroupVersionKind(), o.GetNamespace())
	if err == nil {
		o.SetNamespace(ns)
	}
	return r, err
}

// Get reads an object; ok is false when it is not there, or its kind is not.
func (c *Conn) Get(ctx context.Context, ref Ref) (o *Object, ok bool, err error) {
	r, _, err := c.resource(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), ref.Namespace)
	if meta.IsNoMatchError(errors.Unwrap(err)) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	o, err = r.Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", ref, err)
	}
	return o, true, nil
}

// Put makes the object as it is written, created or replaced, and returns it as
// it lives; changed says that it was not so before.
func (c *Conn) Put(ctx context.Context, want *Object) (live *Object, changed bool, err error) {
	want = want.DeepCopy()
	r, err := c.of(want)
	if err != nil {
		return nil, false, err
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		live, changed, err = put(ctx, r, want)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("putting %s: %w", RefOf(want), err)
	}
	return live, changed, nil
}

func put(ctx context.Context, r dynamic.ResourceInterface, want *Object) (*Object, bool, error) {
	old, err := r.Get(ctx, want.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		live, err := r.Create(ctx, want, metav1.CreateOptions{FieldManager: Manager})
		return live, true, err
	}
	if err != nil {
		return nil, false, err
	}
	next := want.DeepCopy()
	next.SetResourceVersion(old.GetResourceVersion())
	keep(next, old)
	live, err := r.Update(ctx, next, metav1.UpdateOptions{FieldManager: Manager})
	if err != nil {
		return nil, false, err
	}
	return live, live.GetResourceVersion() != old.GetResourceVersion(), nil
}

// keep copies what the API server gave an object and does not let go.
func keep(next, old *Object) {
	if next.GetKind() == "Namespace" {
		next.SetLabels(merged(old.GetLabels(), next.GetLabels()))
		next.SetAnnotations(merged(old.GetAnnotations(), next.GetAnnotations()))
		if spec, ok := old.Object["spec"]; ok {
			next.Object["spec"] = spec
		}
	}
	if next.GetKind() == "Service" && next.GroupVersionKind().Group == "" {
		for _, field := range []string{"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} {
			if v, ok, _ := unstructured.NestedFieldNoCopy(old.Object, "spec", field); ok {
				_ = unstructured.SetNestedField(next.Object, v, "spec", field)
			}
		}
	}
}

func merged(old, next map[string]string) map[string]string {
	if old == nil {
		return next
	}
	maps.Copy(old, next)
	return old
}

// Apply applies the object by server-side apply, and takes fields over that
// others own. What they added beside stays.
func (c *Conn) Apply(ctx context.Context, want *Object) (live *Object, changed bool, err error) {
	want = want.DeepCopy()
	r, err := c.of(want)
	if err != nil {
		return nil, false, err
	}
	want.SetManagedFields(nil)
	old, err := r.Get(ctx, want.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, false, fmt.Errorf("reading %s: %w", RefOf(want), err)
	}
	live, err = r.Apply(ctx, want.GetName(), want, metav1.ApplyOptions{FieldManager: Manager, Force: true})
	if err != nil {
		return nil, false, fmt.Errorf("applying %s: %w", RefOf(want), err)
	}
	return live, old == nil || old.GetResourceVersion() != live.GetResourceVersion(), nil
}

// Delete removes an object, and what hangs on it, in the background; gone says
// that it was not there.
func (c *Conn) Delete(ctx context.Context, ref Ref) (gone bool, err error) {
	r, _, err := c.resource(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), ref.Namespace)
	if meta.IsNoMatchError(errors.Unwrap(err)) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	policy := metav1.DeletePropagationBackground
	err = r.Delete(ctx, ref.Name, metav1.DeleteOptions{PropagationPolicy: &policy})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("deleting %s: %w", ref, err)
	}
	return false, nil
}

// List lists the objects of a kind in a namespace, "" for all; none where there
// is no such kind.
func (c *Conn) List(ctx context.Context, apiVersion, kind, namespace string) ([]*Object, error) {
	gvk := schema.FromAPIVersionAndKind(apiVersion, kind)
	m, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding the kind %s: %w", kind, err)
	}
	got, err := c.Dynamic.Resource(m.Resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind, err)
	}
	list := make([]*Object, 0, len(got.Items))
	for i := range got.Items {
		list = append(list, &got.Items[i])
	}
	return list, nil
}

// Bare returns a copy of a live object without what the API server wrote into it,
// so that Put makes it anew.
func Bare(live *Object) *Object {
	o := live.DeepCopy()
	delete(o.Object, "status")
	m, _ := o.Object["metadata"].(map[string]any)
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink", "ownerReferences"} {
		delete(m, field)
	}
	annotations := o.GetAnnotations()
	for _, a := range []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"} {
		delete(annotations, a)
	}
	o.SetAnnotations(annotations)
	if o.GetKind() == "Service" {
		for _, field := range []string{"clusterIP", "clusterIPs"} {
			unstructured.RemoveNestedField(o.Object, "spec", field)
		}
	}
	return o
}

// Same reports whether two objects say the same, as Bare sees them.
func Same(a, b *Object) bool { return reflect.DeepEqual(Bare(a).Object, Bare(b).Object) }

// Encode writes objects as a YAML stream.
func Encode(list []*Object) ([]byte, error) {
	var out bytes.Buffer
	for _, o := range list {
		raw, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", RefOf(o), err)
		}
		out.WriteString("---\n")
		out.Write(raw)
	}
	return out.Bytes(), nil
}

// Covers reports whether a live object has every value that want has; what it has
// beside does not matter.
func Covers(live, want *Object) bool { return covers(live.Object, want.Object) }

func covers(live, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range w {
			if !covers(l[k], v) {
				return false
			}
		}
		return true
	case []any:
		l, ok := live.([]any)
		if !ok || len(l) != len(w) {
			return false
		}
		for i := range w {
			if !covers(l[i], w[i]) {
				return false
			}
		}
		return true
	case int64, float64, int:
		return fmt.Sprint(live) == fmt.Sprint(want)
	}
	return reflect.DeepEqual(live, want)
}
