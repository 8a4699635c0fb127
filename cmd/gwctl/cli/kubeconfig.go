package cli

import (
	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
)

func (a App) kubeconfig() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "kubeconfig", Short: "Tell where the sandbox's kubeconfig is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			return hint.New("NO_KUBECONFIG", hint.Preflight, "the runtime "+s.Runtime()+" has no cluster, so there is no kubeconfig",
				"edit the manifests that `gwctl status` names instead of using kubectl: changes are served within a second")
		},
	}
	g.flags(c)
	return c
}
