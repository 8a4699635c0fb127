package kindbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// remembering makes a box that remembers a cluster on an engine that is not here,
// or a state that cannot be read.
func remembering(t *testing.T, text string, o Options) *Box {
	t.Helper()
	o.Dir, o.Name = t.TempDir(), "demo-2"
	b := New(o)
	if err := os.WriteFile(b.path(stateFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

const onNonesuch = `{"cluster":"gwctl-demo-2","engine":"nonesuch","image":"i","port":8000}`

// TestEngineOfCluster: a cluster is looked for where it was made; where that engine
// is away, what is advised can be done with this sandbox.
func TestEngineOfCluster(t *testing.T) {
	t.Setenv("KIND_EXPERIMENTAL_PROVIDER", "no-such-engine")
	b := New(Options{Dir: t.TempDir(), Name: "default"})
	if got := b.Engine(); got != "" {
		t.Errorf("no cluster is in engine %q", got)
	}
	if h, ok := errors.AsType[*hint.Hint](b.findEngine(t.Context())); !ok || !strings.Contains(h.Advice, "--runtime local") {
		t.Errorf("of a sandbox that is new, got %#v, want advice to do without an engine", h)
	}
	for name, tt := range map[string]struct{ state, who string }{
		"its engine is away":  {onNonesuch, "nonesuch"},
		"it cannot be read":   {"{", "the container engine"},
		"it is not yet whole": {`{"cluster":"gwctl-demo-2","engine":"nonesuch","creating":true}`, "nonesuch"},
	} {
		t.Run(name, func(t *testing.T) {
			b := remembering(t, tt.state, Options{})
			_, err := b.Down(t.Context())
			h, ok := errors.AsType[*hint.Hint](err)
			if !ok || h.ID != "NO_ENGINE" || h.Code != hint.NoEngine {
				t.Fatalf("got %#v, want NO_ENGINE", err)
			}
			for _, want := range []string{tt.who, "cluster gwctl-demo-2"} {
				if !strings.Contains(h.Message, want) {
					t.Errorf("%q does not name %s", h.Message, want)
				}
			}
			if strings.Contains(h.Advice, "--runtime") || !strings.Contains(h.Advice, "gwctl down --forget --name demo-2") {
				t.Errorf("the advice is %q", h.Advice)
			}
			if !b.Holds() {
				t.Error("the cluster is forgotten")
			}
		})
	}
}

// TestForget: where the engine is gone for good, what is on this machine goes, the
// user's own kubeconfig is as it was, and what may be left is told.
func TestForget(t *testing.T) {
	t.Setenv("KIND_EXPERIMENTAL_PROVIDER", "no-such-engine")
	own := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(own, []byte("apiVersion: v1\nkind: Config\ncurrent-context: kind-gwctl-demo-2\ncontexts: [{name: kind-gwctl-demo-2, context: {cluster: c}}, {name: work, context: {cluster: w}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(onNonesuch, `"port"`, `"switched":{"path":"`+own+`","context":"work","sum":"1"},"port"`, 1)
	for name, state := range map[string]string{"its engine is away": text, "it cannot be read": "{"} {
		t.Run(name, func(t *testing.T) {
			b := remembering(t, state, Options{Forget: true})
			if was, err := b.Down(t.Context()); err != nil || !was || b.Holds() {
				t.Errorf("got %t, %v, want it forgotten", was, err)
			}
			if left := strings.Join(b.Left(), "\n"); !strings.Contains(left, "label=io.x-k8s.kind.cluster=gwctl-demo-2") {
				t.Errorf("it does not say how to remove what is left: %q", left)
			}
		})
	}
	if got, err := os.ReadFile(own); err != nil || !strings.Contains(string(got), "current-context: work") || strings.Contains(string(got), "gwctl") {
		t.Errorf("the user's own kubeconfig is\n%s%v", got, err)
	}
}

// TestForgetWithEngine: an engine that answers removes all, so nothing is forgotten.
func TestForgetWithEngine(t *testing.T) {
	t.Parallel()
	b := remembering(t, onNonesuch, Options{Forget: true})
	b.engine = fakeEngine(t)
	if _, err := b.Down(t.Context()); !errors.Is(err, hint.New("UNFIT_FLAG", hint.Usage, "", "")) || !b.Holds() {
		t.Errorf("got %v, want UNFIT_FLAG, and the cluster remembered", err)
	}
}
