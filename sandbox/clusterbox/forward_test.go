package clusterbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/step"
)

// taken is a port on which somebody listens.
func taken(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestListen(t *testing.T) {
	t.Parallel()
	busy := taken(t)
	tests := []struct {
		name  string
		ports []int
		taken int
	}{
		{"any", []int{0}, 0},
		{"the next free one", []int{busy, 0}, 0},
		{"none is free", []int{busy}, busy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, got, err := listen(t.Context(), tt.ports)
			if got != tt.taken || (err == nil) != (tt.taken == 0) {
				t.Errorf("got taken %d, %v; want %d", got, err, tt.taken)
			}
			if err == nil {
				if host, _, _ := net.SplitHostPort(l.Addr().String()); host != "127.0.0.1" {
					t.Errorf("listens on %s", l.Addr())
				}
				l.Close()
			}
		})
	}
}

// TestForwardProcess: the process holds a lock and is found by its file; it ends
// when that is removed, or its context ends. Where no gateway is ready, a client is
// let go.
func TestForwardProcess(t *testing.T) {
	t.Parallel()
	const pods = "/api/v1/namespaces/" + deploy.Namespace + "/pods"
	b := New(Options{Dir: t.TempDir()})
	kubeconfig := serve(t, objects{pods: corev1.PodList{}})
	told := func(ctx context.Context) (forwardState, chan error) {
		raw, err := json.Marshal(order{b.opts.Dir, kubeconfig, "c", []int{0}})
		if err != nil {
			t.Fatal(err)
		}
		r, w := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := Forward(ctx, bytes.NewReader(raw), w)
			_ = w.Close()
			ended <- err
		}()
		var f forwardState
		if err := json.NewDecoder(r).Decode(&f); err != nil {
			t.Fatal(err)
		}
		return f, ended
	}
	if b.forwarding() {
		t.Error("it is there before it is started")
	}
	f, ended := told(t.Context())
	if got, err := b.readForward(); err != nil || got != f || f.PID != os.Getpid() || !b.forwarding() {
		t.Errorf("told %v; the file says %v, %v; it is there: %t", f, got, err, b.forwarding())
	}
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", f.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("a client without a gateway: %v", err)
	}
	second, refused := told(t.Context())
	if err := <-refused; err == nil || second.Error != "another process forwards already" {
		t.Errorf("a second one told %v, ended with %v", second, err)
	}
	if got, err := b.readForward(); err != nil || got != f {
		t.Errorf("after a second one, the file says %v, %v", got, err)
	}
	if err := b.stopForward(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || b.forwarding() {
		t.Errorf("ended with %v, it is there: %t", err, b.forwarding())
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, ended = told(ctx)
	cancel()
	if err := <-ended; err != nil || b.forwarding() {
		t.Errorf("with its context, it ended with %v, it is there: %t", err, b.forwarding())
	}
	if err := b.stopForward(t.Context()); err != nil {
		t.Errorf("of what has ended: %v", err)
	}
	for _, name := range []string{forwardFile, forwardLock} {
		if _, err := os.Stat(b.path(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

// silent is a Reporter that says nothing.
type silent struct{}

func (silent) Started(step.Event)  {}
func (silent) Warned(step.Event)   {}
func (silent) Finished(step.Event) {}

// TestSpawn starts a process that forwards, keeps it, moves it and ends it.
func TestSpawn(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir(), Command: []string{forwardCommand}})
	b.state = &state{Kubeconfig: serve(t, nil), Context: "c"}
	forward := func(want Want) error {
		return step.Run(t.Context(), silent{}, []step.Step{{ID: "way", Run: func(ctx context.Context, task *step.Task) error { return b.forward(ctx, task, want) }}})
	}
	t.Cleanup(func() {
		if err := b.stopForward(context.Background()); err != nil {
			t.Error(err)
		}
	})
	busy := taken(t)
	is(t, forward(Want{Ports: []int{busy, 0}, Fixed: true}), "PORT_IN_USE")
	if b.forwarding() || b.Started() {
		t.Error("it is there without a port")
	}
	if err := forward(Want{Ports: []int{busy, 0}}); err != nil {
		t.Fatal(err)
	}
	first, err := b.readForward()
	if err != nil || first.PID == os.Getpid() || !b.forwarding() || !b.Started() {
		t.Errorf("got %v, %v; it is there: %t", first, err, b.forwarding())
	}
	if err := forward(Want{Ports: []int{busy, 0}}); err != nil {
		t.Fatal(err)
	}
	if again, err := b.readForward(); again != first || err != nil {
		t.Errorf("once more, got %v, %v; want %v", again, err, first)
	}
	_, text, _ := net.SplitHostPort(first.Address)
	port, _ := strconv.Atoi(text)
	is(t, forward(Want{Ports: []int{port}, Fixed: true}), "")
	if again, err := b.readForward(); again != first || err != nil {
		t.Errorf("with the port that it has, got %v, %v; want %v", again, err, first)
	}
	b.opts.Command = nil
	if err := forward(Want{Ports: []int{busy}, Fixed: true}); err == nil || !strings.Contains(err.Error(), "nobody said") {
		t.Errorf("without a command: %v", err)
	}
}

func pod(name string, ready corev1.ConditionStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: deploy.Namespace,
			Labels: map[string]string{"app.kubernetes.io/name": "gatewayd", "app.kubernetes.io/instance": deploy.Release},
		},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

// TestPick: connections go to the pods that take traffic in turn, and to those of
// before while the API server does not answer.
func TestPick(t *testing.T) {
	t.Parallel()
	going := pod("d", corev1.ConditionTrue)
	going.DeletionTimestamp, going.Finalizers = &metav1.Time{Time: time.Unix(1, 0)}, []string{"x/y"}
	other := pod("e", corev1.ConditionTrue)
	other.Labels = nil
	api := fake.NewClientset(pod("a", corev1.ConditionTrue), pod("b", corev1.ConditionFalse), pod("c", corev1.ConditionTrue), going, other)
	p := &pods{conn: &cluster.Conn{Typed: api}}
	picked := func(again bool) string {
		t.Helper()
		var names []string
		for range 4 {
			name, err := p.pick(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, "")
	}
	if got := picked(false); got != "aacc" {
		t.Errorf("got %s, want each of two twice", got)
	}
	if err := api.CoreV1().Pods(deploy.Namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := picked(true); got != "cccc" {
		t.Errorf("once one has gone, got %s", got)
	}
	away := errors.New("away")
	api.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) { return away != nil, nil, away })
	if got := picked(true); got != "cccc" {
		t.Errorf("while nobody answers, got %s", got)
	}
	if _, err := (&pods{conn: p.conn}).pick(t.Context(), false); !errors.Is(err, away) {
		t.Errorf("knowing none, while nobody answers: %v", err)
	}
	away = nil
	if err := api.CoreV1().Pods(deploy.Namespace).Delete(t.Context(), "c", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.pick(t.Context(), true); !errors.Is(err, deploy.ErrNoGateway) {
		t.Errorf("of none that is ready: %v", err)
	}
}
