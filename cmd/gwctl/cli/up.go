package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/sandbox"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/step"
)

// defaultTimeout leaves time to pull a node image; the local runtime takes a
// fraction of a second.
const defaultTimeout = 10 * time.Minute

func (a App) up() *cobra.Command {
	var (
		g       group
		o       sandbox.Options
		timeout time.Duration
		wait    bool
	)
	c := &cobra.Command{
		Use: "up", Short: "Bring a sandbox up: a gateway and backends",
		Long: "Bring a sandbox up: a gateway and, behind it, the demo or your own manifests.\n\n" +
			"Where a container engine answers (Docker, else nerdctl or Podman), it is a kind cluster of its\n" +
			"own; elsewhere, or with --runtime local, one process on this machine. A sandbox that is up stays\n" +
			"as it is; one that was paused, stopped or broke is healed; an up that was ended is cleared.\n\n" +
			"In a cluster you edit the demo with kubectl (gwctl kubeconfig); in the local runtime in a\n" +
			"directory that up names. Either way, changes are served within a second. With --manifests your\n" +
			"own files are served, and never written to.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			asJSON, err := g.JSON()
			if err != nil {
				return err
			}
			if c.Flags().Changed("port") && o.Port == 0 {
				o.Port = sandbox.AnyPort
			}
			o.Name, o.Cluster.NoWait = g.name, !wait
			did := map[bool]string{false: "undone", true: "ended"}[o.Cluster.Retain]
			ctx, cancel := context.WithTimeoutCause(c.Context(), timeout, hint.New("TIMEOUT", hint.Timeout,
				fmt.Sprintf("it took longer than %s, so it was %s", timeout, did), fmt.Sprintf("give it more time: --timeout %s", 2*timeout)))
			defer cancel()
			if asJSON {
				return a.upJSON(ctx, o)
			}
			res, err := a.bringUp(ctx, o, a.progress())
			a.printProblems(a.Err, res.Problems)
			if err != nil {
				return err
			}
			a.printResult(res)
			return nil
		},
	}
	g.flags(c)
	g.Flag(c)
	f := c.Flags()
	f.StringVar(&o.Runtime, "runtime", "", `what carries the sandbox: "kind", a cluster of its own in the container engine, or "local",
a process on this machine (default: what it has, or $`+sandbox.RuntimeVariable+`, or kind where a container engine answers, else local)`)
	f.StringVar(&o.Manifests, "manifests", "", "directory or file of manifests of your own, or a kong.yml (default: what it has, or the demo)")
	f.IntVar(&o.Port, "port", 0, "port for clients on 127.0.0.1, 0 for any free one (default: what it had, or 8000 or the next free one)")
	f.DurationVar(&timeout, "timeout", defaultTimeout, "how long it may take")
	f.StringVar(&o.Cluster.Image, "image", "", "node image of a kind cluster (default: $"+"GWCTL_NODE_IMAGE, or kind's own, or one that was built here)")
	f.StringVar(&o.Cluster.Config, "config", "", "kind config to merge what a sandbox needs into")
	f.BoolVar(&wait, "wait", true, "wait in a cluster until everything is served; --wait=false returns when it is applied")
	f.BoolVar(&o.Cluster.Retain, "retain", false, "keep the nodes of a kind cluster that does not come up, to look at")
	f.StringVar(&o.Cluster.Bundle, "bundle", "", "bundle with the node image and all else, a file or the address of gwctl bundle serve")
	f.BoolVar(&o.Cluster.Offline, "offline", false, "ask no registry for anything")
	f.BoolVar(&o.Cluster.SwitchContext, "switch-context", false, "make the cluster the current context of your own kubeconfig, until down")
	f.StringVar(&o.Cluster.Class, "ingress-class", "", "ingress class that the gateway serves in a cluster (default kong)")
	f.IntVar(&o.Cluster.Replicas, "replicas", 0, "how many gateways run in a cluster (default 1)")
	f.StringVar(&o.Cluster.Context, "context", "", "context of a cluster that is there already, to put the sandbox into")
	f.StringVar(&o.Cluster.Kubeconfig, "kubeconfig", "", "kubeconfig that has it (default: as kubectl)")
	f.StringVar(&o.Cluster.Registry, "registry", "", "where the images are pushed to, and that cluster pulls them from")
	f.StringVar(&o.Cluster.ServiceType, "service-type", "", "how clients come into that cluster: ClusterIP, by 127.0.0.1 (default), NodePort or LoadBalancer")
	f.BoolVar(&o.Cluster.KeepCRDs, "keep-crds", false, "let that cluster's own CRDs of Kong stay as they are")
	_ = c.RegisterFlagCompletionFunc("service-type", cobra.FixedCompletions([]string{"ClusterIP", "NodePort", "LoadBalancer"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions([]string{sandbox.Kind, sandbox.Local}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a App) bringUp(ctx context.Context, o sandbox.Options, report step.Reporter) (*sandbox.Result, error) {
	s, err := a.find(o)
	if err != nil {
		return &sandbox.Result{}, err
	}
	return s.Up(ctx, report)
}

func (a App) upJSON(ctx context.Context, o sandbox.Options) error {
	begin, out := time.Now(), lines{a.Out}
	res, err := a.bringUp(ctx, o, out)
	for _, p := range res.Problems {
		out.write(line{Type: "check", ID: "PROBLEM", Msg: p.String()})
	}
	if err != nil {
		return out.fail(err, o.Cluster.Retain)
	}
	out.write(line{Type: "result", ID: "up", Millis: time.Since(begin).Milliseconds(), Msg: summary(res), URL: res.URL(), Result: res})
	return nil
}
