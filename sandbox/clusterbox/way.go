package clusterbox

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// proxyService is the gateway's Service for clients.
func proxyService() cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: deploy.Namespace, Name: deploy.Release + "-proxy"}
}

// open makes sure that clients can come in, and says where.
func (b *Box) open(ctx context.Context, t *step.Task, want Want) error {
	if b.state.ServiceType == "ClusterIP" {
		return b.forward(ctx, t, want)
	}
	if err := b.stopForward(ctx); err != nil {
		return err
	}
	if b.state.ServiceType == "LoadBalancer" {
		if b.opts.NoWait {
			t.Say("by the Service's type LoadBalancer; its address is not waited for")
			return nil
		}
		t.Progress("waiting until a load balancer gives %s an address", proxyService())
		if err := b.balanced(ctx); err != nil {
			return err
		}
	}
	address, err := b.address(ctx)
	if err != nil {
		return err
	}
	t.Say("http://%s, by the Service's type %s", address, b.state.ServiceType)
	return nil
}

const (
	// balancerTimeout bounds the wait for a load balancer's address; some clouds
	// take minutes.
	balancerTimeout = 5 * time.Minute
	// balancerMargin is how long before the end of all its wait ends, so that it is
	// told what was missing.
	balancerMargin = 500 * time.Millisecond
)

// balanced waits until a load balancer has given the Service an address.
func (b *Box) balanced(ctx context.Context) error {
	within := balancerTimeout
	if end, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(end)-balancerMargin)
	}
	ref := proxyService()
	none := hint.New("NO_ADDRESS", hint.Timeout, fmt.Sprintf("%s of type LoadBalancer got no address within %s", ref, within.Round(time.Second)),
		"see whether the cluster has a load balancer, and what it says: kubectl -n "+ref.Namespace+" describe service "+ref.Name+"\n"+
			"if it has one, give it more time (--timeout); else let clients in another way: --service-type ClusterIP or NodePort")
	wait, cancel := context.WithTimeoutCause(ctx, within, none)
	defer cancel()
	err := b.conn.Until(wait, ref, func(o *cluster.Object) bool {
		list, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
		return len(list) > 0
	})
	if err != nil && ctx.Err() == nil && wait.Err() != nil {
		return none
	}
	return err
}

// address is where clients reach the gateways, host:port.
func (b *Box) address(ctx context.Context) (string, error) {
	if b.state.ServiceType == "ClusterIP" {
		f, err := b.readForward()
		if err != nil {
			return "", err
		}
		return f.Address, nil
	}
	s, err := b.conn.Typed.CoreV1().Services(deploy.Namespace).Get(ctx, proxyService().Name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("finding the gateway's Service: %w", err)
	}
	if len(s.Spec.Ports) == 0 {
		return "", fmt.Errorf("the Service %s has no port", s.Name)
	}
	if b.state.ServiceType == "LoadBalancer" {
		if len(s.Status.LoadBalancer.Ingress) == 0 {
			return "", fmt.Errorf("the Service %s has no address yet", s.Name)
		}
		first := s.Status.LoadBalancer.Ingress[0]
		return net.JoinHostPort(cmp.Or(first.IP, first.Hostname), strconv.Itoa(int(s.Spec.Ports[0].Port))), nil
	}
	host, err := b.nodeAddress(ctx)
	return net.JoinHostPort(host, strconv.Itoa(int(s.Spec.Ports[0].NodePort))), err
}

// nodeAddress is that of some node, an external one if there is one.
func (b *Box) nodeAddress(ctx context.Context) (string, error) {
	list, err := b.conn.Typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("finding a node: %w", err)
	}
	internal := ""
	for _, n := range list.Items {
		for _, a := range n.Status.Addresses {
			switch a.Type {
			case corev1.NodeExternalIP:
				return a.Address, nil
			case corev1.NodeInternalIP:
				if internal == "" {
					internal = a.Address
				}
			default:
			}
		}
	}
	if internal == "" {
		return "", fmt.Errorf("finding a node: none has an address")
	}
	return internal, nil
}

// State is how it stands with the sandbox.
type State int

// The states.
const (
	Absent State = iota
	Broken
	Running
)

// Look tells how it stands, without changing anything.
func (b *Box) Look(ctx context.Context) (st State, why string, list []deploy.Gateway, address string, err error) {
	if b.state, err = b.readState(); err != nil {
		return Broken, err.Error(), nil, "", err
	}
	if b.state == nil {
		return Absent, "there is none", nil, "", nil
	}
	if b.conn == nil {
		if err := b.connect(ctx); err != nil {
			return Broken, err.Error(), nil, "", err // it tells what to do, and up would not help
		}
	}
	if list, err = deploy.Gateways(ctx, b.conn); err != nil {
		return Broken, err.Error(), nil, "", nil
	}
	if address, err = b.address(ctx); err != nil {
		return Broken, err.Error(), nil, "", nil
	}
	if b.state.ServiceType == "ClusterIP" && !b.forwarding() {
		return Broken, "the process that forwards to it is not there", nil, "", nil
	}
	return Running, "", list, address, nil
}
