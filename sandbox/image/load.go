package image

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// Load brings the images of our programs into every node that lacks them, and
// reports whether there were any to bring.
func Load(ctx context.Context, e *engine.Engine, nodes []engine.Node, store *Store) (images []*Image, loaded bool, err error) {
	if images, err = store.Images(e.Info.Architecture); err != nil {
		return nil, false, err
	}
	errs := make([]error, len(nodes))
	counts := make([]int, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { counts[i], errs[i] = loadNode(ctx, e, n, images) })
	}
	all.Wait()
	for i := range nodes {
		if errs[i] != nil {
			return nil, false, fmt.Errorf("loading images into %s: %w", nodes[i].Name, errs[i])
		}
		loaded = loaded || counts[i] > 0
	}
	return images, loaded, nil
}

// Told says in a line what Load did.
func Told(images []*Image, loaded bool) string {
	names := make([]string, 0, len(images))
	for _, im := range images {
		names = append(names, fmt.Sprintf("%s (%.1f MB)", im.Program.Name, float64(im.Size)/1e6))
	}
	if loaded {
		return "loaded: " + strings.Join(names, ", ")
	}
	return "there already: " + strings.Join(names, ", ")
}

// loadNode loads what a node lacks, and tells how many images that were. They go
// in as one archive of one platform: `kind load` asks for all platforms, which
// some engines' stores do not have (kubernetes-sigs/kind#3795).
func loadNode(ctx context.Context, e *engine.Engine, n engine.Node, images []*Image) (int, error) {
	out, err := e.Output(ctx, "exec", n.Name, "ctr", "--namespace=k8s.io", "images", "ls", "-q")
	if err != nil {
		return 0, err
	}
	have := map[string]bool{}
	for name := range strings.FieldsSeq(string(out)) {
		have[name] = true
	}
	var missing []*Image
	for _, im := range images {
		if !have[im.Refs()[0]] {
			missing = append(missing, im)
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(WriteArchive(w, missing)) }()
	defer r.Close() //nolint:errcheck // the writer ends, if it has not yet
	_, err = e.Run(ctx, r, "exec", "-i", n.Name, "ctr", "--namespace=k8s.io", "images", "import", "--digests", "-")
	return len(missing), err
}
