package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/image"
)

// Source is what a bundle is made of.
type Source struct {
	Engine    *engine.Engine
	NodeImage string
	Store     *image.Store
	Version   string
	// Trees are directories that go in as they are, by name: chart, demo, lessons.
	Trees map[string]fs.FS
	// Tell, when not nil, hears what is being done.
	Tell func(text string)
}

// Create makes a bundle at out. What was finished by an earlier Create that was
// ended is taken as it is.
func Create(ctx context.Context, out string, s Source) (Index, error) {
	id, ok := s.Engine.Image(ctx, s.NodeImage)
	if !ok {
		return Index{}, fmt.Errorf("finding the node image: %s has no %s", s.Engine.Name, s.NodeImage)
	}
	x := Index{Format: format, Version: s.Version, Created: time.Now().UTC().Truncate(time.Second), Arch: s.Engine.Info.Architecture, NodeImage: s.NodeImage, ImageID: id}
	parts := out + ".part"
	if err := os.MkdirAll(parts, 0o755); err != nil { //nolint:gosec // a bundle is for everybody
		return x, fmt.Errorf("making the bundle: %w", err)
	}
	w := &writer{dir: parts, tell: s.Tell}
	// The node image's part is named after its ID: of another image it is made anew.
	key := "node-" + strings.TrimPrefix(id, "sha256:")[:16]
	if err := w.part(ctx, nodeImageName, key, func(dst io.Writer) error { return saveImage(ctx, s.Engine, s.NodeImage, dst) }); err != nil {
		return x, err
	}
	if err := w.programs(ctx, s.Store, x.Arch); err != nil {
		return x, err
	}
	for _, name := range slices.Sorted(mapKeys(s.Trees)) {
		if err := w.tree(ctx, name, s.Trees[name]); err != nil {
			return x, err
		}
	}
	x.Entries = w.entries
	if err := w.join(out, x); err != nil {
		return x, err
	}
	return x, os.RemoveAll(parts)
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// writer makes the parts, then joins them.
type writer struct {
	dir     string
	tell    func(text string)
	entries []Entry
	files   []string
}

// part makes an entry, unless one of the key is finished already.
func (w *writer) part(ctx context.Context, name, key string, fill func(io.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	done := filepath.Join(w.dir, key)
	if _, err := os.Stat(done); err != nil {
		if w.tell != nil {
			w.tell("packing " + name)
		}
		if err := make1(done, fill); err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
	}
	e, err := entry(name, done)
	if err != nil {
		return err
	}
	w.entries, w.files = append(w.entries, e), append(w.files, done)
	return nil
}

// make1 writes a file, whole or not at all.
func make1(path string, fill func(io.Writer) error) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

func entry(name, file string) (Entry, error) {
	f, err := os.Open(file)
	if err != nil {
		return Entry{}, fmt.Errorf("reading back %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // read only
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return Entry{}, fmt.Errorf("reading back %s: %w", name, err)
	}
	return Entry{Name: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// saveImage packs what the engine saves of an image.
func saveImage(ctx context.Context, e *engine.Engine, ref string, dst io.Writer) error {
	// A window of 128 MiB: the layers of a node image hold the same binaries.
	z, err := zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(128<<20))
	if err != nil {
		return err
	}
	return errors.Join(e.Stream(ctx, nil, z, "save", ref), z.Close())
}

// programs packs the binaries.
func (w *writer) programs(ctx context.Context, store *image.Store, arch string) error {
	for _, p := range image.Programs() {
		im, err := store.Image(p, arch)
		if err != nil {
			return err
		}
		name := path.Join("images", "linux-"+arch, p.Name+".gz")
		err = w.part(ctx, name, p.Name+"-"+im.Tag, func(dst io.Writer) error {
			src, err := im.Open()
			if err != nil {
				return err
			}
			defer src.Close()
			z, err := gzip.NewWriterLevel(dst, gzip.BestCompression)
			if err != nil {
				return err
			}
			_, err = io.Copy(z, src)
			return errors.Join(err, z.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tree packs a directory's files, each as an entry.
func (w *writer) tree(ctx context.Context, name string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(tree, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		return w.part(ctx, path.Join(name, p), "file-"+hex.EncodeToString(sum[:8]), func(dst io.Writer) error {
			_, err := dst.Write(raw)
			return err
		})
	})
}

// join writes the bundle.
func (w *writer) join(out string, x Index) error {
	raw, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	err = make1(out, func(dst io.Writer) error {
		t := tar.NewWriter(dst)
		add := func(name string, size int64, r io.Reader) error {
			if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: x.Created}); err != nil {
				return err
			}
			_, err := io.Copy(t, r)
			return err
		}
		if err := add(indexName, int64(len(raw)), bytes.NewReader(raw)); err != nil {
			return err
		}
		for i, e := range x.Entries {
			f, err := os.Open(w.files[i])
			if err != nil {
				return err
			}
			if err := errors.Join(add(e.Name, e.Size, f), f.Close()); err != nil {
				return err
			}
		}
		return t.Close()
	})
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	return nil
}
