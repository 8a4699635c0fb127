package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
)

// process is the process of a local sandbox. People do not call it; its name
// shows in the list of processes.
func (a App) process() *cobra.Command {
	c := &cobra.Command{
		Use: processCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return sandbox.RunProcess(c.Context(), a.In, os.Stdout, a.Err)
		},
	}
	c.Flags().String("name", "", "name of the sandbox, for the list of processes")
	return c
}

// createKind is the process that creates a kind cluster. People do not call it.
func (a App) createKind() *cobra.Command {
	c := &cobra.Command{
		Use: kindCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := sandbox.RunCreate(c.Context(), a.In, os.Stdout); err != nil {
				return output.Told(err)
			}
			return nil
		},
	}
	c.Flags().String("name", "", "name of the sandbox, for the list of processes")
	return c
}

// forward is the process that forwards to a cluster. People do not call it.
func (a App) forward() *cobra.Command {
	c := &cobra.Command{
		Use: forwardCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return sandbox.RunForward(c.Context(), a.In, os.Stdout) },
	}
	c.Flags().String("name", "", "name of the sandbox, for the list of processes")
	return c
}
