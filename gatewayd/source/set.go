package source

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	netv1 "k8s.io/api/networking/v1"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/api/v1beta1"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Source delivers complete sets; each takes the place of the one before.
type Source interface {
	// Run sends a set once everything has been read, and again after every
	// settled change, until ctx ends; it then returns nil. A source that cannot
	// read something sends what it can, with a Problem for the rest. send is
	// never called twice at a time.
	Run(ctx context.Context, send func(Set)) error
}

// Origin says where an object was read.
type Origin struct {
	// File is its path, "" for an API server.
	File string
	// Line is the line that it begins on, 1-based, 0 for an API server.
	Line int
	// Version is the SHA-256 of its document in hex, or its resourceVersion.
	Version string
	// Broken, when not "", says what in the object could not be read. What it
	// guards or shapes must answer 500.
	Broken string
}

// Item is one object and where it was read.
type Item[T api.Resource] struct {
	Object T
	Origin Origin
}

// Source gives the item's place as entities and problems carry it.
func (i Item[T]) Source() entity.Source {
	return entity.Source{Object: api.Name(i.Object), File: i.Origin.File, Line: i.Origin.Line}
}

// Format prints the object's name and place under every verb, and nothing that
// is in the object: that may be a secret.
func (i Item[T]) Format(f fmt.State, _ rune) {
	s := i.Source()
	_, _ = fmt.Fprintf(f, "%s (%s:%d)", s.Object, s.File, s.Line)
}

// MarshalJSON gives what Format prints, so that no log holds a secret.
func (i Item[T]) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(i)) }

// Set is everything that a source has read. Each list is sorted by namespace
// and name and holds no name twice. A Set is not written to after it was sent.
type Set struct {
	Namespaces     []Item[*corev1.Namespace]
	ConfigMaps     []Item[*corev1.ConfigMap]
	Services       []Item[*corev1.Service]
	Endpoints      []Item[*corev1.Endpoints] //nolint:staticcheck // deprecated, still written
	EndpointSlices []Item[*discoveryv1.EndpointSlice]
	Secrets        []Item[*corev1.Secret]
	Ingresses      []Item[*netv1.Ingress]
	IngressClasses []Item[*netv1.IngressClass]
	Deployments    []Item[*appsv1.Deployment]
	Plugins        []Item[*api.KongPlugin]
	ClusterPlugins []Item[*api.KongClusterPlugin]
	Consumers      []Item[*api.KongConsumer]
	// Those of Kong's kinds that nothing reads yet.
	ConsumerGroups   []Item[*v1beta1.KongConsumerGroup]
	UpstreamPolicies []Item[*v1beta1.KongUpstreamPolicy]
	KongIngresses    []Item[*api.KongIngress]
	// Problems are those of reading.
	Problems []problem.Problem
}

// Add puts an object into the set, before it is sent: call Sort when all are
// in. It reports whether the kind is one that a Set holds.
func (s *Set) Add(r api.Resource, o Origin) bool {
	switch r := r.(type) {
	case *corev1.Namespace:
		s.Namespaces = append(s.Namespaces, Item[*corev1.Namespace]{r, o})
	case *corev1.ConfigMap:
		s.ConfigMaps = append(s.ConfigMaps, Item[*corev1.ConfigMap]{r, o})
	case *corev1.Service:
		s.Services = append(s.Services, Item[*corev1.Service]{r, o})
	case *corev1.Endpoints: //nolint:staticcheck // deprecated, still written
		s.Endpoints = append(s.Endpoints, Item[*corev1.Endpoints]{r, o}) //nolint:staticcheck // as above
	case *discoveryv1.EndpointSlice:
		s.EndpointSlices = append(s.EndpointSlices, Item[*discoveryv1.EndpointSlice]{r, o})
	case *corev1.Secret:
		s.Secrets = append(s.Secrets, Item[*corev1.Secret]{r, o})
	case *netv1.Ingress:
		s.Ingresses = append(s.Ingresses, Item[*netv1.Ingress]{r, o})
	case *netv1.IngressClass:
		s.IngressClasses = append(s.IngressClasses, Item[*netv1.IngressClass]{r, o})
	case *appsv1.Deployment:
		s.Deployments = append(s.Deployments, Item[*appsv1.Deployment]{r, o})
	default:
		return s.addKong(r, o)
	}
	return true
}

