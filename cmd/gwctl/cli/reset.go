package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
)

func (a App) reset() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "reset", Short: "Set the demo's manifests and all counters back",
		Long: "Make the copy of the demo's manifests as it came, wait until that is served, and clear what\n" +
			"the limits have counted. Manifests of your own (up --manifests) are never written to.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			files, err := s.Reset(c.Context())
			if err != nil {
				return err
			}
			what := "the manifests were as they came"
			switch {
			case s.Own():
				what = "your own manifests stay as they are"
			case len(files) > 0:
				what = "restored " + strings.Join(files, ", ")
			}
			_, _ = fmt.Fprintf(a.Err, "%s; all counters are cleared\n", what)
			return nil
		},
	}
	g.flags(c)
	return c
}
