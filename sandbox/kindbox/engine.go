package kindbox

import (
	"context"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// findEngine finds the engine that has the cluster, else one that answers.
func (b *Box) findEngine(ctx context.Context) (err error) {
	if b.engine != nil {
		return nil
	}
	b.engine, err = engine.Named(ctx, b.Engine())
	return err
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
