package engine_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/progress"
)

// inBox are the options of a session in a sandbox of the user's.
func inBox(t *testing.T, sb *sandbox.Sandbox, text string) (engine.Options, *recorder) {
	t.Helper()
	o, r := options(t, text)
	o.TestClock, o.Sandbox = false, sb.Name()
	return o, r
}

const oneStep = `
## One {#one}

'''yaml {apply}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: 1, policy: local}
'''

'''http {fire count=2 fresh}
GET /echo-1
apikey: my-secret-api-key
'''
`

// mine changes the sandbox's manifests as a user would, and gives their files.
func mine(t *testing.T, sb *sandbox.Sandbox) (dir string, files map[string]string) {
	t.Helper()
	f, err := sb.Running(t.Context())
	must(t, err)
	must(t, os.WriteFile(filepath.Join(f.Manifests, "mine.yaml"), []byte("# mine\napiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n\n"), 0o600))
	must(t, os.Remove(filepath.Join(f.Manifests, "12-echo-2.yaml")))
	return f.Manifests, read(t, f.Manifests)
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	out := map[string]string{}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		out[e.Name()] = string(raw)
	}
	return out
}

func same(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

// TestGivesBack: the sandbox's files are as they were, to the byte, and its
// counters are cleared.
func TestGivesBack(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	dir, before := mine(t, sb)
	minute := time.Now().Truncate(time.Minute)
	if got := remaining(t, sb); got != "4" {
		t.Fatalf("of five, %s remain after one", got)
	}
	o, r := inBox(t, sb, oneStep)
	s := open(t, o)
	if _, err := engine.Open(t.Context(), o); !errors.Is(err, hint.New("LESSON_RUNS", 0, "", "")) {
		t.Errorf("a second session in the sandbox: got %v", err)
	}
	must(t, s.Advance(t.Context()))
	must(t, s.Advance(t.Context()))
	if l := r.last(t, engine.Fired).Fired.Lanes[0]; l.Statuses[200] != 1 || l.Statuses[429] != 1 {
		t.Errorf("got %v, want one each", l.Statuses)
	}
	if same(before, read(t, dir)) {
		t.Error("the lesson does not begin with the demo")
	}
	must(t, s.Close(t.Context()))
	if after := read(t, dir); !same(before, after) {
		t.Errorf("got files %v, want %v", after, before)
	}
	if got := remaining(t, sb); got != "3" && time.Now().Truncate(time.Minute).Equal(minute) {
		t.Errorf("of five, %s remain after two that were not the lesson's", got)
	}
	text, err := metricsOf(t, sb)
	must(t, err)
	if !strings.Contains(text, "gatewayd_config_problems") {
		t.Errorf("no metrics came: %s", text)
	}
}

// remaining sends a request of the user's own, and gives what the demo's limit then
// leaves.
func remaining(t *testing.T, sb *sandbox.Sandbox) string {
	t.Helper()
	f, err := sb.Running(t.Context())
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.Gateways[0].URL()+"/echo-1", nil)
	must(t, err)
	req.Header.Set("apikey", sandbox.DemoKey)
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	defer res.Body.Close()
	return res.Header.Get("X-RateLimit-Remaining-Minute")
}

func metricsOf(t *testing.T, sb *sandbox.Sandbox) (string, error) {
	t.Helper()
	f, err := sb.Running(t.Context())
	if err != nil {
		return "", err
	}
	raw, err := f.Gateways[0].Client().Metrics(t.Context())
	return string(raw), err
}

// TestCrash: a session that was killed is settled by the next one, and by
// Recover: the sandbox's files are as they were before it.
func TestCrash(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	dir, before := mine(t, sb)
	store := t.TempDir()
	crash := func() {
		t.Helper()
		c := exec.Command(os.Args[0], "-test.run=^TestCrashes$")
		c.Env = append(os.Environ(), "CRASH_STORE="+store, "CRASH_SANDBOX="+sb.Name())
		if out, err := c.CombinedOutput(); err == nil {
			t.Fatalf("it has not crashed:\n%s", out)
		}
		if same(before, read(t, dir)) {
			t.Fatal("the crashed session has left no trace, so there is nothing to prove")
		}
	}
	crash()
	o, r := inBox(t, sb, oneStep)
	o.Store = progress.At(store)
	s := open(t, o)
	if w := r.of(engine.Working); len(w) == 0 || w[0].Work.What != "recover" {
		t.Errorf("got %v, want it to tell of the crash", w)
	}
	must(t, s.Close(t.Context()))
	if after := read(t, dir); !same(before, after) {
		t.Errorf("got files %v, want %v", after, before)
	}

	crash()
	told := ""
	recover := func() {
		must(t, engine.Recover(t.Context(), o.Store, func(name string) (*sandbox.Sandbox, error) { return find(sandbox.Options{Name: name}) },
			func(sandbox, lesson string, err error) {
				must(t, err)
				told = sandbox + " " + lesson
			}))
	}
	recover()
	if want := sb.Name() + " test"; told != want {
		t.Errorf("got %q, want %q", told, want)
	}
	if after := read(t, dir); !same(before, after) {
		t.Errorf("got files %v, want %v", after, before)
	}

	crash() // a sandbox that was made anew meanwhile is not given what the old one held
	_, err := sb.Down(t.Context())
	must(t, err)
	again := box(t, sandbox.Options{})
	f, err := again.Running(t.Context())
	must(t, err)
	fresh := read(t, f.Manifests)
	recover()
	if after := read(t, f.Manifests); !same(fresh, after) {
		t.Errorf("got files %v, want %v", after, fresh)
	}
}

