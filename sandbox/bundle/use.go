package bundle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
)

// Used is what was taken out of a bundle.
type Used struct {
	Index
	// Loaded says that the engine did not have the node image.
	Loaded bool
}

// Use checks a bundle, loads its node image into the engine, unless it is there,
// and lays its binaries below dir, for image.Dir. Nothing is loaded, and no binary
// laid, before every sum has been checked.
func Use(ctx context.Context, path, dir string, e *engine.Engine, tell func(text string)) (Used, error) {
	tell("checking " + filepath.Base(path))
	x, err := Verify(path)
	if err != nil {
		return Used{}, err
	}
	if x.Arch != e.Info.Architecture {
		return Used{}, hint.New("OTHER_ARCH", hint.Preflight,
			fmt.Sprintf("the bundle is for %s, the container engine runs %s", x.Arch, e.Info.Architecture),
			"make one on a machine of that architecture: gwctl bundle create FILE")
	}
	u := Used{Index: x}
	id, ok := e.Image(ctx, x.NodeImage)
	u.Loaded = !ok || id != x.ImageID
	_, err = walk(path, func(entry Entry, r io.Reader) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		switch {
		case entry.Name == nodeImageName && u.Loaded:
			tell("loading " + x.NodeImage)
			return loadImage(ctx, e, r)
		case strings.HasPrefix(entry.Name, image.Folder+"/"):
			return lay(dir, filepath.FromSlash(strings.TrimPrefix(entry.Name, image.Folder+"/")), r)
		}
		return nil
	})
	return u, err
}

func loadImage(ctx context.Context, e *engine.Engine, r io.Reader) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(256<<20))
	if err != nil {
		return fmt.Errorf("unpacking the node image: %w", err)
	}
	defer z.Close()
	if _, err := e.Run(ctx, z, "load"); err != nil {
		return fmt.Errorf("loading the node image: %w", err)
	}
	return nil
}

// lay writes a file, whole or not at all. Its name comes from a bundle whose sums
// are right, but may still be made up: it stays below its directory.
func lay(dir, name string, r io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("laying %s: it leads out of its directory", name)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("laying %s: %w", path, err)
	}
	err := make1(path, func(dst io.Writer) error {
		_, err := io.Copy(dst, r)
		return err
	})
	if err != nil {
		return fmt.Errorf("laying %s: %w", path, err)
	}
	return nil
}
