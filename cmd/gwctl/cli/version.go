package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (a App) version() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(struct {
					Project  string `json:"project"`
					Version  string `json:"version"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
				}{projectURL, a.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err = fmt.Fprintf(a.Out, "gwctl %s (%s/%s)\n%s\n", a.Version, runtime.GOOS, runtime.GOARCH, projectURL)
			return err
		},
	}
	g.Flag(c)
	return c
}
