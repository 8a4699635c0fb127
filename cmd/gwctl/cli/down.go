package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
)

func (a App) down() *cobra.Command {
	var (
		g      group
		forget bool
	)
	c := &cobra.Command{
		Use: "down", Short: "Remove a sandbox without a trace",
		Long: "Remove a sandbox: gateway, backends and all files of it, the edited copy of the demo's\n" +
			"manifests too. Manifests of your own (up --manifests) stay. Doing it twice does no harm.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(sandbox.Options{Name: g.name, Cluster: sandbox.ClusterOptions{Forget: forget}})
			if err != nil {
				return err
			}
			was, err := s.Down(c.Context())
			if err != nil {
				return err
			}
			for _, left := range s.Left() {
				_, _ = fmt.Fprintln(a.Err, left)
			}
			switch {
			case was && forget:
				_, _ = fmt.Fprintf(a.Err, "sandbox %s is forgotten on this machine\n", s.Name())
			case was:
				_, _ = fmt.Fprintf(a.Err, "sandbox %s is gone\n", s.Name())
			default:
				_, _ = fmt.Fprintf(a.Err, "there is no sandbox %s; nothing to do\n", s.Name())
			}
			return nil
		},
	}
	g.flags(c)
	c.Flags().BoolVar(&forget, "forget", false, "remove only what is on this machine, where the cluster that --context named, or the container engine, is gone for good")
	return c
}
