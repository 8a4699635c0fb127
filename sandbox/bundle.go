package sandbox

import (
	"context"
	"io/fs"

	"github.com/gwctl/gwctl/manifests"
	"github.com/gwctl/gwctl/sandbox/bundle"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/image"
	"github.com/gwctl/gwctl/sandbox/kindbox"
)

// CreateBundle makes a bundle at out, of the node image named or else of the one
// that a sandbox would be made of here, and of lessons beside what is embedded.
func CreateBundle(ctx context.Context, out, nodeImage, version string, lessons fs.FS, tell func(text string)) (bundle.Index, error) {
	e, err := engine.Detect(ctx)
	if err != nil {
		return bundle.Index{}, err
	}
	ref, err := kindbox.NodeImage(ctx, e, nodeImage, tell)
	if err != nil {
		return bundle.Index{}, err
	}
	store, err := image.Open()
	if err != nil {
		return bundle.Index{}, err
	}
	return bundle.Create(ctx, out, bundle.Source{
		Engine: e, NodeImage: ref, Store: store, Version: version, Tell: tell,
		Trees: map[string]fs.FS{"chart": manifests.Chart(), "demo": manifests.Demo(), "lessons": lessons},
	})
}
