package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
)

const withExec = `
## One {#one}

'''sh {run id=look}
#!/bin/bash
first
second
'''

'''yaml {check id=made}
exec: |
  # a comment
  test -e made
'''

'''yaml {check id=not}
not: {exec: gwctl status}
'''

'''sh {solve}
touch made
'''
`

// fake runs commands as a shell that knows two.
type fake struct {
	made     bool
	commands []string
}

func (f *fake) shell(_ context.Context, command, _ string) (string, int, error) {
	f.commands = append(f.commands, command)
	switch {
	case command == "touch made":
		f.made = true
	case strings.Contains(command, "test -e made") && !f.made:
		return "looking\nit is not made\n", 3, nil
	}
	return "", 0, nil
}

// TestExec: a script of a check must end with 0; a block that is a script is run
// as one; gwctl's own commands need no shell.
func TestExec(t *testing.T) {
	t.Parallel()
	o, r := options(t, withExec)
	f, own := &fake{}, &fake{}
	o.Shell = f.shell
	o.Gwctl = func(_ context.Context, command, _ string) (string, int, error) {
		own.commands = append(own.commands, command)
		return "no\n", 16, nil
	}
	s := open(t, o)
	ctx := t.Context()
	must(t, s.Advance(ctx)) // run
	if ran := r.last(t, engine.Ran).Run; ran.Command != "#!/bin/bash\nfirst\nsecond" {
		t.Errorf("ran %q", ran.Command)
	}
	must(t, s.Advance(ctx))
	c := r.last(t, engine.Checked).Check
	if want := "a script (test -e made …) ended with code 3, and should end with 0, saying it is not made"; c.Holds || c.Reason != want {
		t.Errorf("got %+v, want %s", c, want)
	}
	must(t, s.Solve(ctx))
	if c := r.last(t, engine.Checked).Check; !c.Holds || c.Reason != "what should not be so is not so" {
		t.Errorf("got %+v", c)
	}
	if len(own.commands) != 1 || own.commands[0] != "gwctl status" {
		t.Errorf("gwctl ran %q", own.commands)
	}
}

// TestExecNeedsConsent: without a shell a script of a check does not run.
func TestExecNeedsConsent(t *testing.T) {
	t.Parallel()
	o, _ := options(t, "## One {#one}\n\n'''yaml {check id=c}\nexec: rm -r x\n'''\n\n'''sh {solve}\ntrue\n'''\n")
	s := open(t, o)
	h, ok := errors.AsType[*hint.Hint](s.Advance(t.Context()))
	if !ok || h.ID != "NOT_TRUSTED" || !strings.Contains(h.Message, "rm -r x") {
		t.Errorf("got %v", h)
	}
	if got := o.Lesson.Commands(); len(got) != 2 || got[0] != "rm -r x" {
		t.Errorf("the commands to agree to are %q", got)
	}
}

// TestSingle: single things of a step, each in a process of its own.
func TestSingle(t *testing.T) {
	t.Parallel()
	o, r := options(t, simple)
	o.TestClock = false
	o.Sandbox = box(t, sandbox.Options{TestClock: true}).Name()
	single := func(step string, do func(*engine.Single) error) error {
		t.Helper()
		x, err := engine.Attach(t.Context(), o, step)
		must(t, err)
		defer x.Close()
		return do(x)
	}
	begin := func(x *engine.Single) error { return x.Begin(t.Context()) }
	check := func(x *engine.Single) error { return x.Check(t.Context()) }
	solve := func(x *engine.Single) error { return x.Solve(t.Context()) }
	do := func(id string) func(*engine.Single) error {
		return func(x *engine.Single) error { return x.Do(t.Context(), id) }
	}
	fails := func(err error, id, want string) {
		t.Helper()
		if h, ok := errors.AsType[*hint.Hint](err); !ok || h.ID != id || !strings.Contains(h.Message, want) {
			t.Errorf("got %v, want %s with %q", err, id, want)
		}
	}
	fails(single("one", check), "CHECK_FAILED", "block burst of the step has not been done yet")
	must(t, single("one", begin))
	must(t, single("one", do("burst")))
	must(t, single("one", check))
	must(t, single("one", begin)) // forgets
	fails(single("one", check), "CHECK_FAILED", "has not been done yet")
	fails(single("one", do("nothing")), "NO_BLOCK", `no block "nothing"`)

	must(t, single("two", begin))
	if path, err := o.Store.Path("steps", "*"); err == nil {
		if left, _ := filepath.Glob(path); len(left) != 1 || !strings.Contains(left[0], ".two.") {
			t.Errorf("remembered are %v, want step two alone", left)
		}
	}
	must(t, single("two", do("more")))
	fails(single("two", check), "CHECK_FAILED", "the answers were 3 times 200")
	must(t, single("two", solve))
	must(t, single("two", check)) // the volley is sent anew, since the limit is another
	if n := len(r.of(engine.Fired)); n != 3 {
		t.Errorf("%d volleys were sent, want 3", n)
	}
	_, err := engine.Attach(t.Context(), o, "three")
	fails(err, "NO_STEP", `no step "three"`)
}
