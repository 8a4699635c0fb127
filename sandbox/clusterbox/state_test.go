package clusterbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// is checks that an error is the hint of an ID.
func is(t *testing.T, err error, id string) {
	t.Helper()
	if id == "" && err != nil || id != "" && !errors.Is(err, hint.New(id, hint.OK, "", "")) {
		t.Errorf("got %v, want %q", err, id)
	}
}

// TestTake: what is asked for now wins over what is remembered.
func TestTake(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs("kubeconfig")
	if err != nil {
		t.Fatal(err)
	}
	was := state{
		Kubeconfig: "/k", Context: "c", UID: "u", Registry: "r", ServiceType: "NodePort", Class: "mine", KeepCRDs: true,
		Made: []cluster.Ref{{Kind: "Namespace", Name: "n"}},
	}
	with := func(change func(*state)) state {
		s := was
		change(&s)
		return s
	}
	tests := []struct {
		name string
		had  state
		opts Options
		want state
	}{
		{"nothing of nothing", state{}, Options{}, state{ServiceType: "ClusterIP", Class: "kong"}},
		{"nothing new", was, Options{}, was},
		{"a context of a file here", state{}, Options{Kubeconfig: "kubeconfig", Context: "c"}, state{Kubeconfig: here, Context: "c", ServiceType: "ClusterIP", Class: "kong"}},
		{"the context was renamed", was, Options{Context: "d"}, with(func(s *state) { s.Context = "d" })},
		{"the file was moved", was, Options{Kubeconfig: "/l"}, with(func(s *state) { s.Kubeconfig = "/l" })},
		{"another way in", was, Options{ServiceType: "ClusterIP"}, with(func(s *state) { s.ServiceType = "ClusterIP" })},
		{"three gateways", was, Options{Replicas: 3}, with(func(s *state) { s.Replicas = 3 })},
		{"three gateways still", with(func(s *state) { s.Replicas = 3 }), Options{}, with(func(s *state) { s.Replicas = 3 })},
		{"another registry and class", was, Options{Registry: "q", Class: "kong"}, with(func(s *state) { s.Registry, s.Class = "q", "kong" })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := &Box{opts: tt.opts, state: &tt.had}
			if err := b.take(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *b.state); diff != "" {
				t.Errorf("state differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir()})
	if s, err := b.readState(); s != nil || err != nil || b.Holds() {
		t.Errorf("of nothing, got %v, %v, held: %t", s, err, b.Holds())
	}
	ns := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: "n"}
	secret := cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "n", Name: "s"}
	b.state = &state{Kubeconfig: "/k", Context: "c", UID: "u", ServiceType: "ClusterIP", Class: "kong"}
	for _, list := range [][]cluster.Ref{{ns}, {ns, secret}, nil, {secret}} {
		if err := b.making(list); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.readState()
	if err != nil || !b.Holds() {
		t.Fatal(err)
	}
	want := *b.state
	want.Made = []cluster.Ref{ns, secret}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("state differs (-want +got):\n%s", diff)
	}
	if path, kubecontext := New(b.opts).Kubeconfig(); path != "/k" || kubecontext != "c" {
		t.Errorf("got kubeconfig %q, context %q", path, kubecontext)
	}
}

// TestBrokenState: a file that cannot be read stops all but forgetting it.
func TestBrokenState(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir()})
	if err := os.WriteFile(b.path(stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := b.readState()
	is(t, err, "BAD_STATE")
	if !b.Holds() {
		t.Error("nothing is held")
	}
	state, _, _, _, err := b.Look(t.Context())
	is(t, err, "BAD_STATE")
	if state != Broken {
		t.Errorf("got state %d", state)
	}
	_, err = b.Down(t.Context())
	is(t, err, "BAD_STATE")
	if _, err := os.Stat(b.path(stateFile)); err != nil {
		t.Error(err)
	}
	b = New(Options{Dir: b.opts.Dir, Forget: true})
	if was, err := b.Down(t.Context()); !was || err != nil {
		t.Errorf("got %t, %v", was, err)
	}
	if b.Holds() || !strings.Contains(strings.Join(b.Left(), "\n"), "\nhelm -n gwctl-system uninstall gatewayd\nkubectl delete namespace gwctl-system") {
		t.Errorf("held: %t; left: %s", b.Holds(), b.Left())
	}
}

// TestForget: what stays in a cluster is told, with how it goes.
func TestForget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		had  *state
		want string
	}{
		{"nothing was made", nil, ""},
		{
			"a release and a demo", &state{Kubeconfig: "/k", Context: "c", Made: []cluster.Ref{
				{Kind: "Namespace", Name: "gwctl-system"}, {Kind: "CustomResourceDefinition", Name: "x"}, {Kind: "Namespace", Name: "demo"},
			}},
			"what is in the cluster stays there; if it is not gone for good, remove it by hand:\n" +
				"helm --kubeconfig /k --kube-context c -n gwctl-system uninstall gatewayd\n" +
				"kubectl --kubeconfig /k --context c delete namespace gwctl-system demo",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir(), Forget: true})
			if tt.had != nil {
				if err := b.writeState(tt.had); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.Down(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(b.Left(), "\n")); diff != "" {
				t.Errorf("what is told differs (-want +got):\n%s", diff)
			}
			if left, _ := filepath.Glob(b.path("*")); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

// TestConnect: a context has to lead to the cluster that is remembered.
func TestConnect(t *testing.T) {
	t.Parallel()
	there := serve(t, nil)
	tests := []struct {
		name string
		had  *state
		id   string
	}{
		{"the same", &state{Kubeconfig: there, Context: "c", UID: "uid-kube-system"}, ""},
		{"a new one", &state{Kubeconfig: there, Context: "c"}, ""},
		{"the current context", &state{Kubeconfig: there}, ""},
		{"another", &state{Kubeconfig: there, Context: "c", UID: "other"}, "OTHER_CLUSTER"},
		{"no such context", &state{Kubeconfig: there, Context: "d"}, "NO_CONTEXT"},
		{"no such file", &state{Kubeconfig: there + ".not", Context: "c"}, "NO_CONTEXT"},
		{"nobody answers", &state{Kubeconfig: kubeconfigOf(t, "http://127.0.0.1:1"), Context: "c"}, "CLUSTER_UNREACHABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir()})
			b.state = tt.had
			err := b.connect(t.Context())
			is(t, err, tt.id)
			if err == nil && (b.state.UID != "uid-kube-system" || b.state.Context != "c") {
				t.Errorf("got UID %q, context %q", b.state.UID, b.state.Context)
			}
		})
	}
}

// TestRefusedHere: what cannot be done in another cluster changes nothing here.
func TestRefusedHere(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir()})
	if err := b.writeState(&state{Kubeconfig: serve(t, nil), Context: "c", UID: "other", ServiceType: "ClusterIP"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.path(forwardFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := b.Down(t.Context())
	is(t, err, "OTHER_CLUSTER")
	state, _, _, _, err := b.Look(t.Context())
	is(t, err, "OTHER_CLUSTER")
	if state != Broken {
		t.Errorf("got state %d", state)
	}
	if left, _ := filepath.Glob(b.path("*")); len(left) != 2 {
		t.Errorf("of two files there are %v", left)
	}
}

// TestPreflight: the gateway's namespace is remembered before anything is made, and
// not when it is another's.
func TestPreflight(t *testing.T) {
	t.Parallel()
	ns := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: deploy.Namespace}
	tests := []struct {
		name string
		has  objects
		id   string
		made []cluster.Ref
	}{
		{"an empty cluster", nil, "", []cluster.Ref{ns}},
		{"another's", objects{"/api/v1/namespaces/" + ns.Name: named(ns.Name)}, "FOREIGN_RELEASE", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir(), Kubeconfig: serve(t, tt.has)})
			is(t, b.preflight(t.Context(), &step.Task{}, Want{}), tt.id)
			got, err := b.readState()
			if err != nil {
				t.Fatal(err)
			}
			if tt.made == nil {
				if got != nil {
					t.Errorf("remembered: %v", got)
				}
				return
			}
			if diff := cmp.Diff(tt.made, got.Made); diff != "" {
				t.Errorf("what is remembered differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMine: what was there before is not removed, whichever way it is written.
func TestMine(t *testing.T) {
	t.Parallel()
	ref := func(version, kind, namespace, name string) cluster.Ref {
		return cluster.Ref{APIVersion: version, Kind: kind, Namespace: namespace, Name: name}
	}
	tests := []struct {
		name string
		made cluster.Ref
		own  cluster.Ref
		want bool
	}{
		{"the same", ref("v1", "Service", "n", "a"), ref("v1", "Service", "n", "a"), true},
		{"made without a namespace", ref("v1", "Service", "", "a"), ref("v1", "Service", "default", "a"), true},
		{"a namespace where there is none", ref("v1", "Namespace", "n", "a"), ref("v1", "Namespace", "", "a"), true},
		{"another version", ref("x/v1beta1", "A", "n", "a"), ref("x/v1", "A", "n", "a"), true},
		{"another namespace", ref("v1", "Service", "", "a"), ref("v1", "Service", "n", "a"), false},
		{"another group", ref("x/v1", "Service", "n", "a"), ref("v1", "Service", "n", "a"), false},
		{"another name", ref("v1", "Service", "n", "a"), ref("v1", "Service", "n", "b"), false},
	}
	for _, tt := range tests {
		s := &state{Made: []cluster.Ref{tt.made}, Own: []cluster.Ref{tt.own}}
		if got := s.mine(); (len(got) == 1) != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}
