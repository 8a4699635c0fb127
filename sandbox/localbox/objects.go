package localbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// saveMark begins what Save gives of one file: the mark, the file's name quoted,
// its size in bytes, a line's end, the file as it is, saveEnd. So Replace gives
// back every byte, comments and faults too, and all of it reads as documents.
const (
	saveMark = "#gwctl:file "
	saveEnd  = "\n---\n"
)

// Save gives the manifests of the copy, to be given to Replace.
func (b *Box) Save() ([]byte, error) {
	names, err := b.copied()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, name := range names {
		if !manifest(name) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(b.Demo(), name))
		if err != nil {
			return nil, fmt.Errorf("saving the manifests: %w", err)
		}
		fmt.Fprintf(&out, "%s%q %d\n%s%s", saveMark, filepath.ToSlash(name), len(data), data, saveEnd)
	}
	return out.Bytes(), nil
}

// Replace makes the copy hold exactly these documents, and waits until the
// process serves exactly their objects.
func (b *Box) Replace(ctx context.Context, docs []byte) error {
	want, err := placed(docs)
	if err != nil {
		return err
	}
	have, err := b.copied()
	if err != nil {
		return err
	}
	for _, name := range have {
		if _, ok := want[name]; ok || !manifest(name) {
			continue
		}
		if err := os.Remove(filepath.Join(b.Demo(), name)); err != nil {
			return fmt.Errorf("removing a manifest: %w", err)
		}
	}
	for name, data := range want {
		if err := b.put(name, data); err != nil {
			return err
		}
	}
	set, err := files.Read(b.Demo())
	if err != nil {
		return err
	}
	// Of a file with faults a gateway may serve what it held before.
	faulty := slices.ContainsFunc(set.Problems, func(p problem.Problem) bool { return p.Severity == problem.Error })
	all := set.Objects()
	return b.await(ctx, func(served []entity.Object) bool {
		return slices.Equal(served, all) || faulty && holds(served, sound(set.Problems, all))
	})
}

// sound leaves out the objects that problems name.
func sound(problems []problem.Problem, objects []entity.Object) []entity.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o entity.Object) bool {
		return slices.ContainsFunc(problems, func(p problem.Problem) bool { return p.Object == o.Name })
	})
}

// Apply adds or changes the objects of these documents, leaves the others, and
// waits until the process serves them so.
func (b *Box) Apply(ctx context.Context, docs []byte) error {
	dec := api.NewDecoder()
	var want []entity.Object
	for _, doc := range api.Split(docs) {
		d := dec.Decode(doc.Text)
		for _, p := range d.Problems {
			if p.Severity == problem.Error {
				p.Line += doc.Line - 1
				return hint.New("BAD_MANIFEST", hint.Usage, "the manifest cannot be applied: "+p.String(), "mend it, then apply it again")
			}
		}
		names := map[string]bool{}
		for _, o := range d.Objects {
			names[api.Name(o.Value)] = true
			want = append(want, entity.Object{Name: api.Name(o.Value), Version: doc.Version()})
		}
		if err := b.applyDocument(dec, doc, names); err != nil {
			return err
		}
	}
	return b.await(ctx, func(served []entity.Object) bool { return holds(served, want) })
}

// applyDocument writes one document in the place of those that hold its objects.
func (b *Box) applyDocument(dec *api.Decoder, doc api.Document, names map[string]bool) error {
	have, err := b.copied()
	if err != nil {
		return err
	}
	written := false
	for _, name := range have {
		if !manifest(name) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(b.Demo(), name))
		if err != nil {
			return fmt.Errorf("applying a manifest: %w", err)
		}
		next, touched, err := exchange(dec, data, doc, names, &written)
		if err != nil {
			return fmt.Errorf("applying to %s: %w", name, err)
		}
		if touched {
			if err := b.put(name, next); err != nil {
				return err
			}
		}
	}
	if written {
		return nil
	}
	return b.put(b.freeName(fileName(doc.Text), have), append(slices.Clone(doc.Text), '\n'))
}

