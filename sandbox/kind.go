package sandbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/kindbox"
	"github.com/gwctl/gwctl/sandbox/step"
)

// inside is what the runtimes in clusters share.
type inside struct {
	open func() (*deploy.Inside, error)
}

// Pristine says whether the demo is as it came.
func (i inside) Pristine(ctx context.Context) bool {
	in, err := i.open()
	if err != nil {
		return false
	}
	ok, err := in.Pristine(ctx)
	return ok && err == nil
}

// Restore makes the demo as it came.
func (i inside) Restore(ctx context.Context) ([]string, error) {
	in, err := i.open()
	if err != nil {
		return nil, err
	}
	return in.Restore(ctx)
}

// Save gives the demo's objects.
func (i inside) Save(ctx context.Context) ([]byte, error) {
	in, err := i.open()
	if err != nil {
		return nil, err
	}
	return in.Save(ctx)
}

// Replace makes the demo's namespace hold exactly these documents.
func (i inside) Replace(ctx context.Context, docs []byte) error {
	in, err := i.open()
	if err != nil {
		return err
	}
	return in.ReplaceDocs(ctx, docs)
}

// Apply adds or changes objects.
func (i inside) Apply(ctx context.Context, docs []byte) error {
	in, err := i.open()
	if err != nil {
		return err
	}
	return in.ApplyDocs(ctx, docs)
}

// Logs gives what the gateways' pods have logged.
func (i inside) Logs(ctx context.Context, tail int64, follow bool, each func(gateway, line string)) error {
	in, err := i.open()
	if err != nil {
		return err
	}
	return in.Logs(ctx, tail, follow, each)
}

// gateways makes the sandbox's gateways of the cluster's; all are reached by the
// same address.
func gateways(list []deploy.Gateway, address string) []Gateway {
	out := make([]Gateway, 0, len(list))
	for _, g := range list {
		out = append(out, Gateway{
			Proxy: address, Admin: g.Admin, Pod: g.Pod, Restarts: g.Restarts, Started: g.Started, Status: g.Status, token: g.Token, dial: g.Dial,
		})
	}
	return out
}

// kindRuntime is the runtime kind.
type kindRuntime struct {
	inside
	box  *kindbox.Box
	name string
}

var (
	_ Runtime   = kindRuntime{}
	_ Pauser    = kindRuntime{}
	_ Clustered = kindRuntime{}
	_ Logger    = kindRuntime{}
	_ Faulter   = kindRuntime{}
	_ Holder    = kindRuntime{}
	_ Leaver    = kindRuntime{}
	_ Keeper    = kindRuntime{}
)

func newKind(o Options, dir string) kindRuntime {
	c := o.Cluster
	box := kindbox.New(kindbox.Options{
		Dir: dir, Name: o.Name, Version: o.Version, Command: c.CreateCommand, Image: c.Image, Config: c.Config, Retain: c.Retain, Offline: c.Offline, Bundle: c.Bundle,
		Class: c.Class, Replicas: c.Replicas, SwitchContext: c.SwitchContext, NoWait: c.NoWait, Forget: c.Forget,
	})
	return kindRuntime{inside{box.Inside}, box, o.Name}
}

func (k kindRuntime) Up(want Want) []step.Step { return k.box.Up(kindbox.Want(want)) }

func (k kindRuntime) Started() bool { return k.box.Started() }

func (k kindRuntime) Keep() error { return nil }

func (k kindRuntime) Holds() bool { return k.box.Holds() }

func (k kindRuntime) Kept() (message, advice string) { return k.box.Kept() }

func (k kindRuntime) Left() []string { return k.box.Left() }

func (k kindRuntime) Problems() []problem.Problem { return k.box.Problems() }

func (k kindRuntime) Find(ctx context.Context) (Found, error) {
	state, why, list, port, err := k.box.Look(ctx)
	f := Found{
		State: map[kindbox.State]State{kindbox.Absent: Broken, kindbox.Broken: Broken, kindbox.Paused: Paused, kindbox.Running: Running}[state],
		Why:   why, Log: "gwctl logs", Manifests: fmt.Sprintf("namespace %s of cluster %s", deploy.DemoNamespace, k.box.Cluster()),
		Gateways: gateways(list, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))),
	}
	return f, err
}

func (k kindRuntime) Down(ctx context.Context) (bool, error) { return k.box.Down(ctx) }

func (k kindRuntime) Pause(ctx context.Context) error { return k.box.Pause(ctx) }

func (k kindRuntime) Resume(ctx context.Context) error { return k.box.Resume(ctx) }

func (k kindRuntime) Kubeconfig() (path, context string) { return k.box.Kubeconfig(), k.box.Context() }

// RunCreate is the process that creates a kind cluster: what
// ClusterOptions.CreateCommand must lead to.
func RunCreate(ctx context.Context, in io.Reader, out io.Writer) error {
	return kindbox.Create(ctx, in, out)
}
