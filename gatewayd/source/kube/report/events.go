package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Reasons of events: the first is Kong's.
const (
	EventTranslationFailed = "KongConfigurationTranslationFailed"
	EventWarning           = "KongConfigurationWarning"
)

// maxEvent is the longest message that an event takes, in bytes.
const maxEvent = 1024

// told remembers which events a leader has told.
type told struct {
	names map[string]bool
	first bool // nothing has been told yet
}

func newTold() *told { return &told{names: map[string]bool{}, first: true} }

// writeEvents tells of every problem that was not told already.
func (r *Reporter) writeEvents(ctx context.Context, x *findings, t *told) error {
	now := map[string]bool{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(x.problems)) {
		o := x.objects[name]
		if o == nil || x.foreign(o) {
			continue
		}
		for _, p := range x.problems[name] {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !worth(o, p, x.class) {
				continue
			}
			e := r.event(o, p)
			key := e.Namespace + "/" + e.Name
			if t.names[key] {
				now[key] = true
				continue
			}
			if err := r.tell(ctx, e, t.first); err != nil {
				errs = append(errs, fmt.Errorf("telling of %s: %w", name, err))
				continue
			}
			now[key] = true
		}
	}
	t.names = now
	t.first = t.first && len(errs) > 0
	return errors.Join(errs...)
}

// worth tells whether a problem is worth an event: every error is; a warning is on
// Kong's kinds and on Ingresses of the class. On Services they would tell of every
// rollout, on Ingresses without a class of what is somebody else's.
func worth(o api.Resource, p problem.Problem, class string) bool {
	if p.Severity == problem.Error {
		return true
	}
	if in, ok := o.(*netv1.Ingress); ok {
		return in.Annotations[classAnnotation] == class || in.Spec.IngressClassName != nil && *in.Spec.IngressClassName == class
	}
	return strings.HasPrefix(api.KindOf(o), "Kong")
}

// event says a problem. Its name is made of what it says.
func (r *Reporter) event(o api.Resource, p problem.Problem) *corev1.Event {
	reason := EventTranslationFailed
	if p.Severity == problem.Warning {
		reason = EventWarning
	}
	message := cut(text(p), maxEvent)
	sum := sha256.Sum256([]byte(string(o.GetUID()) + "\x00" + reason + "\x00" + message))
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	at := metav1.NewTime(r.opts.Now())
	e := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%.200s.%s", o.GetName(), hex.EncodeToString(sum[:8]))},
		InvolvedObject: corev1.ObjectReference{
			Kind: api.KindOf(o), Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(),
		},
		Reason: reason, Message: message, Type: corev1.EventTypeWarning, Count: 1, FirstTimestamp: at, LastTimestamp: at,
		Source: corev1.EventSource{Component: Component, Host: r.opts.Instance}, ReportingController: Component, ReportingInstance: r.opts.Instance,
	}
	if gvk, err := r.opts.Client.GroupVersionKindFor(o); err == nil {
		e.InvolvedObject.APIVersion = gvk.GroupVersion().String()
	}
	return e
}

// tell writes an event. One that stands there already was told by the leader
// before, or is told again: then its count rises.
func (r *Reporter) tell(ctx context.Context, e *corev1.Event, first bool) error {
	err := r.opts.Client.Create(ctx, e.DeepCopy(), client.FieldOwner(Component))
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	if first {
		return nil
	}
	var old corev1.Event
	if err := r.opts.Client.Get(ctx, client.ObjectKeyFromObject(e), &old); err != nil {
		return client.IgnoreNotFound(err)
	}
	next := old.DeepCopy()
	next.Count++
	next.LastTimestamp = e.LastTimestamp
	return r.opts.Client.Patch(ctx, next, client.MergeFrom(&old), client.FieldOwner(Component))
}
