package kube

import (
	"context"
	"errors"
	"io"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
)

// state is how far a kind has come: it is watched, or the API server does not
// know it.
type state struct {
	kind
	label   string // its name, for messages
	from    cache.Cache
	watched toolscache.ResourceEventHandlerRegistration
	missing bool
	failed  string // why it could not be watched, as the log has it already
}

// watch begins to watch every kind, and goes on trying with those that are
// missing.
func (s *Source) watch(ctx context.Context, parts *sync.WaitGroup) {
	for {
		left := 0
		for _, st := range s.states {
			handler := s.each()
			if st.from == s.metadata {
				handler = s.named()
			}
			if ctx.Err() != nil {
				return
			}
			if !s.begin(ctx, st, handler, parts) {
				left++
			}
		}
		s.notify()
		if left == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.opts.After(s.opts.Retry):
		}
	}
}

// each notices every event.
func (s *Source) each() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { s.notify() }, UpdateFunc: func(any, any) { s.notify() }, DeleteFunc: func(any) { s.notify() },
	}
}

// named notices events of Secrets that the last set named.
func (s *Source) named() toolscache.ResourceEventHandler {
	look := func(obj any) {
		if d, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
			obj = d.Obj
		}
		if o, ok := obj.(client.Object); !ok || s.secrets.wants(client.ObjectKeyFromObject(o)) {
			s.notify()
		}
	}
	return toolscache.ResourceEventHandlerFuncs{AddFunc: look, UpdateFunc: func(_, now any) { look(now) }, DeleteFunc: look}
}

// begin watches one kind; it returns true once that is so.
func (s *Source) begin(ctx context.Context, st *state, handler toolscache.ResourceEventHandler, parts *sync.WaitGroup) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.watched != nil {
		return true
	}
	informer, err := st.from.GetInformer(ctx, st.object, cache.BlockUntilSynced(false))
	if err == nil {
		st.watched, err = informer.AddEventHandler(handler)
	}
	if err != nil {
		if ctx.Err() == nil && st.failed != err.Error() {
			s.opts.Log.Warn("a kind cannot be watched; trying again", "kind", st.label, "error", err)
		}
		st.failed = err.Error()
		st.missing = meta.IsNoMatchError(err) && st.crd != ""
		return false
	}
	st.missing = false
	done := st.watched.HasSyncedChecker().Done()
	parts.Go(func() {
		select {
		case <-done:
			s.notify()
		case <-ctx.Done():
		}
	})
	return true
}

// resource gives o as what it is: every kind of the list is one that a Set holds.
func resource(o client.Object) api.Resource {
	r, _ := o.(api.Resource)
	return r
}

// watchFailed logs what keeps a kind from being watched; the informer tries
// again by itself.
func (s *Source) watchFailed(ctx context.Context, r *toolscache.Reflector, err error) {
	if ctx.Err() != nil {
		return
	}
	switch {
	case errors.Is(err, io.EOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
		s.opts.Log.Debug("a watch begins anew", "kind", r.TypeDescription(), "error", err)
	case apierrors.IsForbidden(err):
		s.opts.Log.Error("the service account lacks the right to read a kind: nothing new is served until it has it", "kind", r.TypeDescription(), "error", err)
	default:
		s.opts.Log.Warn("the API server cannot be watched; what was read last is served on", "kind", r.TypeDescription(), "error", err)
	}
}

// slim drops what nobody reads, so that it takes no memory.
func slim(obj any) (any, error) {
	o, err := meta.Accessor(obj)
	if err != nil {
		return obj, nil //nolint:nilerr // a tombstone; it has no metadata to slim
	}
	o.SetManagedFields(nil)
	if a := o.GetAnnotations(); a[corev1.LastAppliedConfigAnnotation] != "" {
		delete(a, corev1.LastAppliedConfigAnnotation)
	}
	if m, ok := obj.(*metav1.PartialObjectMetadata); ok {
		m.Annotations, m.Labels, m.OwnerReferences, m.Finalizers = nil, nil, nil, nil
	}
	return obj, nil
}
