package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	kinds "github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/sandbox/hint"
)

func (a App) plugins() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "plugins", Short: "List the gateway's plugins, or show one's fields",
		Long: "List the gateway's plugins in the order in which they run. `gwctl plugins show NAME` tells\n" +
			"what one does and every field of its config.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			return a.listPlugins(asJSON)
		},
	}
	g.Flag(c)
	c.AddCommand(a.showPlugin())
	return c
}

func (a App) showPlugin() *cobra.Command {
	var g group
	c := &cobra.Command{
		Use: "show NAME", Short: "Show what a plugin does, and the fields of its config", Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return pluginNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			all := kinds.All()
			i := slices.IndexFunc(all, func(k plugin.Kind) bool { return k.Name == args[0] })
			if i < 0 {
				return hint.New("NO_PLUGIN", hint.Usage, fmt.Sprintf("there is no plugin %q", args[0]), "gwctl plugins lists those that there are")
			}
			if asJSON {
				return a.encode(describe(all[i], true))
			}
			a.printPlugin(all[i])
			return nil
		},
	}
	g.Flag(c)
	return c
}

func pluginNames() []string {
	var names []string
	for _, k := range kinds.All() {
		names = append(names, k.Name)
	}
	return names
}

// described is a plugin as programs read it.
type described struct {
	Name     string               `json:"name"`
	Priority int                  `json:"priority"`
	Doc      string               `json:"doc"`
	Fields   []plugin.ConfigField `json:"fields,omitempty"`
	// Manifest holds the defaults that differ in a manifest.
	Manifest map[string]any `json:"manifestDefaults,omitempty"`
}

func describe(k plugin.Kind, whole bool) described {
	d := described{Name: k.Name, Priority: k.Priority, Doc: k.Doc}
	if whole {
		d.Fields, d.Manifest = k.Fields, k.ManifestDefaults
	}
	return d
}

func (a App) encode(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a App) listPlugins(asJSON bool) error {
	if asJSON {
		list := []described{}
		for _, k := range kinds.All() {
			list = append(list, describe(k, false))
		}
		return a.encode(list)
	}
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PLUGIN\tPRIORITY\tWHAT IT DOES")
	for _, k := range kinds.All() {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\n", k.Name, k.Priority, k.Doc)
	}
	return w.Flush()
}

func (a App) printPlugin(k plugin.Kind) {
	p, width := output.For(a.Out), output.Columns(a.Out)
	_, _ = fmt.Fprintf(a.Out, "%s, priority %d\n%s\n", p.Bold(k.Name), k.Priority, output.Wrap(k.Doc, width, ""))
	for _, f := range k.Fields {
		text := f.Type
		if f.Default != "" {
			text += ", default " + f.Default
		}
		if d, ok := k.ManifestDefaults[f.Name]; ok {
			raw, _ := json.Marshal(d) // values are JSON values
			text += fmt.Sprintf(", in manifests %s", raw)
		}
		_, _ = fmt.Fprintf(a.Out, "\n%s  %s\n%s\n", p.Bold(f.Name), p.Dim(text), output.Wrap(f.Doc, width, "    "))
	}
}
