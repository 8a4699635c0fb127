package kindbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// findEngine finds the engine that has the cluster, else one that answers.
func (b *Box) findEngine(ctx context.Context) (err error) {
	if b.engine != nil {
		return nil
	}
	if b.engine, err = engine.Named(ctx, b.Engine()); err != nil && b.Holds() {
		return b.away(err)
	}
	return err
}

// away says what to do where the engine that has the cluster does not answer: no
// other one has its nodes, and no other runtime this sandbox.
func (b *Box) away(err error) error {
	h, ok := errors.AsType[*hint.Hint](err)
	if !ok || h.Code != hint.NoEngine {
		return err
	}
	who, does := cmp.Or(b.Engine(), "the container engine"), "does not answer"
	if h.ID == "NO_ENGINE" {
		does = "is not installed"
	}
	return hint.New(h.ID, h.Code, fmt.Sprintf("%s, which has the cluster %s, %s", who, b.Cluster(), does),
		wake(b.Engine())+", then try again;\n"+
			"where it is gone for good, with all that it had: gwctl down --forget"+b.flag()).Because(h.Unwrap())
}

// wake says how an engine is made to answer.
func wake(name string) string {
	switch name {
	case "podman":
		return "see what it says (podman info; where it runs in a machine of its own: podman machine start)"
	case "nerdctl":
		return "start it (systemctl start containerd), see that you may use it (nerdctl info)"
	}
	return "start it (systemctl start docker, or open Docker Desktop), see that you may use it (docker info)"
}

// flag names the sandbox in a command of gwctl's.
func (b *Box) flag() string {
	if b.opts.Name == "default" {
		return ""
	}
	return " --name " + b.opts.Name
}

// Engine is the name of the engine that has the cluster, "" where there is none
// or it cannot be read, which is told of elsewhere.
func (b *Box) Engine() string {
	if s, _ := b.readState(); s != nil {
		return s.Engine
	}
	return ""
}

// kill ends a cluster's nodes where the engine would ask them to end before it
// removes them, and wait for ten seconds.
func kill(ctx context.Context, e *engine.Engine, cluster string) {
	if e.Name != "podman" {
		return
	}
	nodes, err := e.Nodes(ctx, cluster)
	if err != nil {
		return // they are removed anyhow
	}
	for _, n := range nodes {
		if n.State == "running" {
			_, _ = e.Output(ctx, "kill", n.Name)
		}
	}
}
