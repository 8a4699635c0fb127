package kube

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/api/v1beta1"
)

// Scheme knows every kind that a gateway reads or writes in a cluster.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, discoveryv1.AddToScheme, netv1.AddToScheme, coordinationv1.AddToScheme, admissionv1.AddToScheme,
	} {
		if err := add(s); err != nil {
			return nil, err
		}
	}
	v1, beta := api.GroupVersion(), v1beta1.GroupVersion()
	s.AddKnownTypes(v1,
		&api.KongPlugin{}, &api.KongPluginList{}, &api.KongClusterPlugin{}, &api.KongClusterPluginList{},
		&api.KongConsumer{}, &api.KongConsumerList{}, &api.KongIngress{}, &api.KongIngressList{})
	s.AddKnownTypes(beta,
		&v1beta1.KongConsumerGroup{}, &v1beta1.KongConsumerGroupList{},
		&v1beta1.KongUpstreamPolicy{}, &v1beta1.KongUpstreamPolicyList{})
	metav1.AddToGroupVersion(s, v1)
	metav1.AddToGroupVersion(s, beta)
	return s, nil
}

// kind is one kind that is watched.
type kind struct {
	object client.Object
	list   func() client.ObjectList
	// crd is the name of its CustomResourceDefinition, "" for Kubernetes' own.
	crd string
	// unread kinds are watched only to say that nothing reads them.
	unread bool
}

func kinds() []kind {
	crd := func(plural string) string { return plural + "." + api.Group }
	return []kind{
		{object: &netv1.Ingress{}, list: func() client.ObjectList { return &netv1.IngressList{} }},
		{object: &netv1.IngressClass{}, list: func() client.ObjectList { return &netv1.IngressClassList{} }},
		{object: &corev1.Service{}, list: func() client.ObjectList { return &corev1.ServiceList{} }},
		{object: &discoveryv1.EndpointSlice{}, list: func() client.ObjectList { return &discoveryv1.EndpointSliceList{} }},
		{object: &corev1.Secret{}, list: func() client.ObjectList { return &corev1.SecretList{} }},
		{object: &api.KongPlugin{}, list: func() client.ObjectList { return &api.KongPluginList{} }, crd: crd("kongplugins")},
		{object: &api.KongClusterPlugin{}, list: func() client.ObjectList { return &api.KongClusterPluginList{} }, crd: crd("kongclusterplugins")},
		{object: &api.KongConsumer{}, list: func() client.ObjectList { return &api.KongConsumerList{} }, crd: crd("kongconsumers")},
		{object: &v1beta1.KongConsumerGroup{}, list: func() client.ObjectList { return &v1beta1.KongConsumerGroupList{} }, crd: crd("kongconsumergroups"), unread: true},
		{object: &v1beta1.KongUpstreamPolicy{}, list: func() client.ObjectList { return &v1beta1.KongUpstreamPolicyList{} }, crd: crd("kongupstreampolicies"), unread: true},
		{object: &api.KongIngress{}, list: func() client.ObjectList { return &api.KongIngressList{} }, crd: crd("kongingresses"), unread: true},
	}
}