func (s *Set) addKong(r api.Resource, o Origin) bool {
	switch r := r.(type) {
	case *api.KongPlugin:
		s.Plugins = append(s.Plugins, Item[*api.KongPlugin]{r, o})
	case *api.KongClusterPlugin:
		s.ClusterPlugins = append(s.ClusterPlugins, Item[*api.KongClusterPlugin]{r, o})
	case *api.KongConsumer:
		s.Consumers = append(s.Consumers, Item[*api.KongConsumer]{r, o})
	case *v1beta1.KongConsumerGroup:
		s.ConsumerGroups = append(s.ConsumerGroups, Item[*v1beta1.KongConsumerGroup]{r, o})
	case *v1beta1.KongUpstreamPolicy:
		s.UpstreamPolicies = append(s.UpstreamPolicies, Item[*v1beta1.KongUpstreamPolicy]{r, o})
	case *api.KongIngress:
		s.KongIngresses = append(s.KongIngresses, Item[*api.KongIngress]{r, o})
	default:
		return false
	}
	return true
}

// Sort brings every list into order. Of objects with one name the first by file
// and line stays; each other one becomes a Problem.
func (s *Set) Sort() {
	s.Namespaces = sorted(s, s.Namespaces)
	s.ConfigMaps = sorted(s, s.ConfigMaps)
	s.Services = sorted(s, s.Services)
	s.Endpoints = sorted(s, s.Endpoints)
	s.EndpointSlices = sorted(s, s.EndpointSlices)
	s.Secrets = sorted(s, s.Secrets)
	s.Ingresses = sorted(s, s.Ingresses)
	s.IngressClasses = sorted(s, s.IngressClasses)
	s.Deployments = sorted(s, s.Deployments)
	s.Plugins = sorted(s, s.Plugins)
	s.ClusterPlugins = sorted(s, s.ClusterPlugins)
	s.Consumers = sorted(s, s.Consumers)
	s.ConsumerGroups = sorted(s, s.ConsumerGroups)
	s.UpstreamPolicies = sorted(s, s.UpstreamPolicies)
	s.KongIngresses = sorted(s, s.KongIngresses)
	s.Problems = problem.Sort(s.Problems)
}

// Clone returns a set with lists of its own, so that objects can be added to it
// or taken away; the objects are shared and stay as they are.
func (s Set) Clone() Set {
	s.Namespaces = slices.Clone(s.Namespaces)
	s.ConfigMaps = slices.Clone(s.ConfigMaps)
	s.Services = slices.Clone(s.Services)
	s.Endpoints = slices.Clone(s.Endpoints)
	s.EndpointSlices = slices.Clone(s.EndpointSlices)
	s.Secrets = slices.Clone(s.Secrets)
	s.Ingresses = slices.Clone(s.Ingresses)
	s.IngressClasses = slices.Clone(s.IngressClasses)
	s.Deployments = slices.Clone(s.Deployments)
	s.Plugins = slices.Clone(s.Plugins)
	s.ClusterPlugins = slices.Clone(s.ClusterPlugins)
	s.Consumers = slices.Clone(s.Consumers)
	s.ConsumerGroups = slices.Clone(s.ConsumerGroups)
	s.UpstreamPolicies = slices.Clone(s.UpstreamPolicies)
	s.KongIngresses = slices.Clone(s.KongIngresses)
	s.Problems = slices.Clone(s.Problems)
	return s
}

// Objects lists the name and version of every object, sorted by name.
func (s Set) Objects() []entity.Object {
	out := make([]entity.Object, 0, s.Len())
	out = names(out, s.Namespaces)
	out = names(out, s.ConfigMaps)
	out = names(out, s.Services)
	out = names(out, s.Endpoints)
	out = names(out, s.EndpointSlices)
	out = names(out, s.Secrets)
	out = names(out, s.Ingresses)
	out = names(out, s.IngressClasses)
	out = names(out, s.Deployments)
	out = names(out, s.Plugins)
	out = names(out, s.ClusterPlugins)
	out = names(out, s.Consumers)
	out = names(out, s.ConsumerGroups)
	out = names(out, s.UpstreamPolicies)
	out = names(out, s.KongIngresses)
	slices.SortFunc(out, func(a, b entity.Object) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return out
}

// Len returns the number of objects.
func (s Set) Len() int {
	return len(s.Namespaces) + len(s.ConfigMaps) + len(s.Services) + len(s.Endpoints) +
		len(s.EndpointSlices) + len(s.Secrets) + len(s.Ingresses) + len(s.IngressClasses) +
		len(s.Deployments) + len(s.Plugins) + len(s.ClusterPlugins) + len(s.Consumers) +
		len(s.ConsumerGroups) + len(s.UpstreamPolicies) + len(s.KongIngresses)
}

// Format prints how much is in the set under every verb, never what: Secrets
// are in it.
func (s Set) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.summary())
}

// MarshalJSON gives what Format prints, so that no log holds a secret.
func (s Set) MarshalJSON() ([]byte, error) { return json.Marshal(s.summary()) }

func (s Set) summary() string {
	return fmt.Sprintf("set of %d objects, %d problems", s.Len(), len(s.Problems))
}
