package step_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox/step"
)

// log is a Reporter, and what steps write into.
type log []string

func (l *log) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }
func (l *log) Started(e step.Event)           { l.add("started %s %d/%d", e.ID, e.N, e.Of) }
func (l *log) Warned(e step.Event)            { l.add("warned %s: %s (%s)", e.ID, e.Message, e.Advice) }

func (l *log) Finished(e step.Event) { l.add("finished %s: %s %v", e.ID, e.Message, e.Err) }

func (l *log) step(id string, err error) step.Step {
	return step.Step{
		ID:   id,
		Run:  func(_ context.Context, t *step.Task) error { t.Say("did %s", id); return err },
		Undo: func(context.Context) error { l.add("undone %s", id); return nil },
	}
}

var errOh = errors.New("oh")

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps func(l *log, cancel func()) []step.Step
		want  []string
		err   error
	}{
		{
			name:  "all go well",
			steps: func(l *log, _ func()) []step.Step { return []step.Step{l.step("a", nil), l.step("b", nil)} },
			want:  []string{"started a 1/2", "finished a: did a <nil>", "started b 2/2", "finished b: did b <nil>"},
		},
		{
			name: "a failure undoes it and those before, the last first",
			steps: func(l *log, _ func()) []step.Step {
				return []step.Step{l.step("a", nil), l.step("b", errOh), l.step("c", nil)}
			},
			want: []string{
				"started a 1/3", "finished a: did a <nil>", "started b 2/3", "finished b: did b oh", "undone b", "undone a",
			},
			err: errOh,
		},
		{
			name: "an end of the context stops between steps and names its cause",
			steps: func(l *log, cancel func()) []step.Step {
				a := l.step("a", nil)
				a.Run = func(context.Context, *step.Task) error { cancel(); return nil }
				return []step.Step{a, l.step("b", nil)}
			},
			want: []string{"started a 1/2", "finished a:  <nil>", "started b 2/2", "finished b:  oh", "undone b", "undone a"},
			err:  errOh,
		},
		{
			name: "an end of the context inside a step names its cause",
			steps: func(l *log, cancel func()) []step.Step {
				a := l.step("a", nil)
				a.Run = func(ctx context.Context, _ *step.Task) error { cancel(); <-ctx.Done(); return ctx.Err() }
				return []step.Step{a}
			},
			want: []string{"started a 1/1", "finished a:  oh", "undone a"},
			err:  errOh,
		},
		{
			name: "warnings, and undoing that fails",
			steps: func(l *log, _ func()) []step.Step {
				a, b := l.step("a", nil), l.step("b", errOh)
				a.Run = func(_ context.Context, t *step.Task) error { t.Warn("port taken", "none"); return nil }
				a.Undo = func(ctx context.Context) error { return errors.Join(errors.New("stuck"), ctx.Err()) }
				return []step.Step{a, b}
			},
			want: []string{
				"started a 1/2", "warned a: port taken (none)", "finished a:  <nil>", "started b 2/2", "finished b: did b oh",
				"undone b", `warned a: undoing "a": stuck (gwctl down clears what is left)`,
			},
			err: errOh,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			var l log
			err := step.Run(ctx, &l, tt.steps(&l, func() { cancel(errOh) }))
			if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, []string(l)); diff != "" {
				t.Errorf("reports differ (-want +got):\n%s", diff)
			}
		})
	}
}
