package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// TestLearner: a learner who predicts, fails a check, takes hints, edits and goes
// on.
func TestLearner(t *testing.T) {
	t.Parallel()
	o, r := options(t, simple)
	s := open(t, o)
	ctx := t.Context()
	next := func(want string, can ...string) {
		t.Helper()
		got := r.last(t, engine.Ready).Ready
		if diff := cmp.Diff(append([]string{}, can...), got.Can); got.Next != want || diff != "" {
			t.Fatalf("ready for %s, want %s; can (-want +got):\n%s", got.Next, want, diff)
		}
	}
	next("predict", "solve", "reset")
	if err := s.Guess(ctx, "many"); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a guess that is no number: got %v", err)
	}
	must(t, s.Guess(ctx, "4"))
	next("fire", "solve", "reset")
	must(t, s.Advance(ctx))
	if q := r.last(t, engine.Revealed).Quiz; q.Answer != "5" || q.Right || q.Guess != "4" || q.Asked != 1 {
		t.Errorf("got %+v, want 5 revealed and 4 wrong", q)
	}
	if n := len(r.of(engine.Answered)); n != 7 {
		t.Errorf("got %d answers, want 7", n)
	}
	for _, e := range r.of(engine.Answered) {
		if e.Answer.Gateway == nil || e.Answer.Gateway.ID != e.Answer.RequestID || e.Step != "one" {
			t.Errorf("answer %d has no event of its own: %+v", e.Answer.N, e.Answer.Gateway)
		}
	}
	next("check", "solve", "again", "try", "reset")
	must(t, s.Advance(ctx))
	if c := r.last(t, engine.Checked).Check; !c.Holds {
		t.Fatalf("check fails: %s", c.Reason)
	}
	next("step", "again", "try", "reset")
	if n := len(r.of(engine.StepBegan)); n != 1 {
		t.Errorf("%d steps have begun: the lesson went on by itself", n)
	}
	must(t, s.Advance(ctx))

	must(t, s.Advance(ctx)) // fire
	must(t, s.Advance(ctx)) // check
	failed := r.last(t, engine.Checked).Check
	if want := "the answers were 3 times 200, and should be 2 times 200 and once 429"; failed.Holds || failed.Reason != want {
		t.Errorf("got %+v, want %q", failed, want)
	}
	for _, want := range []string{"by situation", "first", "second"} {
		must(t, s.Hint(ctx))
		if h := r.last(t, engine.Hinted).Hint; h.Text != want || h.Of != 3 {
			t.Errorf("got hint %+v, want %q of 3", h, want)
		}
	}
	if err := s.Hint(ctx); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a fourth hint: got %v", err)
	}
	draft, err := s.Draft(ctx)
	if err != nil || !strings.Contains(draft, "minute: 5") || strings.Contains(draft, "Ingress") {
		t.Fatalf("got draft %q, %v; want the plugin alone", draft, err)
	}
	if err := s.Edit(ctx, "kind: KongPlugin\nnonsense"); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a change that is no manifest: got %v", err)
	}
	must(t, s.Edit(ctx, strings.Replace(draft, "minute: 5", "minute: 2", 1)))
	must(t, s.Advance(ctx)) // fires anew, as the configuration has changed
	if c := r.last(t, engine.Checked).Check; !c.Holds || c.ID != "object" {
		t.Errorf("got %+v, want both checks to hold", c)
	}
	must(t, s.Advance(ctx))
	if d := r.last(t, engine.Finished).Done; d.Steps != 2 || d.Of != 2 || d.Score != 0 || d.Asked != 1 || d.Hints != 3 {
		t.Errorf("got %+v", d)
	}
	next("none")
	must(t, s.Close(ctx))
	if err := s.Advance(ctx); err == nil {
		t.Error("a session that is closed goes on")
	}
}

