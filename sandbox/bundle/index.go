package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
)

const (
	indexName = "bundle.json"
	// format is the number of the file's format.
	format = 1
	// maxIndex bounds the index, in bytes.
	maxIndex = 1 << 20
	// nodeImageName is the entry that holds the node image.
	nodeImageName = "node-image.tar.zst"
)

// Entry is one file of a bundle.
type Entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 is that of its bytes, in hex.
	SHA256 string `json:"sha256"`
}

// Index lists what is in a bundle.
type Index struct {
	Format int `json:"format"`
	// Version is that of the gwctl that made it.
	Version string    `json:"version"`
	Created time.Time `json:"created"`
	// Arch is the architecture, as Go names it.
	Arch string `json:"arch"`
	// NodeImage is the image's name, and ImageID its ID in the engine.
	NodeImage string  `json:"nodeImage"`
	ImageID   string  `json:"imageID"`
	Entries   []Entry `json:"entries"`
}

// Size is what all entries take, in bytes, and Beyond what they take without the
// node image.
func (x Index) Size() (all, beyond int64) {
	for _, e := range x.Entries {
		all += e.Size
		if e.Name != nodeImageName {
			beyond += e.Size
		}
	}
	return all, beyond
}

// corrupt is a bundle that cannot be used.
func corrupt(path, why string) *hint.Hint {
	return hint.New("BAD_BUNDLE", hint.Preflight, "the bundle "+path+" cannot be used: "+why,
		"copy or fetch it again (gwctl bundle verify FILE checks it), or make it anew: gwctl bundle create FILE")
}

// Read reads a bundle's index, which has to be its first entry.
func Read(path string) (Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return Index{}, hint.New("NO_BUNDLE", hint.Preflight, "the bundle cannot be read", "give --bundle a file that is there").Because(err)
	}
	defer f.Close() //nolint:errcheck // read only
	return readIndex(tar.NewReader(f), path)
}

func readIndex(r *tar.Reader, path string) (Index, error) {
	var x Index
	h, err := r.Next()
	if err != nil || h.Name != indexName || h.Size > maxIndex {
		return x, corrupt(path, "it is no bundle of gwctl")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return x, corrupt(path, "it ends in its index")
	}
	if err := json.Unmarshal(raw, &x); err != nil {
		return x, corrupt(path, "its index cannot be read: "+err.Error())
	}
	if x.Format != format {
		return x, hint.New("BAD_BUNDLE", hint.Preflight, fmt.Sprintf("the bundle %s is of format %d, this gwctl reads %d", path, x.Format, format),
			"use the gwctl that made it, version "+x.Version+", or make it anew")
	}
	return x, nil
}

// walk gives each entry of a bundle to use, checks what was read against the
// index, and refuses what is missing or beside it. The entries' sums are known
// only when use has read them: it must not act on one before.
func walk(path string, use func(e Entry, r io.Reader) error) (Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return Index{}, hint.New("NO_BUNDLE", hint.Preflight, "the bundle cannot be read", "give --bundle a file that is there").Because(err)
	}
	defer f.Close() //nolint:errcheck // read only
	r := tar.NewReader(f)
	x, err := readIndex(r, path)
	if err != nil {
		return x, err
	}
	for _, e := range x.Entries {
		h, err := r.Next()
		if err != nil {
			return x, corrupt(path, "it ends before "+e.Name)
		}
		if h.Name != e.Name || h.Size != e.Size {
			return x, corrupt(path, fmt.Sprintf("%s of %d bytes stands where %s of %d should", h.Name, h.Size, e.Name, e.Size))
		}
		sum := sha256.New()
		tee := io.TeeReader(r, sum)
		if err := use(e, tee); err != nil {
			return x, err
		}
		if _, err := io.Copy(io.Discard, tee); err != nil {
			return x, corrupt(path, "it ends inside "+e.Name)
		}
		if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
			return x, corrupt(path, "the checksum of "+e.Name+" is wrong")
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return x, corrupt(path, "there is more in it than its index lists")
	}
	return x, nil
}

// Verify reads the whole bundle and checks every sum.
func Verify(path string) (Index, error) {
	return walk(path, func(Entry, io.Reader) error { return nil })
}
