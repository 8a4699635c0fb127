package report

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gwctl/gwctl/gatewayd/api"
)

// writeAddresses gives every Ingress that is served the gateway's address.
func (r *Reporter) writeAddresses(ctx context.Context, res *Result) error {
	if r.opts.Publish.Name == "" || res.Config == nil {
		return nil
	}
	svc, err := r.service(ctx, res)
	if err != nil || svc == nil {
		return err
	}
	served := map[string]bool{}
	for i := range res.Config.Routes {
		served[res.Config.Routes[i].Source.Object] = true
	}
	want := addresses(svc)
	var errs []error
	for _, i := range res.Set.Ingresses {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !served[api.Name(i.Object)] || equal(i.Object.Status.LoadBalancer.Ingress, want) {
			continue
		}
		next := i.Object.DeepCopy()
		next.Status.LoadBalancer.Ingress = want
		errs = append(errs, r.patchStatus(ctx, i.Object, next))
	}
	return errors.Join(errs...)
}

// service finds the Service to publish: in the set, or past it where its
// namespace is not read. It is nil while there is none.
func (r *Reporter) service(ctx context.Context, res *Result) (*corev1.Service, error) {
	for _, i := range res.Set.Services {
		if i.Object.Namespace == r.opts.Publish.Namespace && i.Object.Name == r.opts.Publish.Name {
			return i.Object, nil
		}
	}
	svc := &corev1.Service{}
	err := r.opts.Client.Get(ctx, r.opts.Publish, svc)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading Service %s, whose address Ingresses get: %w", r.opts.Publish, err)
	}
	return svc, nil
}

// addresses are those by which clients reach a Service, as Kong's ingress
// controller takes them: of a load balancer what it says, of another Service its
// cluster addresses; external addresses beside both.
func addresses(svc *corev1.Service) []netv1.IngressLoadBalancerIngress {
	var out []netv1.IngressLoadBalancerIngress
	if svc.Spec.Type == corev1.ServiceTypeLoadBalancer {
		for _, a := range svc.Status.LoadBalancer.Ingress {
			out = append(out, netv1.IngressLoadBalancerIngress{IP: a.IP, Hostname: a.Hostname})
		}
	} else {
		for _, ip := range svc.Spec.ClusterIPs {
			if ip != "" && ip != corev1.ClusterIPNone {
				out = append(out, netv1.IngressLoadBalancerIngress{IP: ip})
			}
		}
	}
	for _, ip := range svc.Spec.ExternalIPs {
		out = append(out, netv1.IngressLoadBalancerIngress{IP: ip})
	}
	return out
}

func equal(a, b []netv1.IngressLoadBalancerIngress) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}
