package webhook

import (
	"bytes"
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// publish puts the authorities into the configuration, on those of its webhooks
// that call this Service, or an address. Where another gateway was quicker, the next
// look finds it done.
func (s *Server) publish(ctx context.Context, bundle []byte) error {
	if s.opts.Configuration == "" {
		return nil
	}
	var old admissionv1.ValidatingWebhookConfiguration
	if err := s.opts.Client.Get(ctx, client.ObjectKey{Name: s.opts.Configuration}, &old); err != nil {
		return fmt.Errorf("reading ValidatingWebhookConfiguration %s: %w", s.opts.Configuration, err)
	}
	next := old.DeepCopy()
	changed := false
	for i := range next.Webhooks {
		to := &next.Webhooks[i].ClientConfig
		if svc := to.Service; svc != nil && (svc.Namespace != s.opts.Service.Namespace || svc.Name != s.opts.Service.Name) {
			continue
		}
		if !bytes.Equal(to.CABundle, bundle) {
			to.CABundle, changed = bundle, true
		}
	}
	if !changed {
		return nil
	}
	err := s.opts.Client.Patch(ctx, next, client.MergeFromWithOptions(&old, client.MergeFromWithOptimisticLock{}))
	if err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("writing the certificate's authority to ValidatingWebhookConfiguration %s: %w", s.opts.Configuration, err)
	}
	return nil
}
