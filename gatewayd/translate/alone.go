package translate

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// Alone translates one object as if something named it, so that what is wrong with
// it shows before anything does. known is what stands already: Secrets, consumers
// and ingress classes are looked at. yet tells of a problem that it is about an
// object that may still come. Problems about other objects are those of the
// stand-ins that name this one.
func Alone(o api.Resource, known source.Set, opts Options) (cfg *entity.Config, yet func(problem.Problem) bool) {
	a := &alone{known: known, class: opts.IngressClass, set: source.Set{Secrets: known.Secrets, IngressClasses: known.IngressClasses}}
	if a.class == "" {
		a.class = DefaultClass
	}
	yet = func(problem.Problem) bool { return false }
	switch o := o.(type) {
	case *api.KongPlugin:
		yet = a.plugin(o)
	case *api.KongClusterPlugin:
		yet = a.clusterPlugin(o)
	case *api.KongConsumer:
		yet = a.consumer(o)
	case *corev1.Secret:
		a.secret(o)
	}
	return Translate(a.set, opts), yet
}

// alone is a set in the making.
type alone struct {
	known, set source.Set
	class      string
}

// names adds an Ingress that names a plugin.
func (a *alone) names(namespace, plugin string) {
	a.set.Add(&netv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "stand-in", Annotations: map[string]string{prefix + "plugins": plugin}},
		Spec: netv1.IngressSpec{IngressClassName: &a.class, DefaultBackend: &netv1.IngressBackend{
			Service: &netv1.IngressServiceBackend{Name: "stand-in", Port: netv1.ServiceBackendPort{Number: 80}},
		}},
	}, source.Origin{})
}

func (a *alone) has(namespace, secret string) bool {
	for _, s := range a.known.Secrets {
		if s.Object.Namespace == namespace && s.Object.Name == secret {
			return true
		}
	}
	return false
}

// ofConfig tells of problems with a config that is not there as a whole.
func ofConfig(p problem.Problem) bool { return strings.HasPrefix(p.Field, "config") }

func (a *alone) plugin(o *api.KongPlugin) func(problem.Problem) bool {
	a.set.Add(o, source.Origin{})
	a.names(o.Namespace, o.Name)
	whole := o.ConfigFrom == nil || a.has(o.Namespace, o.ConfigFrom.SecretValue.Secret)
	for _, p := range o.ConfigPatches {
		whole = whole && a.has(o.Namespace, p.ValueFrom.SecretValue.Secret)
	}
	return func(p problem.Problem) bool { return !whole && ofConfig(p) }
}

func (a *alone) clusterPlugin(o *api.KongClusterPlugin) func(problem.Problem) bool {
	if o.Labels["global"] == "" && o.Annotations[classAnnotation] == "" {
		o = o.DeepCopy()
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, classAnnotation, a.class)
	}
	a.set.Add(o, source.Origin{})
	a.names(metav1.NamespaceDefault, o.Name)
	whole := true
	if o.ConfigFrom != nil {
		whole = a.has(o.ConfigFrom.SecretValue.Namespace, o.ConfigFrom.SecretValue.Secret)
	}
	for _, p := range o.ConfigPatches {
		whole = whole && a.has(p.ValueFrom.SecretValue.Namespace, p.ValueFrom.SecretValue.Secret)
	}
	return func(p problem.Problem) bool { return !whole && ofConfig(p) }
}

// consumer puts o behind all others, so that it is the one that a name is taken
// from.
func (a *alone) consumer(o *api.KongConsumer) func(problem.Problem) bool {
	for _, c := range a.known.Consumers {
		if c.Object.Namespace != o.Namespace || c.Object.Name != o.Name {
			a.set.Consumers = append(a.set.Consumers, c)
		}
	}
	o = o.DeepCopy()
	o.CreationTimestamp = metav1.NewTime(time.Unix(1<<40, 0))
	a.set.Add(o, source.Origin{})
	missing := map[string]bool{annotationField(prefix + "plugins"): true}
	for i, name := range o.Credentials {
		if !a.has(o.Namespace, name) {
			missing[credentialField(i)] = true
		}
	}
	return func(p problem.Problem) bool { return missing[p.Field] }
}

func (a *alone) secret(o *corev1.Secret) {
	a.set.Secrets = nil
	a.set.Add(o, source.Origin{})
	a.set.Add(&api.KongConsumer{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: "stand-in", Annotations: map[string]string{classAnnotation: a.class}},
		Username:   "stand-in", Credentials: []string{o.Name},
	}, source.Origin{})
}
