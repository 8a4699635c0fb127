package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
)

func (a App) kubeconfig() *cobra.Command {
	var (
		g     group
		print bool
	)
	c := &cobra.Command{
		Use: "kubeconfig", Short: "Tell where the sandbox's kubeconfig is",
		Long: "Print the path of the sandbox's own kubeconfig. Your own, and its current context, are never\n" +
			"touched, unless up is told --switch-context.",
		Example: "  export KUBECONFIG=$(gwctl kubeconfig)\n  kubectl get ingress -A",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			path, _, err := s.Kubeconfig()
			if err != nil {
				return err
			}
			if !print {
				_, _ = fmt.Fprintln(a.Out, path)
				return nil
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("reading the kubeconfig: %w", err)
			}
			_, err = a.Out.Write(raw)
			return err
		},
	}
	g.flags(c)
	c.Flags().BoolVar(&print, "print", false, "print what is in it instead")
	return c
}
