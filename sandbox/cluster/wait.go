package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Available waits, by watching, until a Deployment has rolled out: all replicas
// are of its newest version and available. It ends early, with why, when a pod
// is stuck.
func (c *Conn) Available(ctx context.Context, namespace, name string) error {
	d, err := c.Typed.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("waiting for Deployment %s/%s: %w", namespace, name, err)
	}
	if rolledOut(d) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go c.watchStuck(ctx, namespace, metav1.FormatLabelSelector(d.Spec.Selector), cancel)
	apps := c.Typed.AppsV1().Deployments(namespace)
	one := fields.OneTermEqualSelector("metadata.name", name).String()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = one
			return apps.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = one
			return apps.Watch(ctx, o)
		},
	}
	_, err = watchtools.UntilWithSync(ctx, lw, &appsv1.Deployment{}, nil, func(e watch.Event) (bool, error) {
		d, ok := e.Object.(*appsv1.Deployment)
		if !ok || e.Type == watch.Deleted {
			return false, errors.New("it was deleted")
		}
		return rolledOut(d), nil
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("waiting for Deployment %s/%s: %w", namespace, name, err)
	}
	return nil
}

// rolledOut is kubectl's notion of a finished rollout (kubectl's
// polymorphichelpers/rollout_status.go).
func rolledOut(d *appsv1.Deployment) bool {
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	s := d.Status
	return s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want
}

const (
	// patience is how long a reason may last that can pass by itself: a node that
	// starts says CreateContainerConfigError until it knows the Services, a first
	// crash may be followed by a start that holds.
	patience = 20 * time.Second
	// crashPatience is how long a container may go on ending: one that needs what
	// a node has only just started comes up at its third or fourth start.
	crashPatience = 45 * time.Second
	crashes       = "CrashLoopBackOff"
	// lookEvery is how often pods are looked at while waiting for them.
	lookEvery = time.Second
)

// StuckError says why a pod does not start.
type StuckError struct {
	Pod, Reason, Message string
}

// Error gives pod, reason and message.
func (e *StuckError) Error() string {
	text := fmt.Sprintf("pod %s: %s", e.Pod, e.Reason)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// watchStuck cancels once a pod has been stuck for longer than patience.
func (c *Conn) watchStuck(ctx context.Context, namespace, selector string, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	s := newSuspects()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			pods, err := c.Pods(ctx, namespace, selector)
			if err != nil {
				continue
			}
			if stuck := s.look(now, pods); stuck != nil {
				cancel(stuck)
				return
			}
		}
	}
}

// suspects remembers since when pods have looked stuck.
type suspects struct {
	since map[string]time.Time
	// crashing are the pods whose container ended and was started anew: it runs
	// for a moment between two ends, which clears them of nothing.
	crashing map[string]*StuckError
}

func newSuspects() *suspects {
	return &suspects{since: map[string]time.Time{}, crashing: map[string]*StuckError{}}
}

// look returns a pod that has been stuck for the same reason for longer than
// patience.
func (s *suspects) look(now time.Time, pods []corev1.Pod) *StuckError {
	seen := map[string]bool{}
	for i := range pods {
		p := &pods[i]
		e := stuck(p)
		switch {
		case Ready(p):
			delete(s.crashing, p.Name)
		case e != nil && e.Reason == crashes:
			s.crashing[p.Name] = e
		case e == nil:
			e = s.crashing[p.Name]
		}
		if e == nil {
			continue
		}
		seen[p.Name] = true
		wait := patience
		if e.Reason == crashes {
			wait = crashPatience
		}
		if since, ok := s.since[p.Name]; !ok {
			s.since[p.Name] = now
		} else if now.Sub(since) >= wait {
			return e
		}
	}
	for key := range s.since {
		if !seen[key] {
			delete(s.since, key)
		}
	}
	return nil
}

// stuck tells why a pod does not run, nil when it does or may soon.
func stuck(p *corev1.Pod) *StuckError {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return &StuckError{Pod: p.Name, Reason: c.Reason, Message: c.Message}
		}
	}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, cs := range list {
			w := cs.State.Waiting
			if w == nil || w.Reason == "ContainerCreating" || w.Reason == "PodInitializing" {
				continue
			}
			return &StuckError{Pod: p.Name, Reason: w.Reason, Message: w.Message}
		}
	}
	return nil
}

// Until waits, by watching, until an object is as done says. It has to be there,
// or to come.
func (c *Conn) Until(ctx context.Context, ref Ref, done func(*Object) bool) error {
	r, _, err := c.resource(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), ref.Namespace)
	if err != nil {
		return err
	}
	if o, err := r.Get(ctx, ref.Name, metav1.GetOptions{}); err == nil && done(o) {
		return nil
	}
	one := fields.OneTermEqualSelector("metadata.name", ref.Name).String()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = one
			return r.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = one
			return r.Watch(ctx, o)
		},
	}
	_, err = watchtools.UntilWithSync(ctx, lw, &Object{}, nil, func(e watch.Event) (bool, error) {
		o, ok := e.Object.(*Object)
		return ok && e.Type != watch.Deleted && done(o), nil
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", ref, err)
	}
	return nil
}

// Gone waits until an object is not there any more.
func (c *Conn) Gone(ctx context.Context, ref Ref) error {
	tick := time.NewTicker(goneEvery)
	defer tick.Stop()
	for {
		_, there, err := c.Get(ctx, ref)
		if err == nil && !there {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to go: %w", ref, context.Cause(ctx))
		}
	}
}

// goneEvery is how often an object that is being deleted is looked for.
const goneEvery = 100 * time.Millisecond