// exchange puts doc in the place of the first document of a file that holds one
// of its objects, and takes those objects out of every other.
func exchange(dec *api.Decoder, data []byte, doc api.Document, names map[string]bool, written *bool) (next []byte, touched bool, err error) {
	var out []string
	for _, old := range api.Split(data) {
		objects, keep := dec.Decode(old.Text).Objects, 0
		for _, o := range objects {
			if !names[api.Name(o.Value)] {
				keep++
			}
		}
		text := string(old.Text)
		switch {
		case keep == len(objects):
		case bytes.Equal(old.Text, doc.Text):
			*written = true
		case keep == 0 && !*written:
			text, touched, *written = string(doc.Text), true, true
		default:
			touched = true
			if text, err = without(dec, old.Text, names); err != nil {
				return nil, false, err
			}
		}
		if text != "" {
			out = append(out, text)
		}
	}
	return []byte(strings.Join(out, "\n---\n") + "\n"), touched, nil
}

// without takes objects out of a document; of one that is not a List nothing is
// left.
func without(dec *api.Decoder, text []byte, names map[string]bool) (string, error) {
	var list struct {
		APIVersion string           `json:"apiVersion"`
		Kind       string           `json:"kind"`
		Items      []map[string]any `json:"items"`
	}
	if err := yaml.Unmarshal(text, &list); err != nil || list.Kind != "List" {
		return "", err
	}
	var errs []error
	list.Items = slices.DeleteFunc(list.Items, func(item map[string]any) bool {
		raw, err := yaml.Marshal(item)
		errs = append(errs, err)
		for _, o := range dec.Decode(raw).Objects {
			if names[api.Name(o.Value)] {
				return true
			}
		}
		return false
	})
	raw, err := yaml.Marshal(list)
	return strings.TrimRight(string(raw), "\n"), errors.Join(append(errs, err)...)
}

// placed tells which file holds what: as Save wrote it, or one file a document.
func placed(docs []byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	rest := docs
	for bytes.HasPrefix(rest, []byte(saveMark)) {
		head, after, _ := bytes.Cut(rest[len(saveMark):], []byte("\n"))
		cut := bytes.LastIndexByte(head, ' ')
		if cut < 0 {
			return nil, fmt.Errorf("reading saved manifests: %q is no file", head)
		}
		name, err := strconv.Unquote(string(head[:cut]))
		size, err2 := strconv.Atoi(string(head[cut+1:]))
		if err := errors.Join(err, err2); err != nil || size < 0 || size > len(after) || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("reading saved manifests: %q is no file", head)
		}
		out[filepath.FromSlash(name)] = after[:size]
		rest = bytes.TrimPrefix(after[size:], []byte(saveEnd))
	}
	for i, doc := range api.Split(rest) {
		out[fmt.Sprintf("%02d-%s", i, fileName(doc.Text))] = append(slices.Clone(doc.Text), '\n')
	}
	return out, nil
}

// fileName names a file after the object in a document.
func fileName(text []byte) string {
	var o struct {
		Kind     string
		Metadata struct{ Name string }
	}
	_ = yaml.Unmarshal(text, &o) // a document that cannot be read gets a name too
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.Trim(o.Kind+"-"+o.Metadata.Name, "-")))
	if name == "" {
		name = "document"
	}
	return strings.TrimLeft(name, ".-") + ".yaml"
}

// freeName changes a name that is taken.
func (b *Box) freeName(name string, taken []string) string {
	free := name
	for i := 2; slices.Contains(taken, free); i++ {
		free = fmt.Sprintf("%d-%s", i, name)
	}
	return free
}

// put writes one file of the copy.
func (b *Box) put(name string, data []byte) error {
	path := filepath.Join(b.Demo(), name)
	err := os.MkdirAll(filepath.Dir(path), dirMode)
	if err == nil {
		err = writeFile(path, data)
	}
	if err != nil {
		return fmt.Errorf("writing a manifest: %w", err)
	}
	return nil
}

// await waits until the process that serves the copy serves what is wanted.
func (b *Box) await(ctx context.Context, content func(served []entity.Object) bool) error {
	state, p, _ := b.Look(ctx)
	if state != Running || p.Manifests != b.Demo() {
		return hint.New("NOT_SERVED", hint.NotReady, "the sandbox's gateway does not serve the copy of the demo", "bring it up: gwctl up")
	}
	return awaitObjects(ctx, p.Client(), content)
}

// holds reports whether every wanted object is served in that version.
func holds(served, want []entity.Object) bool {
	return !slices.ContainsFunc(want, func(o entity.Object) bool { return !slices.Contains(served, o) })
}

// manifest reports whether the gateway reads a file of this name.
func manifest(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}
