package kindbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gwctl/gwctl/sandbox/bundle"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
	"github.com/gwctl/gwctl/sandbox/step"
)

// store gives the binaries: those of the bundle that the sandbox was made of,
// else those of this program.
func (b *Box) store() (*image.Store, error) {
	if _, err := os.Stat(b.path(image.Folder)); err == nil {
		return image.Dir(b.path(image.Folder)), nil
	}
	return image.Open()
}

// unpack takes out of the bundle what is not here yet.
func (b *Box) unpack(ctx context.Context, t *step.Task) error {
	path := b.opts.Bundle
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		if b.opts.Offline {
			return hint.New("OFFLINE", hint.Usage, "--offline fetches no bundle", "fetch it before, then give --bundle the file")
		}
		into := b.path(bundle.ServedName)
		if err := b.fetch(ctx, t, path, into); err != nil {
			return err
		}
		path = into
	}
	used, err := bundle.Use(ctx, path, b.path(image.Folder), b.engine, func(text string) { t.Progress("%s", text) })
	if err != nil {
		if path != b.opts.Bundle && ctx.Err() == nil {
			_ = os.Remove(path) // the next try fetches it anew
		}
		return err
	}
	b.bundled = used.NodeImage
	if used.Version != b.opts.Version {
		t.Warn("the bundle is of gwctl "+used.Version+", this program of "+b.opts.Version+": its gateway is installed by this one's chart",
			"use the gwctl that made it, or make it anew: gwctl bundle create FILE")
	}
	all, _ := used.Size()
	t.Say("of gwctl %s, %.0f MB, every checksum right; %s", used.Version, float64(all)/1e6,
		map[bool]string{true: "its node image was loaded", false: "its node image is here already"}[used.Loaded])
	return nil
}

// fetch fetches a bundle into a file of the sandbox. Until it is whole it lies beside
// the sandbox, which is undone when this fails: another try goes on.
func (b *Box) fetch(ctx context.Context, t *step.Task, url, into string) error {
	part := Part(b.opts.Dir)
	if _, err := os.Stat(into); err == nil {
		part = into
	}
	if err := bundle.Fetch(ctx, url, part, func(p engine.Progress) { t.Progress("fetching: %s", p) }); err != nil {
		return err
	}
	if part == into {
		return nil
	}
	if err := os.Rename(part, into); err != nil {
		return fmt.Errorf("keeping the bundle: %w", err)
	}
	return nil
}

// Part is where a bundle lies that is not whole yet, for the sandbox of a directory.
func Part(dir string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".bundle.part")
}
