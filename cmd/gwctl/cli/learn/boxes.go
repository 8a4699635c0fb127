package learn

import (
	"context"
	"fmt"
	"time"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
	"github.com/gwctl/gwctl/tutorials/author"
	"github.com/gwctl/gwctl/tutorials/engine"
)

// boxes are the clusters that lessons are tested in; none for the local runtime,
// where each lesson has a sandbox of its own.
func (a App) boxes(ctx context.Context, runtime, name string, n int) ([]author.Box, error) {
	switch {
	case runtime == sandbox.Local:
		return nil, nil
	case runtime != sandbox.Kind:
		return nil, hint.New("USAGE", hint.Usage, fmt.Sprintf("--runtime %q is not known", runtime), "use --runtime local or --runtime kind; for another sandbox: --name")
	case name != "":
		return nil, hint.New("USAGE", hint.Usage, "--name and --runtime kind do not go together", "with --name the lessons are tested in that sandbox, whatever its runtime is")
	}
	var out []author.Box
	for i := range max(1, n) {
		b, err := a.box(ctx, fmt.Sprintf("%s-%d", engine.OwnSandbox, i+1))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// box is one cluster that is not there yet.
func (a App) box(ctx context.Context, name string) (author.Box, error) {
	s, err := a.Find(sandbox.Options{Name: name, Runtime: sandbox.Kind, Port: sandbox.AnyPort})
	if err != nil {
		return author.Box{}, err
	}
	f, err := s.Find(ctx)
	if err != nil {
		return author.Box{}, err
	}
	if f.State != sandbox.Absent {
		return author.Box{}, hint.New("BOX_IN_USE", hint.NotReady, "the sandbox "+name+" is there already: another test runs in it, or one was ended hard",
			"wait for that test; if there is none: gwctl down --name "+name)
	}
	return author.Box{
		Name: name,
		Up: func(ctx context.Context) error {
			begin := time.Now()
			if _, err := s.Up(ctx, warnings{a}); err != nil {
				return fmt.Errorf("bringing up the sandbox %s: %w", name, err)
			}
			_, _ = fmt.Fprintf(a.Err, "sandbox %s is up, in %.1f s\n", name, time.Since(begin).Seconds())
			return nil
		},
		Down: func(ctx context.Context) error {
			if _, err := s.Down(ctx); err != nil {
				return fmt.Errorf("taking down the sandbox %s: %w", name, err)
			}
			return nil
		},
	}, nil
}

// warnings tells of nothing but warnings.
type warnings struct{ a App }

// Started implements step.Reporter.
func (warnings) Started(step.Event) {}

// Finished implements step.Reporter.
func (warnings) Finished(step.Event) {}

// Warned implements step.Reporter.
func (w warnings) Warned(e step.Event) {
	_, _ = fmt.Fprintf(w.a.Err, "! %s: %s\n", e.Title, e.Message)
}
