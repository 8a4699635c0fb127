package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// settledAge is how old a file must be for a later change to show in its time,
// whatever the file system's clock.
const settledAge = 2 * time.Second

// maxFile bounds what is read of one file, in bytes.
const maxFile = 64 << 20

// reader reads files into sets and remembers what it has decoded. It serves one
// goroutine.
type reader struct {
	dec   *api.Decoder
	docs  map[digest]document // by the SHA-256 of their text
	next  map[digest]document // those that the current read has used
	files map[string]content  // by path
}

type digest = [sha256.Size]byte

// document is one decoded document.
type document struct {
	version string
	api.Decoded
}

// content is what a file held.
type content struct {
	sum  digest
	info fs.FileInfo // when it was read
	// settled is whether the file was old enough when it was read for its time
	// and size to tell whether it has changed since.
	settled bool
	// held is what the newest text gave, good what the last text without an
	// error gave; good is nil when there was none.
	held, good []placed
	problems   []problem.Problem
	faulty     bool
	docs       []digest
}

// placed is one object and where it stands.
type placed struct {
	object api.Resource
	origin source.Origin
}

func newReader() *reader {
	return &reader{dec: api.NewDecoder(), docs: map[digest]document{}, files: map[string]content{}}
}

// read reads every file of t into a sorted set, and a digest that is the same
// for sets that are the same. A file that looks as it did is not opened again,
// unless it is among the changed ones.
func (r *reader) read(t tree, changed map[string]bool) (source.Set, digest) {
	var set source.Set
	set.Problems = append(set.Problems, t.problems...)
	r.next = make(map[digest]document, len(r.docs))
	files := make(map[string]content, len(t.files))
	sum := sha256.New()
	for _, path := range t.files {
		c, ok := r.file(path, &set, changed)
		if !ok {
			continue
		}
		files[path] = c
		emit(&set, path, c)
		note(sum, path, c)
	}
	r.keepLost(t, files, &set, sum)
	for _, p := range set.Problems {
		_, _ = io.WriteString(sum, p.String())
	}
	r.docs, r.files, r.next = r.next, files, nil
	set.Sort()
	return set, digest(sum.Sum(nil))
}

// keepLost goes on with the files below directories that could not be listed.
func (r *reader) keepLost(t tree, files map[string]content, set *source.Set, sum hash.Hash) {
	if len(t.lost) == 0 {
		return
	}
	var paths []string
	for path := range r.files {
		_, read := files[path]
		if !read && slices.ContainsFunc(t.lost, func(dir string) bool { return below(path, dir) }) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		c := r.files[path]
		files[path] = c
		r.use(c)
		emit(set, path, c)
		note(sum, path, c)
	}
}

func below(path, dir string) bool {
	const sep = string(filepath.Separator)
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, sep)+sep)
}

func note(h hash.Hash, path string, c content) {
	_, _ = io.WriteString(h, path)
	_, _ = h.Write(c.sum[:])
}

// emit puts a file's objects and problems into the set.
func emit(set *source.Set, path string, c content) {
	set.Problems = append(set.Problems, c.problems...)
	objects := c.held
	if c.faulty && c.good != nil {
		objects = c.good
		set.Problems = append(set.Problems, problem.Problem{
			Severity: problem.Warning, Object: path, File: path,
			Reason: fmt.Sprintf("has faults: its last good version (%d objects) is still served", len(objects)),
		})
	}
	for _, p := range objects {
		set.Add(p.object, p.origin)
	}
}

// file reads one file; ok is false when it is not there any more.
func (r *reader) file(path string, set *source.Set, changed map[string]bool) (c content, ok bool) {
	old, known := r.files[path]
	info, err := os.Stat(path) // before opening: opening a pipe would wait
	if err == nil && known && old.settled && !changed[path] && sameFile(old.info, info) {
		r.use(old)
		return old, true
	}
	now := time.Now()
	var data []byte
	if err == nil {
		data, err = readFile(path, info)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return content{}, false
	}
	if err != nil {
		reason := "cannot be read: " + plain(err)
		if known {
			reason += "; what it held before is still served"
			r.use(old)
		}
		set.Problems = append(set.Problems, problem.Problem{
			Severity: problem.Error, Object: path, File: path, Reason: reason,
		})
		return old, known
	}
	sum := sha256.Sum256(data)
	settled := now.Sub(info.ModTime()) > settledAge
	if known && sum == old.sum {
		r.use(old)
		old.info, old.settled = info, settled
		return old, true
	}
	c = r.parse(path, data)
	c.sum, c.info, c.settled = sum, info, settled
	switch {
	case !c.faulty:
		c.good = c.held
	case known:
		c.good = old.good
	}
	return c, true
}

// use keeps the decoded documents of c for the next read.
func (r *reader) use(c content) {
	for _, sum := range c.docs {
		if d, ok := r.docs[sum]; ok {
			r.next[sum] = d
		}
	}
}

// parse decodes the documents of one file, those that are not known yet.
func (r *reader) parse(path string, data []byte) content {
	c := content{held: []placed{}}
	for _, doc := range api.Split(data) {
		sum := sha256.Sum256(doc.Text)
		d, ok := r.docs[sum]
		if !ok {
			if d, ok = r.next[sum]; !ok {
				d = document{version: hex.EncodeToString(sum[:]), Decoded: r.dec.Decode(bytes.Clone(doc.Text))}
			}
		}
		r.next[sum] = d
		c.docs = append(c.docs, sum)
		for _, o := range d.Objects {
			c.held = append(c.held, placed{o.Value, source.Origin{
				File: path, Line: doc.Line + o.Line - 1, Version: d.version, Broken: o.Broken,
			}})
		}
		for _, p := range d.Problems {
			p.File, p.Line = path, doc.Line+max(p.Line, 1)-1
			c.faulty = c.faulty || p.Severity == problem.Error
			c.problems = append(c.problems, p)
		}
	}
	return c
}

func sameFile(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// readFile reads a regular file of a bounded size.
func readFile(path string, info fs.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	data := make([]byte, 0, info.Size()+1)
	for len(data) <= maxFile {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data))
		}
	}
	return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
}

// plain gives the cause of a file error without the path, which the problem
// names already.
func plain(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
