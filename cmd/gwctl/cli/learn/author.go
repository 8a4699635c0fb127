package learn

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/tutorials/author"
	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
	"github.com/gwctl/gwctl/tutorials/lessons"
	learned "github.com/gwctl/gwctl/tutorials/progress"
)

func (a App) tutorialNew() *cobra.Command {
	return &cobra.Command{
		Use: "new DIR", Short: "Write a lesson of your own to begin with", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := author.New(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "%s is a lesson that works. Make it yours, then:\n  gwctl tutorial lint %s\n  gwctl tutorial test %s\n  gwctl tutorial run %s\n",
				path, args[0], args[0], args[0])
			return err
		},
	}
}

func (a App) tutorialLint() *cobra.Command {
	return &cobra.Command{
		Use: "lint DIR...", Short: "Check lessons for faults without running them", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var errs []error
			for _, dir := range args {
				if _, _, _, err := a.loadLesson(dir, lesson.Options{}); err != nil {
					errs = append(errs, err)
					continue
				}
				_, _ = fmt.Fprintf(a.Out, "%s: no faults\n", dir)
			}
			return errors.Join(errs...)
		},
	}
}

func (a App) tutorialTest() *cobra.Command {
	var (
		g        output.Format
		name     string
		all      bool
		parallel int
		trust    bool
		runtime  string
	)
	c := &cobra.Command{
		Use: "test ID|DIR... | --all", Short: "Prove that every check of a lesson fails before its solve and holds after it",
		Long: "Go through lessons without anybody and prove that every check fails before its step is solved and\n" +
			"holds after it, and that every answer is right. Each runs in a sandbox of its own, whose clock is\n" +
			"moved instead of waiting; with --name it runs in that sandbox and waits. With --runtime kind as many\n" +
			"clusters come up as lessons are tested side by side, and go when they are done.",
		Example: "  gwctl tutorial test ./my-lesson\n" +
			"  gwctl tutorial test --all --runtime kind --parallel 3",
		Args: func(c *cobra.Command, args []string) error {
			if all {
				return cobra.NoArgs(c, args)
			}
			return cobra.MinimumNArgs(1)(c, args)
		},
		ValidArgsFunction: completeLessons,
		RunE: func(c *cobra.Command, args []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			boxes, err := a.boxes(c.Context(), runtime, name, parallel)
			if err != nil {
				return err
			}
			list, err := a.toTest(c, args, all, trust, name)
			if err != nil {
				return err
			}
			if name != "" {
				parallel = 1 // they share a sandbox
			}
			begin := time.Now()
			told := func(r author.Result) { a.tellTest(asJSON, r) }
			if boxes != nil {
				err = author.TestIn(c.Context(), list, boxes, told)
			} else {
				err = author.Test(c.Context(), list, parallel, told)
			}
			if err != nil {
				return output.Told(err)
			}
			if !asJSON {
				_, err = fmt.Fprintf(a.Out, "%d lessons hold, in %.1f s\n", len(list), time.Since(begin).Seconds())
			}
			return err
		},
	}
	g.Flag(c)
	f := c.Flags()
	f.StringVar(&name, "name", "", "name of a sandbox that is up to test in (default: one of its own for each lesson)")
	f.BoolVar(&all, "all", false, "all lessons that gwctl brings along")
	f.StringVar(&runtime, "runtime", sandbox.Local, `"local", with a clock that is moved, or "kind", in clusters that come up for it and real time`)
	f.IntVar(&parallel, "parallel", side(), "how many lessons are tested side by side")
	_ = c.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions([]string{sandbox.Local, sandbox.Kind}, cobra.ShellCompDirectiveNoFileComp))
	f.BoolVar(&trust, "trust", false, "test a lesson from a directory without asking, though it runs commands")
	return c
}

// side is how many lessons are tested side by side.
func side() int { return min(runtime.NumCPU(), 4) }

// toTest lists the sessions that a test opens.
func (a App) toTest(c *cobra.Command, args []string, all, trust bool, name string) ([]engine.Options, error) {
	if all {
		list, err := lessons.All(lesson.Options{})
		if err != nil {
			return nil, badLesson(err)
		}
		for _, l := range list {
			args = append(args, l.ID)
		}
	}
	store, err := learned.Open()
	if err != nil {
		return nil, err
	}
	var out []engine.Options
	for _, which := range args {
		l, key, source, err := a.loadLesson(which, lesson.Options{})
		if err != nil {
			return nil, err
		}
		if source != "" && !trust && len(l.Commands()) > 0 {
			if err := a.consent(c.Context(), store, l, source); err != nil {
				return nil, err
			}
		}
		o := a.sessionOptions(l, key, source, nil)
		if o.Sandbox = name; name == "" {
			o.Sandbox, o.TestClock = author.SandboxName(key, os.Getpid()), true
		}
		out = append(out, o)
	}
	return out, nil
}

func (a App) tellTest(asJSON bool, r author.Result) {
	if asJSON {
		raw, err := json.Marshal(r)
		if err == nil {
			_, _ = fmt.Fprintf(a.Out, "%s\n", raw)
		}
		return
	}
	p := output.For(a.Out)
	if r.Err != nil {
		_, _ = fmt.Fprintf(a.Out, "%s %s: %v\n", p.Bad("fails"), r.Lesson, r.Err)
		if h, ok := errors.AsType[*hint.Hint](r.Err); ok {
			_, _ = fmt.Fprintf(a.Out, "      %s\n", h.Advice)
		}
		return
	}
	words := ""
	if n := r.Proof.Unproven; n > 0 {
		words = fmt.Sprintf(" (to %d of them the answer is the author's word)", n)
	}
	_, _ = fmt.Fprintf(a.Out, "%s %s: %d steps, %d checks fail before and hold after, %d questions%s, %.1f s\n",
		p.Good("holds"), r.Lesson, r.Proof.Steps, r.Proof.Checks, r.Proof.Questions, words, r.Proof.Took.Seconds())
}
