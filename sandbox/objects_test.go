package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/step"
)

const processArgument = "__sandboxd"

// TestMain is the sandbox's process too, as gwctl is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == processArgument {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		_ = sandbox.RunProcess(ctx, os.Stdin, os.Stdout, os.Stderr) // it has told its parent
		return
	}
	state, err := os.MkdirTemp("", "sandbox-test-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(state)
	if err := os.Setenv("XDG_STATE_HOME", state); err != nil {
		panic(err)
	}
	xdg.Reload()
	m.Run()
}

type silent struct{}

func (silent) Started(step.Event)  {}
func (silent) Warned(step.Event)   {}
func (silent) Finished(step.Event) {}

// up brings up a sandbox of the test's own.
func up(t *testing.T, o sandbox.Options) (*sandbox.Sandbox, *sandbox.Result) {
	t.Helper()
	o.Name = strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	o.Port, o.Version, o.ProcessCommand = sandbox.AnyPort, "test", []string{processArgument}
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	res, err := s.Up(t.Context(), silent{})
	if err != nil {
		t.Fatal(err)
	}
	return s, res
}

func objects(t *testing.T, s *sandbox.Sandbox) map[string]string {
	t.Helper()
	f, err := s.Running(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, o := range f.Gateways[0].Status.Objects {
		if !strings.HasPrefix(o.Version, "stand-in") {
			out[o.Name] = o.Version
		}
	}
	return out
}

const limited = `apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: %s, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: %d}
`

// TestSaveReplaceApply: what is applied is served when Apply returns; what was
// saved comes back to the byte, the user's comments and faults too.
func TestSaveReplaceApply(t *testing.T) {
	t.Parallel()
	s, res := up(t, sandbox.Options{})
	ctx := t.Context()
	edited := filepath.Join(res.Manifests, "20-plugins.yaml")
	text, err := os.ReadFile(edited)
	if err != nil {
		t.Fatal(err)
	}
	mine := "# mine\n" + string(text) + "\n\n# the end"
	faulty := filepath.Join(res.Manifests, "sub", "faulty.yaml")
	if err := os.Mkdir(filepath.Dir(faulty), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{edited: mine, faulty: "kind: KongPlugin\nmetadata: [\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := s.Save(ctx)
	if err != nil {
		t.Fatal(err)
	}

	if err := s.Replace(ctx, []byte("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"+fmt.Sprintf(limited, "x", 5))); err != nil {
		t.Fatal(err)
	}
	before := objects(t, s)
	if len(before) != 2 || before["Namespace a"] == "" || before["KongPlugin api-gateway-demo/x"] == "" {
		t.Errorf("got %v, want the namespace and the plugin alone", before)
	}
	if err := s.Apply(ctx, []byte(fmt.Sprintf(limited, "x", 6)+"---\n"+fmt.Sprintf(limited, "z", 7))); err != nil {
		t.Fatal(err)
	}
	after := objects(t, s)
	if len(after) != 3 || after["KongPlugin api-gateway-demo/x"] == before["KongPlugin api-gateway-demo/x"] {
		t.Errorf("got %v after %v, want x changed and z beside it", after, before)
	}
	list := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n"
	if err := s.Apply(ctx, []byte(list)); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: b}}\n")); err != nil {
		t.Fatal(err)
	}
	if got := objects(t, s); len(got) != 4 || got["Namespace b"] == "" || got["Namespace a"] == got["Namespace b"] {
		t.Errorf("got %v, want a taken out of the list and b left in it", got)
	}
	if err := s.Apply(ctx, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: c}\nspce: {}\n")); err == nil || !strings.Contains(err.Error(), "spce") {
		t.Errorf("got %v, want an error that names the unknown field", err)
	}

	if err := s.Replace(ctx, saved); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{edited: mine, faulty: "kind: KongPlugin\nmetadata: [\n"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v; want %q", path, got, err, want)
		}
	}
	if again, err := s.Save(ctx); err != nil || string(again) != string(saved) {
		t.Errorf("what was saved did not come back: %v\n%s", err, again)
	}
	if got := objects(t, s); len(got) != 10 {
		t.Errorf("got %d objects, want the demo's 10: %v", len(got), got)
	}
}

// TestOwnManifestsAreNotWritten: whoever serves files of their own keeps them.
func TestOwnManifestsAreNotWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	text := "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: a}\nspec: {ingressClassName: kong, defaultBackend: {service: {name: b, port: {number: 80}}}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := up(t, sandbox.Options{Manifests: dir})
	if err := s.Apply(t.Context(), []byte(limited)); err == nil {
		t.Error("Apply got no error")
	}
	if err := s.Replace(t.Context(), nil); err == nil {
		t.Error("Replace got no error")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("the file was changed: %s, %v", got, err)
	}
}

// TestTestClock: a sandbox that is asked for one has a clock that can be moved;
// brought up without, it has none.
func TestTestClock(t *testing.T) {
	t.Parallel()
	s, res := up(t, sandbox.Options{TestClock: true})
	now := res.Gateways[0].Status.Now
	moved, err := res.Gateways[0].Client().Advance(t.Context(), time.Hour)
	if err != nil || moved.Sub(now) < time.Hour {
		t.Errorf("got %s after %s, %v; want an hour later", moved, now, err)
	}
	plain, err := sandbox.New(sandbox.Options{Name: s.Name(), Version: "test", ProcessCommand: []string{processArgument}})
	if err != nil {
		t.Fatal(err)
	}
	if res, err = plain.Up(t.Context(), silent{}); err != nil {
		t.Fatal(err)
	}
	if !res.Started || res.Gateways[0].Status.TestClock {
		t.Errorf("got a gateway with a test clock (%v), want one started without", res.Gateways[0].Status.TestClock)
	}
}
