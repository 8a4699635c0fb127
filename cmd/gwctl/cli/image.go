package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox/image"
)

func (a App) image() *cobra.Command {
	c := &cobra.Command{Use: "image", Short: "Images of the gateway and the echo backend", Args: cobra.NoArgs}
	c.AddCommand(&cobra.Command{
		Use: "push REGISTRY", Short: "Push the images to a registry, for clusters that pull",
		Long: "Push the images of gatewayd and echo, for every architecture that there is, to REGISTRY/gatewayd\n" +
			"and REGISTRY/echo, and print their references. Log in before, as for docker push.",
		Example: "  gwctl image push registry.example.com/team",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			store, err := image.Open()
			if err != nil {
				return err
			}
			for _, p := range image.Programs() {
				ref, err := store.Push(c.Context(), args[0], p)
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintln(a.Out, ref)
			}
			return nil
		},
	})
	return c
}