// TestResume: a lesson goes on at the item where it was left, with the manifests
// as the learner had them; after a crash with those of the steps before.
func TestResume(t *testing.T) {
	t.Parallel()
	o, r := options(t, simple)
	ctx := t.Context()
	s := open(t, o)
	for range 5 { // question, fire, check, next step, fire
		must(t, s.Advance(ctx))
	}
	must(t, s.Edit(ctx, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: mine, namespace: api-gateway-demo}\nplugin: key-auth\n"))
	must(t, s.Close(ctx))

	s = open(t, o)
	if e := r.last(t, engine.LessonBegan).Lesson; !e.Resumed {
		t.Error("the lesson begins anew")
	}
	if st, next := r.last(t, engine.StepBegan).Began, r.last(t, engine.Ready).Ready.Next; st.ID != "two" || next != "check" {
		t.Errorf("got step %s, next %s; want two, check", st.ID, next)
	}
	sb, err := find(sandbox.Options{Name: o.Sandbox, TestClock: true})
	must(t, err)
	docs, err := sb.Save(ctx)
	if err != nil || !strings.Contains(string(docs), "name: mine") {
		t.Errorf("the learner's change is gone: %v\n%s", err, docs)
	}
	before := len(r.of(engine.Fired))
	must(t, s.Advance(ctx)) // the check has no traffic to look at, so it fires
	if c := r.last(t, engine.Checked).Check; c.Holds || len(r.of(engine.Fired)) != before+1 {
		t.Errorf("got %+v after %d volleys, want it to fire and to fail", c, len(r.of(engine.Fired)))
	}
	must(t, s.Goto(ctx, 0))
	if st := r.last(t, engine.StepBegan).Began; st.ID != "one" {
		t.Errorf("got step %s, want one", st.ID)
	}
	if err := s.Goto(ctx, 2); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a step that is not there: got %v", err)
	}
	must(t, s.Goto(ctx, 1))
	must(t, s.Solve(ctx))
	must(t, s.Advance(ctx))
	must(t, s.Close(ctx))

	s = open(t, o) // it is finished, so it begins anew
	if e := r.last(t, engine.LessonBegan).Lesson; e.Resumed {
		t.Error("a finished lesson goes on")
	}
	_ = s
}

// TestResumeGuess: a prediction, and which hints were shown, outlive the session;
// its answer is told and scored once.
func TestResumeGuess(t *testing.T) {
	t.Parallel()
	o, r := options(t, simple)
	ctx := t.Context()
	again := func() *engine.Session {
		t.Helper()
		s := open(t, o)
		if !r.last(t, engine.LessonBegan).Lesson.Resumed {
			t.Fatal("the lesson begins anew")
		}
		return s
	}
	can := func(what string) bool { return slices.Contains(r.last(t, engine.Ready).Ready.Can, what) }

	s := open(t, o)
	must(t, s.Guess(ctx, "5"))
	must(t, s.Close(ctx))
	s = again()
	must(t, s.Advance(ctx)) // fire
	if q := r.last(t, engine.Revealed).Quiz; q.Guess != "5" || q.Answer != "5" || !q.Right || q.Score != 1 || q.Asked != 1 {
		t.Errorf("got %+v, want 5 revealed and right", q)
	}
	must(t, s.Close(ctx))
	s = again()
	if !can("again") {
		t.Error("the volley that was sent before cannot be sent again")
	}
	must(t, s.Again(ctx))
	if n := len(r.of(engine.Revealed)); n != 1 {
		t.Errorf("the answer was told %d times", n)
	}
	must(t, s.Advance(ctx)) // check
	must(t, s.Advance(ctx)) // step two
	if can("again") {
		t.Error("a volley of the step before can be sent again")
	}
	must(t, s.Hint(ctx))
	must(t, s.Close(ctx))
	s = again()
	must(t, s.Hint(ctx))
	if h := r.last(t, engine.Hinted).Hint; h.Text != "second" || h.N != 2 {
		t.Errorf("got hint %+v, want the second", h)
	}
	must(t, s.Goto(ctx, 1)) // begins anew
	must(t, s.Hint(ctx))
	if h := r.last(t, engine.Hinted).Hint; h.Text != "first" {
		t.Errorf("got hint %+v, want the first", h)
	}
}

