package clusterbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/private"
)

// Left tells what Down has left in the cluster, and why.
func (b *Box) Left() []string { return b.left }

// Down removes what Up made, and reports whether there was something.
func (b *Box) Down(ctx context.Context) (bool, error) {
	if err := b.stopForward(ctx); err != nil {
		return true, err
	}
	if b.opts.Forget {
		return true, nil
	}
	s, err := b.readState()
	if err != nil || s == nil {
		return s != nil, err
	}
	b.state = s
	if b.conn == nil {
		if err := b.connect(ctx); err != nil {
			return true, err
		}
	}
	if err := b.remove(ctx); err != nil {
		return true, err
	}
	if err := private.Remove(b.path(stateFile)); err != nil {
		return true, fmt.Errorf("forgetting the cluster: %w", err)
	}
	return true, nil
}

// remove removes the release, then the objects, the last first; namespaces and
// CRDs when all else has gone.
func (b *Box) remove(ctx context.Context) error {
	isCRD := func(r cluster.Ref) bool { return r.Kind == "CustomResourceDefinition" }
	var crds, objects []cluster.Ref
	for _, ref := range slices.Backward(b.state.Made) {
		if isCRD(ref) {
			crds = append(crds, ref)
		} else {
			objects = append(objects, ref)
		}
	}
	for _, ref := range objects {
		if ref.Kind == "Namespace" {
			continue
		}
		if _, err := b.conn.Delete(ctx, ref); err != nil {
			return err
		}
	}
	helm, err := deploy.NewHelm(b.conn, func(string, ...any) {})
	if err != nil {
		return err
	}
	if _, err := helm.Uninstall(); err != nil {
		return err
	}
	for _, ref := range objects {
		if _, err := b.conn.Delete(ctx, ref); err != nil {
			return err
		}
	}
	for _, ref := range objects {
		if err := b.conn.Gone(ctx, ref); err != nil {
			return err
		}
	}
	stay, err := deploy.RemoveCRDs(ctx, b.conn, crds)
	for _, name := range slices.Sorted(maps.Keys(stay)) {
		b.left = append(b.left, strings.TrimSpace("CustomResourceDefinition "+name+" stays: "+stay[name]))
	}
	return err
}
