package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
)

func (a App) status() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "status", Short: "Show what a sandbox serves, and what is wrong with it",
		Long: "Show a sandbox's addresses, routes with their plugins in order, consumers, plugins and problems.\n" +
			"A problem names file, line, object and field; it ends within a second of being mended.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			s, err := a.find(sandbox.Options{Name: g.name})
			if err != nil {
				return err
			}
			if asJSON {
				return a.statusJSON(c.Context(), s)
			}
			f, err := s.Running(c.Context())
			if err != nil {
				return err
			}
			a.printStatus(s, f)
			return nil
		},
	}
	g.flags(c)
	g.Flag(c)
	return c
}

// statusJSON prints whatever state the sandbox is in.
func (a App) statusJSON(ctx context.Context, s *sandbox.Sandbox) error {
	f, notRunning := s.Running(ctx)
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(struct {
		Name      string            `json:"name"`
		Runtime   string            `json:"runtime"`
		State     sandbox.State     `json:"state"`
		Why       string            `json:"why,omitempty"`
		Manifests string            `json:"manifests,omitempty"`
		Own       bool              `json:"own"`
		Log       string            `json:"log,omitempty"`
		Gateways  []sandbox.Gateway `json:"gateways"`
	}{s.Name(), s.Runtime(), f.State, f.Why, f.Manifests, s.Own(), f.Log, append([]sandbox.Gateway{}, f.Gateways...)}); err != nil {
		return err
	}
	return notRunning
}
