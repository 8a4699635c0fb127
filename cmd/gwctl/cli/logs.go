package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
)

func (a App) logs() *cobra.Command {
	var (
		g      group
		tail   int64
		follow bool
	)
	c := &cobra.Command{
		Use: "logs", Short: "Show what the gateways have logged",
		Long: "Show the last lines that each gateway has logged; in a cluster with the pod's name before them.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			p := output.For(a.Out)
			return s.Logs(c.Context(), tail, follow, func(gateway, line string) {
				if s.Runtime() != sandbox.Local {
					line = p.Dim(gateway+" | ") + line
				}
				_, _ = fmt.Fprint(a.Out, line)
			})
		},
	}
	g.flags(c)
	c.Flags().Int64VarP(&tail, "number", "n", 100, "how many lines of each, 0 for all")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on as more comes, until Ctrl-C")
	return c
}
