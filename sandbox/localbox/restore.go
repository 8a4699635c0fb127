package localbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source/files"
)

// servedEvery is how often a gateway is asked whether it serves a change yet.
const servedEvery = 10 * time.Millisecond

// Restore makes the copy of the demo as it came and waits until that is served,
// if a process runs. It tells which files it changed.
func (b *Box) Restore(ctx context.Context) ([]string, error) {
	edited, err := b.RestoreDemo()
	if err != nil {
		return nil, err
	}
	state, p, _ := b.Look(ctx)
	if state != Running || p.Manifests != b.Demo() {
		return edited, nil
	}
	set, err := files.Read(b.Demo())
	if err != nil {
		return edited, err
	}
	return edited, awaitServed(ctx, p.Client(), set.Objects())
}

// awaitServed waits until exactly these objects are served.
func awaitServed(ctx context.Context, gateway *admin.Client, want []entity.Object) error {
	return awaitObjects(ctx, gateway, func(served []entity.Object) bool { return slices.Equal(served, want) })
}

// awaitObjects waits until the gateway serves objects that content is true of.
func awaitObjects(ctx context.Context, gateway *admin.Client, content func(served []entity.Object) bool) error {
	again := time.NewTicker(servedEvery)
	defer again.Stop()
	for {
		st, err := gateway.Status(ctx)
		if err == nil && content(written(st.Objects)) {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting until the manifests are served: %w", context.Cause(ctx))
		}
	}
}

// written leaves out the objects that stand for stand-ins.
func written(objects []entity.Object) []entity.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o entity.Object) bool { return strings.HasPrefix(o.Version, standinVersion) })
}
