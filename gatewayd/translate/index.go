package translate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// name is a namespace and a name.
type name struct{ namespace, name string }

// String gives "namespace/name".
func (n name) String() string { return n.namespace + "/" + n.name }

// index finds the objects of a set by name.
type index struct {
	services       map[name]source.Item[*corev1.Service]
	secrets        map[name]source.Item[*corev1.Secret]
	plugins        map[name]source.Item[*api.KongPlugin]
	clusterPlugins map[name]source.Item[*api.KongClusterPlugin]
	endpoints      map[name]source.Item[*corev1.Endpoints] //nolint:staticcheck // deprecated, still written
	// slices are those of a Service, by its name, sorted by their own.
	slices map[name][]source.Item[*discoveryv1.EndpointSlice]
}

func newIndex(set source.Set) index {
	x := index{
		services:       byName(set.Services),
		secrets:        byName(set.Secrets),
		plugins:        byName(set.Plugins),
		clusterPlugins: byName(set.ClusterPlugins),
		endpoints:      byName(set.Endpoints),
		slices:         map[name][]source.Item[*discoveryv1.EndpointSlice]{},
	}
	for _, s := range ordered(set.EndpointSlices) {
		if svc := s.Object.Labels[discoveryv1.LabelServiceName]; svc != "" {
			key := name{s.Object.Namespace, svc}
			x.slices[key] = append(x.slices[key], s)
		}
	}
	return x
}

func byName[T api.Resource](items []source.Item[T]) map[name]source.Item[T] {
	m := make(map[name]source.Item[T], len(items))
	for _, i := range items {
		m[name{i.Object.GetNamespace(), i.Object.GetName()}] = i
	}
	return m
}

// ordered gives the items oldest first, as the controller takes them
// (internal/dataplane/translator/translate_ingress.go); those of one age, and
// files have none, by name. The set's own list stays as it is.
func ordered[T api.Resource](items []source.Item[T]) []source.Item[T] {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b source.Item[T]) int {
		return cmp.Or(
			a.Object.GetCreationTimestamp().Time.Compare(b.Object.GetCreationTimestamp().Time),
			cmp.Compare(a.Object.GetNamespace(), b.Object.GetNamespace()),
			cmp.Compare(a.Object.GetName(), b.Object.GetName()),
		)
	})
	return items
}

// secretValue finds one value of a Secret; the reason says why there is none.
func (x index) secretValue(namespace, secret, key string) (value []byte, reason string) {
	where := name{namespace, secret}
	s, ok := x.secrets[where]
	switch {
	case secret == "" || key == "":
		return nil, "must name a Secret and a key in it"
	case !ok:
		return nil, "names Secret " + where.String() + ", which does not exist; create it or correct the name"
	case s.Origin.Broken != "":
		return nil, "names Secret " + where.String() + ", which could not be read; mend it"
	}
	value, ok = s.Object.Data[key]
	if !ok {
		return nil, "names the key " + key + " of Secret " + where.String() + ", which has no such key"
	}
	return value, ""
}

// jsonValue reads JSON or YAML into JSON. It never says what is in raw.
func jsonValue(raw []byte) ([]byte, bool) {
	out, err := yaml.YAMLToJSONStrict(raw)
	return out, err == nil
}
