package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

// Single does single things of one step, each in a process of its own: what the
// scripts of an exported lesson call. It works in a sandbox that runs, as it is,
// and does not give it back. What it did is remembered in the store, so that a
// later process can judge it.
type Single struct {
	s    *Session
	step *lesson.Step
	n    int
	done map[string]bool // blocks that were done
}

// memory is what one process leaves for the next.
type memory struct {
	// Created is when the sandbox was made: what was done in another does not
	// count.
	Created time.Time             `json:"created"`
	Done    map[string]bool       `json:"done"`
	Volleys map[string]remembered `json:"volleys"`
}

// remembered is a result.
type remembered struct {
	Answers []AnswerInfo      `json:"answers"`
	Came    []time.Time       `json:"came"`
	Served  [][]entity.Object `json:"served"`
	Lanes   []lesson.Lane     `json:"lanes"`
}

// Attach goes to a step in the sandbox that the options name. It is to be closed,
// unless there is an error.
func Attach(ctx context.Context, o Options, step string) (*Single, error) {
	s := &Session{opts: o, lesson: o.Lesson}
	st, n, ok := o.Lesson.Step(step)
	if !ok {
		var ids []string
		for i := range o.Lesson.Steps {
			ids = append(ids, o.Lesson.Steps[i].ID)
		}
		return nil, hint.New("NO_STEP", hint.Usage, fmt.Sprintf("lesson %s has no step %q", o.Lesson.ID, step), "it has "+strings.Join(ids, ", "))
	}
	sb, err := s.find(cmp.Or(o.Sandbox, sandbox.DefaultName))
	if err != nil {
		return nil, err
	}
	f, err := sb.Running(ctx)
	if err != nil {
		return nil, err
	}
	if sb.Own() {
		return nil, hint.New("OWN_MANIFESTS", hint.NotReady, "sandbox "+sb.Name()+" serves manifests of your own, which lessons never write to",
			"bring another up: gwctl up --name second, then --name second")
	}
	s.host = host{Sandbox: sb, gateways: f.Gateways}
	if err := s.fits(f); err != nil {
		return nil, err
	}
	if s.watch, err = newWatch(ctx, s.gateways); err != nil {
		return nil, err
	}
	if s.stream, err = s.listen(ctx); err != nil {
		return nil, err
	}
	s.step, s.inView = n, step
	x := &Single{s: s, step: st, n: n}
	x.forget()
	return x, x.recall()
}

// Close ends it; the sandbox stays as it is.
func (x *Single) Close() {
	x.s.stream.Close()
	x.s.prober.Close()
}

func (x *Single) forget() {
	x.done = map[string]bool{}
	x.s.place = newPlace(len(x.step.Items))
}

func (x *Single) file(step string) []string {
	return []string{"steps", x.s.host.Name() + "." + x.s.opts.Key + "." + step + ".json"}
}

// begun reports whether a step was begun last in this sandbox.
func (x *Single) begun(step string) bool {
	m, err := x.read(step)
	return err == nil && m != nil
}

