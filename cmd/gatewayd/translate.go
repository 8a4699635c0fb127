package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/gatewayd/clock"
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// problemsFound is the exit code of a translation with errors.
const problemsFound = 3

type faulty int

func (f faulty) Error() string { return fmt.Sprintf("%d errors in the configuration", int(f)) }

func (faulty) ExitCode() int { return problemsFound }

func translateCommand() *cobra.Command {
	var class string
	var redact bool
	c := &cobra.Command{
		Use:   "translate PATH",
		Short: "Print what would be served, as a kong.yml",
		Long: "Print what would be served of a directory or file of manifests, or of a kong.yml, as a kong.yml\n" +
			"with every default written out. What Kong's format lacks stands under _gatewayd.\n" +
			"Problems go to standard error; with one that is an error the exit code is 3.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			reading := daemon.Reading{Kinds: plugins.All(), IngressClass: class}
			cfg, err := daemon.Read(args[0], reading)
			if err != nil {
				return err
			}
			text, err := reading.Print(cfg, redact)
			if err != nil {
				return err
			}
			if _, err := c.OutOrStdout().Write(text); err != nil {
				return fmt.Errorf("printing the configuration: %w", err)
			}
			return printProblems(c, cfg)
		},
	}
	c.Flags().StringVar(&class, "ingress-class", translate.DefaultClass, "ingress class to serve")
	c.Flags().BoolVar(&redact, "redact", false, "hide secrets; what was hidden cannot be read back")
	return c
}

// printProblems prints the problems that a gateway would find, those of compiling too.
func printProblems(c *cobra.Command, cfg *entity.Config) error {
	snap := snapshot.Compile(cfg, snapshot.Options{Kinds: plugins.All(), Env: plugin.Env{
		Now: clock.System{}.Now, Wait: clock.System{}.Wait, Log: slog.New(slog.DiscardHandler),
		Shared: func(_ string, open func() (any, error)) (any, error) { return open() },
	}})
	errs := 0
	for _, p := range snap.Problems {
		_, _ = fmt.Fprintln(c.ErrOrStderr(), p)
		if p.Severity == problem.Error {
			errs++
		}
	}
	if errs > 0 {
		return faulty(errs)
	}
	return nil
}
