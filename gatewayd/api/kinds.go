package api

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gwctl/gwctl/gatewayd/api/v1beta1"
)

// Resource is an object of one of the kinds that are read.
type Resource interface {
	runtime.Object
	metav1.Object
}

// kind is one kind that is read.
type kind struct {
	apiVersion string
	name       string
	cluster    bool // has no namespace
	make       func() Resource
}

// kinds lists every kind that is read. KindOf has to know them too.
func kinds() []kind {
	kong, beta := Group+"/"+Version, v1beta1.Group+"/"+v1beta1.Version
	return []kind{
		{"v1", "Namespace", true, func() Resource { return new(corev1.Namespace) }},
		{"v1", "ConfigMap", false, func() Resource { return new(corev1.ConfigMap) }},
		{"v1", "Service", false, func() Resource { return new(corev1.Service) }},
		{"v1", "Endpoints", false, func() Resource { return new(corev1.Endpoints) }}, //nolint:staticcheck // deprecated, still written
		{"v1", "Secret", false, func() Resource { return new(corev1.Secret) }},
		{"discovery.k8s.io/v1", "EndpointSlice", false, func() Resource { return new(discoveryv1.EndpointSlice) }},
		{"networking.k8s.io/v1", "Ingress", false, func() Resource { return new(netv1.Ingress) }},
		{"networking.k8s.io/v1", "IngressClass", true, func() Resource { return new(netv1.IngressClass) }},
		{"apps/v1", "Deployment", false, func() Resource { return new(appsv1.Deployment) }},
		{kong, "KongPlugin", false, func() Resource { return new(KongPlugin) }},
		{kong, "KongClusterPlugin", true, func() Resource { return new(KongClusterPlugin) }},
		{kong, "KongConsumer", false, func() Resource { return new(KongConsumer) }},
		{kong, "KongIngress", false, func() Resource { return new(KongIngress) }},
		{beta, "KongConsumerGroup", false, func() Resource { return new(v1beta1.KongConsumerGroup) }},
		{beta, "KongUpstreamPolicy", false, func() Resource { return new(v1beta1.KongUpstreamPolicy) }},
	}
}

// KindOf names the kind of r, from its Go type: objects out of an informer do
// not carry it. It is "" for a type that is none of ours.
func KindOf(r Resource) string {
	switch r.(type) {
	case *corev1.Namespace:
		return "Namespace"
	case *corev1.ConfigMap:
		return "ConfigMap"
	case *corev1.Service:
		return "Service"
	case *corev1.Endpoints: //nolint:staticcheck // deprecated, still written
		return "Endpoints"
	case *corev1.Secret:
		return "Secret"
	case *discoveryv1.EndpointSlice:
		return "EndpointSlice"
	case *netv1.Ingress:
		return "Ingress"
	case *netv1.IngressClass:
		return "IngressClass"
	case *appsv1.Deployment:
		return "Deployment"
	}
	return kongKind(r)
}

func kongKind(r Resource) string {
	switch r.(type) {
	case *KongPlugin:
		return "KongPlugin"
	case *KongClusterPlugin:
		return "KongClusterPlugin"
	case *KongConsumer:
		return "KongConsumer"
	case *KongIngress:
		return "KongIngress"
	case *v1beta1.KongConsumerGroup:
		return "KongConsumerGroup"
	case *v1beta1.KongUpstreamPolicy:
		return "KongUpstreamPolicy"
	}
	return ""
}

// Name names r as problems do: "Kind namespace/name", or "Kind name" where
// there is no namespace.
func Name(r Resource) string {
	return objectName(KindOf(r), r.GetNamespace(), r.GetName())
}

func objectName(kind, namespace, name string) string {
	if name == "" {
		name = "(no name)"
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return kind + " " + name
}

// ours tells whether an API group is one of Kong's.
func ours(apiVersion string) bool {
	group, _, ok := strings.Cut(apiVersion, "/")
	return ok && (group == "konghq.com" || strings.HasSuffix(group, ".konghq.com"))
}
