package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/plain"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

// stepFlags say what is done of a step.
type stepFlags struct {
	name                       string
	begin, check, solve, trust bool
}

func (a App) tutorialStep() *cobra.Command {
	var s stepFlags
	c := &cobra.Command{
		Use: "step ID|DIR STEP [BLOCK]...", Short: "Do or judge one step of a lesson, from a script",
		Long: "Do blocks of a step, or judge it: for scripts, as an exported lesson has them. It works in a sandbox\n" +
			"that is up, as it is, and does not give it back; nothing is asked, and what was done is remembered\n" +
			"for --check, which ends with code 20 when a check does not hold.",
		Example: "  gwctl tutorial step rate-limiting sixth --begin    # the demo, and what the step needs\n" +
			"  gwctl tutorial step rate-limiting sixth burst      # send the requests of the block burst\n" +
			"  gwctl tutorial step rate-limiting sixth --check",
		Args:              cobra.MinimumNArgs(2), //nolint:mnd // lesson and step
		ValidArgsFunction: completeLessons,
		RunE: func(c *cobra.Command, args []string) error {
			if !s.begin && !s.check && !s.solve && len(args) == 2 {
				return hint.New("USAGE", hint.Usage, "nothing is to be done", "name a block, or give --begin, --solve or --check")
			}
			return a.singleStep(c, s, args)
		},
	}
	f := c.Flags()
	f.StringVar(&s.name, "name", cmp.Or(os.Getenv(sandboxVariable), sandbox.DefaultName), "name of the sandbox (default: $"+sandboxVariable+", or default)")
	f.BoolVar(&s.begin, "begin", false, "put the sandbox where the step begins, and forget what was done")
	f.BoolVar(&s.solve, "solve", false, "do what the step shows, and its solution")
	f.BoolVar(&s.check, "check", false, "judge the step")
	f.BoolVar(&s.trust, "trust", false, "do steps of a lesson from a directory without asking")
	return c
}

func (a App) singleStep(c *cobra.Command, s stepFlags, args []string) error {
	ctx := c.Context()
	l, key, source, err := a.loadLesson(args[0], lesson.Options{})
	if err != nil {
		return err
	}
	store, err := learned.Open()
	if err != nil {
		return err
	}
	if source != "" && !s.trust {
		if err := a.consent(ctx, store, l, source); err != nil {
			return err
		}
	}
	o := a.sessionOptions(l, key, source, store)
	o.Sandbox = s.name
	o.Emit = func(e engine.Event) {
		if text := plain.Sentence(e); text != "" {
			_, _ = fmt.Fprintln(a.Out, text)
		}
	}
	x, err := engine.Attach(ctx, o, args[1])
	if err != nil {
		return err
	}
	defer x.Close()
	return s.do(ctx, x, args[2:])
}

// do does what the flags and blocks say, in the order of a step.
func (s stepFlags) do(ctx context.Context, x *engine.Single, blocks []string) error {
	if s.begin {
		if err := x.Begin(ctx); err != nil {
			return err
		}
	}
	for _, id := range blocks {
		if err := x.Do(ctx, id); err != nil {
			return err
		}
	}
	if s.solve {
		if err := x.Solve(ctx); err != nil {
			return err
		}
	}
	if !s.check {
		return nil
	}
	err := x.Check(ctx)
	if isCheckFailed(err) {
		return output.Told(err) // the checks have said why
	}
	return err
}

func isCheckFailed(err error) bool {
	h, ok := errors.AsType[*hint.Hint](err)
	return ok && h.Code == hint.CheckFailed
}
