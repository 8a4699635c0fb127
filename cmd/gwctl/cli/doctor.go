package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/preflight"
)

func (a App) doctor() *cobra.Command {
	var (
		g group
		o sandbox.Options
	)
	c := &cobra.Command{
		Use: "doctor", Short: "Look whether a sandbox can come up here, and why not",
		Long: "Look at everything that keeps a sandbox from coming up: the container engine, memory, disk,\n" +
			"inotify, ports, proxies, the node image and more. Nothing is changed. Each check has an ID that\n" +
			"stays; the exit code is that of the first failure. With --context, a cluster is looked at.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			o.Name = g.name
			s, err := a.find(o)
			if err != nil {
				return err
			}
			begin := time.Now()
			list := s.Examine(c.Context())
			a.printFindings(list, asJSON, time.Since(begin))
			if code := preflight.Worst(list); code != hint.OK {
				return output.Told(hint.New("DOCTOR", code, "a sandbox cannot come up as things are", ""))
			}
			return nil
		},
	}
	g.flags(c)
	g.Flag(c)
	c.Flags().BoolVar(&o.Cluster.Offline, "offline", false, "ask no registry")
	c.Flags().StringVar(&o.Cluster.Context, "context", "", "look at this cluster instead")
	c.Flags().StringVar(&o.Cluster.Kubeconfig, "kubeconfig", "", "kubeconfig that has it (default: as kubectl)")
	c.Flags().StringVar(&o.Cluster.Registry, "registry", "", "where that cluster would pull the images from")
	c.Flags().StringVar(&o.Cluster.Class, "ingress-class", "", "ingress class that the gateway would serve there (default kong)")
	return c
}

func (a App) printFindings(list []preflight.Finding, asJSON bool, took time.Duration) {
	if asJSON {
		out := lines{a.Out}
		for i, f := range list {
			out.write(line{Type: "check", ID: f.ID, N: i + 1, Of: len(list), Msg: f.Message, Advice: f.Advice, URL: f.URL, Result: f})
		}
		return
	}
	p := output.For(a.Out)
	count := map[preflight.Verdict]int{}
	for _, f := range list {
		count[f.Verdict]++
		mark := map[preflight.Verdict]string{preflight.OK: p.Good("✓"), preflight.Warn: p.Warn("!"), preflight.Fail: p.Bad("✗"), preflight.Skip: p.Dim("-")}[f.Verdict]
		_, _ = fmt.Fprintf(a.Out, "%s %-15s %s: %s\n", mark, f.ID, f.Title, f.Message)
		if f.Advice != "" {
			_, _ = fmt.Fprintf(a.Out, "  %-15s %s\n", "", output.Indent(f.Advice, 18))
		}
		if f.URL != "" {
			_, _ = fmt.Fprintf(a.Out, "  %-15s %s\n", "", p.Dim(f.URL))
		}
	}
	_, _ = fmt.Fprintf(a.Out, "\n%d checks in %s: %d fine, %d warnings, %d failures, %d not looked at\n", len(list), took.Round(time.Millisecond),
		count[preflight.OK], count[preflight.Warn], count[preflight.Fail], count[preflight.Skip])
}
