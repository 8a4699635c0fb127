package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/adrg/xdg"

	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/step"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/progress"
)

const processArgument = "__sandboxd"

// TestMain is a sandbox's process too, as gwctl is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == processArgument {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		_ = sandbox.RunProcess(ctx, os.Stdin, os.Stdout, os.Stderr) // it has told its parent
		return
	}
	if os.Getenv("CRASH_STORE") != "" { // a session that is to crash, among the sandboxes of its parent
		m.Run()
		return
	}
	state, err := os.MkdirTemp("", "engine-test-*")
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

// find finds a sandbox as gwctl does.
func find(o sandbox.Options) (*sandbox.Sandbox, error) {
	o.Version, o.ProcessCommand = "test", []string{processArgument}
	return sandbox.New(o)
}

type silent struct{}

func (silent) Started(step.Event)  {}
func (silent) Warned(step.Event)   {}
func (silent) Finished(step.Event) {}

// box brings up a sandbox of the test's own, as a user would.
func box(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	o.Name, o.Runtime, o.Port = name(t), sandbox.Local, sandbox.AnyPort
	s, err := find(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Up(t.Context(), silent{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func name(t *testing.T) string {
	n := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	return n[:min(len(n), 50)]
}

// recorder keeps the events of a session.
type recorder struct {
	mu     sync.Mutex
	events []engine.Event
}

func (r *recorder) add(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of gives the events of a type.
func (r *recorder) of(typ engine.Type) []engine.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []engine.Event
	for _, e := range r.events {
		if e.Type == typ {
			out = append(out, e)
		}
	}
	return out
}

func (r *recorder) last(t *testing.T, typ engine.Type) engine.Event {
	t.Helper()
	list := r.of(typ)
	if len(list) == 0 {
		t.Fatalf("there was no event %s", typ)
	}
	return list[len(list)-1]
}

func parse(t *testing.T, text string) *lesson.Lesson {
	t.Helper()
	l, err := lesson.Parse("---\nformat: 1\nid: test\ntitle: Test\nsummary: s\nminutes: 1\n---\n"+strings.ReplaceAll(text, "'''", "```"), lesson.Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// options are those of a session with a test clock in a sandbox of its own.
func options(t *testing.T, text string) (engine.Options, *recorder) {
	t.Helper()
	r := &recorder{}
	o := engine.Options{
		Lesson: parse(t, text), Store: progress.At(t.TempDir()), Sandbox: name(t), TestClock: true, Find: find, Emit: r.add,
	}
	for _, k := range plugins.All() {
		o.Plugins = append(o.Plugins, k.Name)
	}
	return o, r
}

// open opens a session that is closed when the test ends.
func open(t *testing.T, o engine.Options) *engine.Session {
	t.Helper()
	s, err := engine.Open(t.Context(), o)
	closed := false
	closing := func() {
		if s != nil && !closed {
			closed = true
			if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(closing)
	if err != nil {
		closing()
		t.Fatal(err)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// walk advances until the lesson is finished.
func walk(t *testing.T, s *engine.Session, r *recorder) {
	t.Helper()
	for range 100 {
		if r.last(t, engine.Ready).Ready.Next == "none" {
			return
		}
		must(t, s.Advance(t.Context()))
		if list := r.of(engine.Checked); len(list) > 0 && !list[len(list)-1].Check.Holds {
			must(t, s.Solve(t.Context()))
		}
	}
	t.Fatal("the lesson does not end")
}

// TestEventsThroughJSON: every event of a session is the same after JSON.
func TestEventsThroughJSON(t *testing.T) {
	t.Parallel()
	o, r := options(t, simple)
	s := open(t, o)
	walk(t, s, r)
	must(t, s.Close(t.Context()))
	for i, e := range r.events {
		raw, err := json.Marshal(e)
		must(t, err)
		var back engine.Event
		must(t, json.Unmarshal(raw, &back))
		again, err := json.Marshal(back)
		must(t, err)
		if string(raw) != string(again) {
			t.Errorf("event differs:\n%s\n%s", raw, again)
		}
		if e.Seq != int64(i+1) {
			t.Errorf("event %d has number %d", i+1, e.Seq)
		}
	}
	if first, last := r.events[0].Type, r.events[len(r.events)-1].Type; first != engine.Working || last != engine.Left {
		t.Errorf("got %s first and %s last", first, last)
	}
}

const simple = `
## One {#one}

Read this.

'''quiz {predict of=status:200}
How many?
'''

'''http {fire id=burst count=7 fresh within=minute}
GET /echo-1
apikey: my-secret-api-key
'''

'''yaml {check id=limited}
status: {200: 5, 429: 2}
reached: 5
trace: {plugin: rate-limiting, decision: deny, count: 2}
limiter: {algorithm: sliding-window, period: minute, limit: 5, remaining: 0}
metric: {name: gatewayd_http_requests_total, labels: {code: "429"}, value: {at-least: 2}}
'''

## Two {#two}

'''http {fire id=more count=3 fresh}
GET /echo-2
apikey: my-secret-api-key
'''

'''yaml {check id=two-pass}
status: {200: 2, 429: 1}
'''

'''yaml {check id=object}
object: {kind: KongPlugin, namespace: api-gateway-demo, name: rate-limit, jsonpath: "{.config.minute}", value: 2}
'''

'''md {hint}
first
'''

'''md {hint}
second
'''

'''md {hint when=two-pass}
by situation
'''

'''yaml {solve}
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: rate-limit, namespace: api-gateway-demo}
plugin: rate-limiting
config: {minute: 2, policy: local}
'''
`
