package cluster

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func waiting(name, reason string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
		}}},
	}
}

func runs(name string, ready bool) corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.PodStatus{
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: status}},
			ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
}

// TestSuspects: what may pass is waited out; what lasts is told.
func TestSuspects(t *testing.T) {
	t.Parallel()
	unschedulable := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes",
	}}}}
	type look struct {
		after time.Duration
		pods  []corev1.Pod
		want  string
	}
	tests := []struct {
		name  string
		looks []look
	}{
		{"being made is not stuck", []look{
			{0, []corev1.Pod{waiting("a", "ContainerCreating")}, ""},
			{time.Hour, []corev1.Pod{waiting("a", "ContainerCreating")}, ""},
		}},
		{"a reason that lasts", []look{
			{0, []corev1.Pod{waiting("a", "ErrImageNeverPull")}, ""},
			{patience - time.Second, []corev1.Pod{waiting("a", "ErrImageNeverPull")}, ""},
			{patience, []corev1.Pod{waiting("a", "ErrImageNeverPull")}, "pod a: ErrImageNeverPull"},
		}},
		{"a reason that passes, and comes again", []look{
			{0, []corev1.Pod{waiting("a", "CreateContainerConfigError")}, ""},
			{patience - time.Second, []corev1.Pod{waiting("b", "ContainerCreating")}, ""},
			{patience + time.Second, []corev1.Pod{waiting("a", "CreateContainerConfigError")}, ""},
			{2 * patience, []corev1.Pod{waiting("a", "CreateContainerConfigError")}, ""},
		}},
		{"ends again and again, whatever it does just now", []look{
			{0, []corev1.Pod{waiting("a", crashes)}, ""},
			{crashPatience - time.Second, []corev1.Pod{runs("a", false)}, ""},
			{crashPatience, []corev1.Pod{waiting("a", crashes)}, "pod a: CrashLoopBackOff"},
		}},
		{"ended once, and is ready", []look{
			{0, []corev1.Pod{waiting("a", crashes)}, ""},
			{time.Second, []corev1.Pod{runs("a", true)}, ""},
			{crashPatience, []corev1.Pod{runs("a", false)}, ""},
			{2 * crashPatience, []corev1.Pod{runs("a", false)}, ""},
		}},
		{"no room", []look{
			{0, []corev1.Pod{unschedulable}, ""},
			{patience, []corev1.Pod{unschedulable}, "pod a: Unschedulable: 0/1 nodes"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSuspects()
			start := time.Unix(1000, 0)
			for i, l := range tt.looks {
				got := ""
				if e := s.look(start.Add(l.after), l.pods); e != nil {
					got = e.Error()
				}
				if got != l.want {
					t.Errorf("look %d: got %q, want %q", i, got, l.want)
				}
			}
		})
	}
}
