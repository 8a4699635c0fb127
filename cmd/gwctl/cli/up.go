package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

func (a App) up() *cobra.Command {
	var (
		g       group
		o       sandbox.Options
		timeout time.Duration
	)
	c := &cobra.Command{
		Use: "up", Short: "Bring a sandbox up: a gateway and backends",
		Long: "Bring a sandbox up: a gateway and, behind it, the demo or your own manifests.\n\n" +
			"A sandbox that is up stays as it is; one that broke is healed. The demo's manifests are\n" +
			"copied to a directory that up names: edit them, changes are served within a second.\n" +
			"With --manifests your own files are served, and never written to.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.json()
			if err != nil {
				return err
			}
			if c.Flags().Changed("port") && o.Port == 0 {
				o.Port = sandbox.AnyPort
			}
			o.Name = g.name
			ctx, cancel := context.WithTimeoutCause(c.Context(), timeout, hint.New("TIMEOUT", hint.Timeout,
				fmt.Sprintf("it took longer than %s, so it was undone", timeout), "give it more time: --timeout 2m"))
			defer cancel()
			if asJSON {
				return a.upJSON(ctx, o)
			}
			res, err := a.bringUp(ctx, o, a.progress())
			a.printProblems(a.Err, res.Problems)
			if err != nil {
				return err
			}
			a.printResult(res)
			return nil
		},
	}
	g.flags(c)
	g.outputFlag(c)
	f := c.Flags()
	f.StringVar(&o.Runtime, "runtime", "", `what carries the sandbox: "local", a process on this machine (default: what it has, or local)`)
	f.StringVar(&o.Manifests, "manifests", "", "directory or file of manifests of your own, or a kong.yml (default: what it has, or the demo)")
	f.IntVar(&o.Port, "port", 0, "port for clients on 127.0.0.1, 0 for any free one (default: what it had, or 8000 or the next free one)")
	f.DurationVar(&timeout, "timeout", 30*time.Second, "how long it may take")
	_ = c.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions([]string{sandbox.Local}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a App) bringUp(ctx context.Context, o sandbox.Options, report step.Reporter) (*sandbox.Result, error) {
	s, err := a.find(o)
	if err != nil {
		return &sandbox.Result{}, err
	}
	return s.Up(ctx, report)
}

func (a App) upJSON(ctx context.Context, o sandbox.Options) error {
	begin, out := time.Now(), lines{a.Out}
	res, err := a.bringUp(ctx, o, out)
	for _, p := range res.Problems {
		out.write(line{Type: "check", ID: "PROBLEM", Msg: p.String()})
	}
	if err != nil {
		return out.fail(err)
	}
	out.write(line{Type: "result", ID: "up", Millis: time.Since(begin).Milliseconds(), Msg: summary(res), URL: res.URL(), Result: res})
	return nil
}
