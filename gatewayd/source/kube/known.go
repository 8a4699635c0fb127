package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// Known gives what stands already and matters to an object: the consumers, the
// classes, and the Secrets that it names, read from the API server where nothing
// else names them. A Secret that cannot be read is left out.
func (s *Source) Known(ctx context.Context, o api.Resource) source.Set {
	last := s.Last()
	known := source.Set{Consumers: last.Consumers, IngressClasses: last.IngressClasses}
	var alone source.Set
	alone.Add(o, source.Origin{})
	wanted := named(&alone)
	for _, i := range last.Secrets {
		key := client.ObjectKeyFromObject(i.Object)
		if wanted[key] {
			known.Secrets = append(known.Secrets, i)
			delete(wanted, key)
		}
	}
	for key := range wanted {
		secret := &corev1.Secret{}
		if err := s.client.Get(ctx, key, secret); err == nil {
			known.Add(secret, source.Origin{Version: secret.ResourceVersion})
		}
	}
	return known
}