// TestCrashes is the session that crashes, in a process of its own.
func TestCrashes(t *testing.T) {
	store := os.Getenv("CRASH_STORE")
	if store == "" {
		t.Skip("it is run by TestCrash")
	}
	o, _ := options(t, oneStep)
	o.TestClock, o.Sandbox, o.Store = false, os.Getenv("CRASH_SANDBOX"), progress.At(store)
	s, err := engine.Open(t.Context(), o)
	must(t, err)
	must(t, s.Advance(t.Context()))
	p, err := os.FindProcess(os.Getpid())
	must(t, err)
	_ = p.Kill()
	select {}
}

// TestOwnManifests: a directory of the user's own is never written to; the lesson
// brings up a sandbox of its own, and takes it down.
func TestOwnManifests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: a}\nspec: {ingressClassName: kong, defaultBackend: {service: {name: b, port: {number: 80}}}}\n"
	must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600))
	before := read(t, dir)
	sb := box(t, sandbox.Options{Manifests: dir})
	o, r := inBox(t, sb, oneStep)
	s := open(t, o)
	if l := r.last(t, engine.LessonBegan).Lesson; l.Sandbox != engine.OwnSandbox {
		t.Errorf("the lesson runs in %s, want %s", l.Sandbox, engine.OwnSandbox)
	}
	must(t, s.Advance(t.Context()))
	must(t, s.Advance(t.Context()))
	must(t, s.Close(t.Context()))
	if after := read(t, dir); !same(before, after) {
		t.Errorf("got files %v, want %v", after, before)
	}
	own, err := find(sandbox.Options{Name: engine.OwnSandbox})
	must(t, err)
	if f, _ := own.Find(t.Context()); f.State != sandbox.Absent {
		t.Errorf("the lesson's own sandbox is %s, want it gone", f.State)
	}
}

// TestNeeds: a lesson that needs what is not there says so, and leaves nothing.
func TestNeeds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, mode, plugin string }{{"NEEDS_RUNTIME", "kind", ""}, {"NEEDS_PLUGIN", "any", "oauth2"}} {
		o, _ := options(t, oneStep)
		o.Lesson.Needs.Mode = tt.mode
		if tt.plugin != "" {
			o.Lesson.Needs.Plugins = []string{tt.plugin}
		}
		s, err := engine.Open(t.Context(), o)
		if !errors.Is(err, hint.New(tt.id, 0, "", "")) {
			t.Errorf("got %v, want %s", err, tt.id)
		}
		must(t, s.Close(context.WithoutCancel(t.Context())))
		sb, err := find(sandbox.Options{Name: o.Sandbox})
		must(t, err)
		if f, _ := sb.Find(t.Context()); f.State != sandbox.Absent {
			t.Errorf("%s: the sandbox is %s, want it gone", tt.id, f.State)
		}
	}
}

// TestNeedsKeepsProgress: a lesson that cannot begin leaves what was remembered
// of it, and gives the sandbox back.
func TestNeedsKeepsProgress(t *testing.T) {
	t.Parallel()
	sb := box(t, sandbox.Options{})
	dir, before := mine(t, sb)
	o, _ := inBox(t, sb, simple)
	s := open(t, o)
	for range 5 { // question, fire, check, next step, fire
		must(t, s.Advance(t.Context()))
	}
	must(t, s.Close(t.Context()))
	want, err := o.Store.Load("test")
	must(t, err)
	if want.Step != "two" || want.Item != 1 || want.Docs == "" {
		t.Fatalf("got record %+v, want one at step two", want)
	}
	o.Lesson.Needs.Plugins = []string{"oauth2"}
	for _, fresh := range []bool{false, true} {
		o.Fresh = fresh
		s, err := engine.Open(t.Context(), o)
		if !errors.Is(err, hint.New("NEEDS_PLUGIN", 0, "", "")) {
			t.Errorf("got %v, want NEEDS_PLUGIN", err)
		}
		must(t, s.Close(t.Context()))
		got, err := o.Store.Load("test")
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the record has changed (-want +got):\n%s", diff)
		}
		if after := read(t, dir); !same(before, after) {
			t.Errorf("got files %v, want %v", after, before)
		}
	}
}