// TestProve: a check that holds too early, one that never holds and a wrong
// answer are told.
func TestProve(t *testing.T) {
	t.Parallel()
	fire := "\n## One {#one}\n\n'''http {fire id=x}\nGET /echo-1\n'''\n\n"
	tests := []struct{ name, text, want string }{
		{"all is well", simple, ""},
		{"holds too early", fire + "'''yaml {check id=c}\nproblem: none\n'''\n", "check c holds before the step is solved: there is no problem"},
		{"never holds", fire + "'''yaml {check id=c}\nstatus: {200: 1}\n'''\n", "the answers were once 401, and should be once 200"},
		{
			"solved too early", fire + "'''yaml {check id=c}\nstatus: {401: 1}\n'''\n\n'''yaml {solve}\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n'''\n",
			"check c holds before the step is solved: the answers were once 401",
		},
		{
			"a wrong answer",
			"\n## One {#one}\n\n'''quiz {predict of=code answer=200}\nWhich?\n'''\n\n'''http {fire id=x}\nGET /echo-1\n'''\n\n'''yaml {check id=c}\nstatus: {401: 1}\n'''\n",
			"the answer is given as 200, the traffic says 401",
		},
		{
			"a wrong choice",
			"\n## One {#one}\n\n'''quiz {predict of=code answer=200}\nWhich?\n- 200: passed\n- 401: refused\n'''\n\n'''http {fire id=x}\nGET /echo-1\n'''\n",
			"the answer is given as 200, the traffic says 401",
		},
		{
			"no right choice",
			"\n## One {#one}\n\n'''quiz {predict of=code}\nWhich?\n- 200: passed\n- 429: too many\n'''\n\n'''http {fire id=x}\nGET /echo-1\n'''\n",
			"the traffic says 401, which is none of the choices",
		},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			o, _ := options(t, tt.text)
			s := open(t, o)
			p, err := s.Prove(t.Context())
			switch {
			case tt.want == "" && (err != nil || p.Checks != 3 || p.Steps != 2 || p.Questions != 1):
				t.Errorf("%s: got %+v, %v", tt.name, p, err)
			case tt.want != "" && (err == nil || !strings.Contains(fmt.Sprint(err), tt.want) && !adviceHas(err, tt.want)):
				t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
			}
		})
	}
}

func adviceHas(err error, want string) bool {
	h, ok := err.(*hint.Hint) //nolint:errorlint // it is not wrapped
	return ok && strings.Contains(h.Advice, want)
}

// TestChoices: the traffic tells which choice is right, and the beginning of one is
// enough to choose it; how many answers are the author's word is told.
func TestChoices(t *testing.T) {
	t.Parallel()
	text := "\n## One {#one}\n\n'''quiz {predict of=code}\nWhich?\n- 200: passed\n- 401: refused\n'''\n\n" +
		"'''quiz {predict answer=gateway}\nWho?\n- gateway: it\n- backend: the other\n- balancer: none\n'''\n\n'''http {fire id=x}\nGET /echo-1\n'''\n"
	o, r := options(t, text)
	s := open(t, o)
	if err := s.Guess(t.Context(), "500"); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a guess that is no choice: got %v", err)
	}
	must(t, s.Guess(t.Context(), "4"))
	if err := s.Guess(t.Context(), "ba"); hint.ExitCode(err) != hint.Usage {
		t.Errorf("a guess that may be either of two: got %v", err)
	}
	must(t, s.Guess(t.Context(), "back"))
	must(t, s.Advance(t.Context()))
	q := r.of(engine.Revealed)
	if len(q) != 2 || !q[0].Quiz.Right || q[0].Quiz.Guess != "401" || q[0].Quiz.Answer != "401" || q[1].Quiz.Right || q[1].Quiz.Guess != "backend" {
		t.Errorf("got %+v, want 401 to be right and backend wrong", q)
	}
	must(t, s.Close(t.Context()))
	o, _ = options(t, text)
	s = open(t, o)
	p, err := s.Prove(t.Context())
	if err != nil || p.Questions != 2 || p.Unproven != 1 {
		t.Errorf("got %+v, %v; want two questions, one of them unproven", p, err)
	}
}

// TestCancelled: a volley ends when its learner leaves, and the sandbox is given
// back all the same.
func TestCancelled(t *testing.T) {
	t.Parallel()
	o, r := options(t, "\n## One {#one}\n\n'''http {fire id=x count=3 rate=2/m}\nGET /echo-1\n'''\n")
	o.TestClock, o.Sandbox = false, name(t)
	sb := box(t, sandbox.Options{})
	before, err := sb.Save(t.Context())
	must(t, err)
	s := open(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	emit := make(chan struct{})
	go func() { <-emit; cancel() }()
	done := make(chan error, 1)
	go func() { done <- s.Advance(ctx) }()
	for len(r.of(engine.Answered)) == 0 {
		select {
		case err := <-done:
			t.Fatalf("the volley has ended: %v", err)
		default:
		}
	}
	close(emit)
	if err := <-done; err == nil {
		t.Error("got no error")
	}
	must(t, s.Close(ctx))
	after, err := sb.Save(t.Context())
	if err != nil || string(after) != string(before) {
		t.Errorf("the sandbox is not as it was: %v", err)
	}
}
