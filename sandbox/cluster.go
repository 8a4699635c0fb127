package sandbox

import (
	"context"
	"io"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/clusterbox"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/step"
)

// clusterRuntime is the runtime cluster.
type clusterRuntime struct {
	inside
	box *clusterbox.Box
}

var (
	_ Runtime   = clusterRuntime{}
	_ Clustered = clusterRuntime{}
	_ Logger    = clusterRuntime{}
	_ Faulter   = clusterRuntime{}
	_ Leaver    = clusterRuntime{}
	_ Holder    = clusterRuntime{}
)

func newCluster(o Options, dir string) clusterRuntime {
	c := o.Cluster
	box := clusterbox.New(clusterbox.Options{
		Dir: dir, Name: o.Name, Command: c.ForwardCommand, Kubeconfig: c.Kubeconfig, Context: c.Context, Registry: c.Registry,
		ServiceType: c.ServiceType, Class: c.Class, KeepCRDs: c.KeepCRDs, Replicas: c.Replicas, Forget: c.Forget, NoWait: c.NoWait,
	})
	return clusterRuntime{inside{box.Inside}, box}
}

func (c clusterRuntime) Up(want Want) []step.Step { return c.box.Up(clusterbox.Want(want)) }

func (c clusterRuntime) Started() bool { return c.box.Started() }

func (c clusterRuntime) Keep() error { return nil }

func (c clusterRuntime) Holds() bool { return c.box.Holds() }

func (c clusterRuntime) Problems() []problem.Problem { return c.box.Problems() }

func (c clusterRuntime) Left() []string { return c.box.Left() }

func (c clusterRuntime) Find(ctx context.Context) (Found, error) {
	state, why, list, address, err := c.box.Look(ctx)
	_, kubecontext := c.box.Kubeconfig()
	f := Found{
		State: map[clusterbox.State]State{clusterbox.Absent: Broken, clusterbox.Broken: Broken, clusterbox.Running: Running}[state],
		Why:   why, Log: "gwctl logs", Manifests: "namespace " + deploy.DemoNamespace + " of context " + kubecontext,
		Gateways: gateways(list, address),
	}
	return f, err
}

func (c clusterRuntime) Down(ctx context.Context) (bool, error) { return c.box.Down(ctx) }

func (c clusterRuntime) Kubeconfig() (path, context string) { return c.box.Kubeconfig() }

// RunForward is the process that forwards to a cluster: what
// ClusterOptions.ForwardCommand must lead to.
func RunForward(ctx context.Context, in io.Reader, out io.Writer) error {
	return clusterbox.Forward(ctx, in, out)
}
