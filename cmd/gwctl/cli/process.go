package cli

import (
	"os"

	"github.com/spf13/cobra"

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
