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

// kill ends the nodes where the engine would ask them to end before it removes
// them, and wait for ten seconds.
func (b *Box) kill(ctx context.Context) {
	if b.engine.Name != "podman" {
		return
	}
	for _, n := range b.nodes {
		if n.State == "running" || n.State == "paused" {
			_, _ = b.engine.Output(ctx, "kill", n.Name) // it is removed anyhow
		}
	}
}
