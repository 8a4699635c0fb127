package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
)

func (a App) pause() *cobra.Command {
	return a.rest("pause", "Take a sandbox off the CPU, for later",
		"Freeze the nodes of a kind sandbox: it keeps its memory and takes no CPU until resume or up.", (*sandbox.Sandbox).Pause, "is paused; gwctl resume lets it go on")
}

func (a App) resume() *cobra.Command {
	return a.rest("resume", "Let a paused sandbox go on", "Let a paused sandbox go on, and wait until its gateway answers.", (*sandbox.Sandbox).Resume, "runs")
}

// rest makes one of the two.
func (a App) rest(use, short, long string, do func(*sandbox.Sandbox, context.Context) error, then string) *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			if err := do(s, c.Context()); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(a.Err, "sandbox %s %s\n", s.Name(), then)
			return nil
		},
	}
	g.flags(c)
	return c
}
