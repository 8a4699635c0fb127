package clusterbox

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
)

// TestAddress: where clients come in, by the Service's type.
func TestAddress(t *testing.T) {
	t.Parallel()
	service := func(port corev1.ServicePort, given ...corev1.LoadBalancerIngress) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: proxyService().Name, Namespace: deploy.Namespace},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{port}},
			Status:     corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: given}},
		}
	}
	node := func(name string, addresses ...corev1.NodeAddress) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Addresses: addresses}}
	}
	inside := corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}
	other := corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: "10.0.0.2"}
	outside := corev1.NodeAddress{Type: corev1.NodeExternalIP, Address: "192.0.2.1"}
	host := corev1.NodeAddress{Type: corev1.NodeHostName, Address: "n"}
	port := corev1.ServicePort{Port: 80, NodePort: 30080}
	tests := []struct {
		name, kind string
		there      []runtime.Object
		want       string // "" for an error
	}{
		{"a node", "NodePort", []runtime.Object{service(port), node("a", host, inside), node("b", other)}, "10.0.0.1:30080"},
		{"a node that is outside, too", "NodePort", []runtime.Object{service(port), node("a", inside), node("b", other, outside)}, "192.0.2.1:30080"},
		{"no node", "NodePort", []runtime.Object{service(port)}, ""},
		{"nodes without addresses", "NodePort", []runtime.Object{service(port), node("a", host)}, ""},
		{"a balancer's IP", "LoadBalancer", []runtime.Object{service(port, corev1.LoadBalancerIngress{IP: "192.0.2.2"}), node("a", outside)}, "192.0.2.2:80"},
		{"a balancer's IP, the sixth version", "LoadBalancer", []runtime.Object{service(port, corev1.LoadBalancerIngress{IP: "2001:db8::1"})}, "[2001:db8::1]:80"},
		{"a balancer's name", "LoadBalancer", []runtime.Object{service(port, corev1.LoadBalancerIngress{Hostname: "lb.example"})}, "lb.example:80"},
		{"no balancer yet", "LoadBalancer", []runtime.Object{service(port), node("a", outside)}, ""},
		{"no Service", "LoadBalancer", nil, ""},
		{"no process that forwards", "ClusterIP", []runtime.Object{service(port), node("a", outside)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir()})
			b.state = &state{ServiceType: tt.kind}
			b.conn = &cluster.Conn{Typed: fake.NewClientset(tt.there...)}
			got, err := b.address(t.Context())
			if (err == nil) != (tt.want != "") || err == nil && got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}