// read reads what earlier processes have done of a step in this sandbox, nil for
// nothing.
func (x *Single) read(step string) (*memory, error) {
	path, err := x.s.opts.Store.Path(x.file(step)...)
	if err != nil || path == "" {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	var m memory
	if err != nil || json.Unmarshal(raw, &m) != nil || !m.Created.Equal(x.s.host.Created()) {
		return nil, nil //nolint:nilerr,nilnil // nothing was done
	}
	return &m, nil
}

// recall takes in what earlier processes have done of the step.
func (x *Single) recall() error {
	m, err := x.read(x.step.ID)
	if err != nil || m == nil {
		return err
	}
	if m.Done != nil {
		x.done = m.Done
	}
	for id, v := range m.Volleys {
		for i := range v.Answers {
			if i < len(v.Came) {
				v.Answers[i].came = v.Came[i]
			}
		}
		x.s.place.results[id] = &result{answers: v.Answers, served: v.Served, lanes: v.Lanes}
	}
	return nil
}

func (x *Single) remember() error {
	m := memory{Created: x.s.host.Created(), Done: x.done, Volleys: map[string]remembered{}}
	for id, r := range x.s.place.results {
		v := remembered{Answers: r.answers, Served: r.served, Lanes: r.lanes}
		for _, a := range r.answers {
			v.Came = append(v.Came, a.came)
		}
		m.Volleys[id] = v
	}
	return x.s.opts.Store.Write(m, x.file(x.step.ID)...)
}

// Begin puts the sandbox where the step begins: the first one begins with the
// demo, any other where the one before it ended, or would have ended if it was not
// begun.
func (x *Single) Begin(ctx context.Context) error {
	follows := x.n > 0 && x.begun(x.s.lesson.Steps[x.n-1].ID)
	x.forget()
	if err := x.s.opts.Store.Clear("steps", x.s.host.Name()+".*"); err != nil { // of steps before
		return err
	}
	if err := x.remember(); err != nil {
		return err
	}
	if x.n > 0 {
		var err error
		if follows {
			err = x.s.perform(ctx, x.s.lesson.Steps[x.n-1].Cleanup, "cleanup")
		} else {
			err = x.s.stage(ctx, x.n, 0)
		}
		if err != nil {
			return err
		}
		return x.s.perform(ctx, x.step.Setup, "setup")
	}
	demo, err := Demo()
	if err != nil {
		return err
	}
	if err := x.s.host.Replace(ctx, demo); err != nil {
		return err
	}
	if err := x.s.host.ClearCounters(ctx); err != nil {
		return err
	}
	if err := x.s.perform(ctx, x.s.lesson.Setup, "setup"); err != nil {
		return err
	}
	return x.s.perform(ctx, x.step.Setup, "setup")
}

// acts says that an item does something.
func acts(i *lesson.Item) bool {
	return i.Kind == lesson.Apply || i.Kind == lesson.Fire || i.Kind == lesson.Run
}

// Do does one block of the step: apply, fire or run.
func (x *Single) Do(ctx context.Context, id string) error {
	var ids []string
	for n := range x.step.Items {
		i := &x.step.Items[n]
		if !acts(i) {
			continue
		}
		if i.ID == id {
			return x.do(ctx, i)
		}
		ids = append(ids, i.ID)
	}
	return hint.New("NO_BLOCK", hint.Usage, fmt.Sprintf("step %s has no block %q", x.step.ID, id), "it has "+strings.Join(ids, ", "))
}

func (x *Single) do(ctx context.Context, i *lesson.Item) error {
	if err := x.s.do(ctx, i); err != nil {
		return err
	}
	x.done[i.ID] = true
	return x.remember()
}

// Solve does what the step shows and has not been done, and its solve.
func (x *Single) Solve(ctx context.Context) error {
	solved := len(x.step.Solve) == 0
	for n := range x.step.Items {
		i := &x.step.Items[n]
		if i.Kind == lesson.Check && !solved {
			if err := x.s.perform(ctx, x.step.Solve, "solve"); err != nil {
				return err
			}
			solved = true
		}
		if acts(i) && !x.done[i.ID] {
			if err := x.do(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check judges the step: blocks that it shows have been done, and every check
// holds. It tells of each, and its error is of the first that does not hold.
func (x *Single) Check(ctx context.Context) error {
	var first error
	for n := range x.step.Items {
		i := &x.step.Items[n]
		if i.Kind != lesson.Check {
			continue
		}
		ok, reason, err := x.judge(ctx, n, i.Require)
		if err != nil {
			return err
		}
		x.s.emit(Event{Type: Checked, Check: &CheckInfo{ID: i.ID, Holds: ok, Reason: reason}})
		if !ok && first == nil {
			first = hint.New("CHECK_FAILED", hint.CheckFailed, "check "+i.ID+" does not hold: "+reason, "read the step again, then try once more")
		}
	}
	return first
}

// judge judges the nth item, a check.
func (x *Single) judge(ctx context.Context, n int, c *lesson.Condition) (bool, string, error) {
	for m := range x.step.Items[:n] {
		if i := &x.step.Items[m]; (i.Kind == lesson.Apply || i.Kind == lesson.Fire) && !x.done[i.ID] {
			return false, "block " + i.ID + " of the step has not been done yet", nil
		}
	}
	if err := x.s.refresh(ctx, c); err != nil {
		return false, "", err
	}
	if err := x.remember(); err != nil {
		return false, "", err
	}
	return x.s.judge(ctx, c, c.Eventually)
}
