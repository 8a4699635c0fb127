package report

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/api/v1beta1"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// Programmed is the condition's type; the reasons are Kong's, NotSupported ours.
const (
	Programmed         = "Programmed"
	ReasonProgrammed   = "Programmed"
	ReasonPending      = "Pending"
	ReasonInvalid      = "Invalid"
	ReasonNotSupported = "NotSupported"
)

// controller is what an IngressClass names.
const controller = "ingress-controllers.konghq.com/kong"

const (
	served  = "The gateway serves it."
	pending = "Nothing that the gateway serves names it yet."
)

// maxMessage is the longest message that a condition takes, in bytes.
const maxMessage = 32768

// verdict is the condition of one object.
func (x *findings) verdict(o api.Resource) metav1.Condition {
	name := api.Name(o)
	c := metav1.Condition{
		Type: Programmed, Status: metav1.ConditionTrue, Reason: ReasonProgrammed, Message: served, ObservedGeneration: o.GetGeneration(),
	}
	faults, warnings := x.texts(name, problem.Error), x.texts(name, problem.Warning)
	if faults == "" {
		faults = x.broken[name]
	}
	switch {
	case unread(o):
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, ReasonNotSupported, warnings
	case faults != "":
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, ReasonInvalid, faults
	case !x.served[name] && warnings != "":
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, ReasonPending, warnings
	case !x.served[name]:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, ReasonPending, pending
	case warnings != "":
		c.Message += " " + warnings
	}
	c.Message = cut(c.Message, maxMessage)
	return c
}

// unread tells whether o is of a kind that nothing reads yet.
func unread(o api.Resource) bool {
	switch o.(type) {
	case *v1beta1.KongConsumerGroup, *v1beta1.KongUpstreamPolicy, *api.KongIngress:
		return true
	}
	return false
}

// writeConditions gives every object of Kong's kinds its condition.
func (r *Reporter) writeConditions(ctx context.Context, x *findings) error {
	return errors.Join(
		conditions(ctx, r, x, x.set.Plugins),
		conditions(ctx, r, x, x.set.ClusterPlugins),
		conditions(ctx, r, x, x.set.Consumers),
		conditions(ctx, r, x, x.set.ConsumerGroups),
		conditions(ctx, r, x, x.set.UpstreamPolicies),
	)
}

func conditions[T api.Resource](ctx context.Context, r *Reporter, x *findings, items []source.Item[T]) error {
	var errs []error
	for _, i := range items {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if x.foreign(i.Object) {
			continue
		}
		next, ok := i.Object.DeepCopyObject().(api.Resource)
		if !ok || !setCondition(next, x.verdict(i.Object), x.class) {
			continue
		}
		errs = append(errs, r.patchStatus(ctx, i.Object, next))
	}
	return errors.Join(errs...)
}

// patchStatus writes the difference. An object that has changed or gone since is
// left: what becomes of it now comes with a result of its own.
func (r *Reporter) patchStatus(ctx context.Context, was, next api.Resource) error {
	base, ok := was.DeepCopyObject().(client.Object)
	if !ok {
		return nil
	}
	err := r.opts.Client.Status().Patch(ctx, next, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}),
		client.FieldOwner(Component))
	if err == nil || apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("writing the status of %s: %w", api.Name(was), err)
}

// setCondition puts c on o; it returns false where it stands there already, or
// where somebody else says that the object serves them.
func setCondition(o api.Resource, c metav1.Condition, class string) bool {
	list := conditionsOf(o, class)
	if list == nil {
		return false
	}
	if old := meta.FindStatusCondition(*list, Programmed); old != nil {
		if same(*old, c) || c.Reason == ReasonPending && old.Status == metav1.ConditionTrue && !strings.HasPrefix(old.Message, served) {
			return false
		}
	}
	meta.SetStatusCondition(list, c)
	return true
}

func same(a, b metav1.Condition) bool {
	return a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message && a.ObservedGeneration == b.ObservedGeneration
}

// conditionsOf gives the place of an object's conditions. A policy has them for
// each object that it reaches; here that is the class, for nothing reads it.
func conditionsOf(o api.Resource, class string) *[]metav1.Condition {
	switch o := o.(type) {
	case *api.KongPlugin:
		return &o.Status.Conditions
	case *api.KongClusterPlugin:
		return &o.Status.Conditions
	case *api.KongConsumer:
		return &o.Status.Conditions
	case *v1beta1.KongConsumerGroup:
		return &o.Status.Conditions
	case *v1beta1.KongUpstreamPolicy:
		for i := range o.Status.Ancestors {
			if a := &o.Status.Ancestors[i]; a.ControllerName == controller && a.AncestorRef.Name == class {
				return &a.Conditions
			}
		}
		group, kind := "networking.k8s.io", "IngressClass"
		o.Status.Ancestors = append(o.Status.Ancestors, v1beta1.PolicyAncestor{
			AncestorRef: v1beta1.AncestorRef{Group: &group, Kind: &kind, Name: class}, ControllerName: controller,
		})
		return &o.Status.Ancestors[len(o.Status.Ancestors)-1].Conditions
	}
	return nil
}
