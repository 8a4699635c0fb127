package kongfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/gatewayd/problem"
)

const (
	// maxDepth bounds how deep values are nested.
	maxDepth = 100
	// maxAliased bounds the nodes that are reached through aliases, so that a few
	// lines cannot stand for a billion values.
	maxAliased = 500_000
)

// reader is one reading of one file.
type reader struct {
	name    string
	opts    Options
	schema  schema
	plugins plugins
	version string
	faults  []problem.Problem

	// Where the walk is.
	item   *item
	path   []string
	depth  int
	inside int // aliases that the walk is inside of
	budget int // nodes that may yet be reached through aliases

	items map[string][]*item // by list, in the order of the file
	top   topExtra           // _gatewayd of the file
}

func newReader(name string, opts Options) *reader {
	return &reader{
		name: name, opts: opts, schema: newSchema(), plugins: newPlugins(opts),
		budget: maxAliased, items: map[string][]*item{},
	}
}

// fault reports a fault of the item that the walk is in, at the path where it is.
func (r *reader) fault(line int, format string, args ...any) {
	object := r.name
	if r.item != nil {
		object = r.item.label
	}
	r.faults = append(r.faults, problem.Problem{
		Severity: problem.Error, Object: object, Field: joinPath(r.path), Reason: fmt.Sprintf(format, args...),
		File: r.name, Line: line,
	})
}

// joinPath writes a path as in headers.x-a[0]; an index is a segment that
// begins with "[".
func joinPath(path []string) string {
	var b strings.Builder
	for i, p := range path {
		if i == 12 {
			return b.String() + "…"
		}
		if i > 0 && !strings.HasPrefix(p, "[") {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// in runs do one step further down.
func (r *reader) in(segment string, do func()) {
	r.path = append(r.path, segment)
	do()
	r.path = r.path[:len(r.path)-1]
}

// text reads the text of a file; nil means that it has a fault.
func (r *reader) text(data []byte) *yaml.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case !utf8.Valid(data):
		r.fault(1+bytes.Count(data[:len(data)-len(bytes.TrimLeftFunc(data, valid))], []byte("\n")), "is not UTF-8 text")
		return nil
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) && (json.Valid(data) || strings.HasSuffix(r.name, ".json")):
		n, line, err := readJSON(data)
		if err != nil {
			r.fault(line, "is not JSON: %v", err)
			return nil
		}
		return n
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.fault(1, `is empty; a kong.yml begins with _format_version: "3.0"`)
			return nil
		}
		r.syntax(err)
		return nil
	}
	if len(doc.Content) == 0 {
		r.fault(1, `is empty; a kong.yml begins with _format_version: "3.0"`)
		return nil
	}
	var more yaml.Node
	switch err := dec.Decode(&more); {
	case err == nil && len(more.Content) > 0 && !isNull(more.Content[0]):
		r.fault(more.Line, "holds a second document; a kong.yml is one")
		return nil
	case err != nil && !errors.Is(err, io.EOF):
		r.syntax(err)
		return nil
	}
	return doc.Content[0]
}

func valid(c rune) bool { return c != utf8.RuneError }

// syntax reports what YAML's reader says, which tells the line in its text.
func (r *reader) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, reason, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, text = n, reason
			}
		}
	}
	r.fault(line, "is not YAML: %s", text)
}

// enter follows an alias and counts a level; nil means that the walk must not go
// on. Each enter that did not give nil is followed by leave.
func (r *reader) enter(n *yaml.Node) *yaml.Node {
	at := n
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if r.depth >= maxDepth {
		r.fault(at.Line, "is nested too deeply")
		return nil
	}
	if at != n {
		r.inside++
	}
	if r.inside > 0 {
		if r.budget--; r.budget < 0 {
			if r.budget == -1 {
				r.fault(at.Line, "aliases stand for too many values; write them out")
			}
			if at != n {
				r.inside--
			}
			return nil
		}
	}
	r.depth++
	return n
}

func (r *reader) leave(at *yaml.Node) {
	r.depth--
	if at.Kind == yaml.AliasNode {
		r.inside--
	}
}

// pairs goes through the keys of a map, those that it merges (<<) included. A
// key that is written twice is a fault.
func (r *reader) pairs(n *yaml.Node, do func(key string, at, value *yaml.Node)) {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.ShortTag() == "!!merge":
		case key.Kind != yaml.ScalarNode || tagOf(key) != "!!str" && tagOf(key) != "!!int":
			r.fault(key.Line, "has a key that is not text; put it in quotes")
		case seen[key.Value]:
			r.in(key.Value, func() { r.fault(key.Line, "is written twice; keep one of them") })
		default:
			seen[key.Value] = true
			do(key.Value, key, value)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() == "!!merge" {
			r.merge(n.Content[i+1], seen, do)
		}
	}
}

// merge goes through the keys of merged maps that are not there already.
func (r *reader) merge(at *yaml.Node, seen map[string]bool, do func(key string, at, value *yaml.Node)) {
	n := r.enter(at)
	if n == nil {
		return
	}
	defer r.leave(at)
	switch n.Kind {
	case yaml.SequenceNode:
		for _, one := range n.Content {
			r.merge(one, seen, do)
		}
	case yaml.MappingNode:
		r.pairs(n, func(key string, at, value *yaml.Node) {
			if !seen[key] {
				seen[key] = true
				do(key, at, value)
			}
		})
	default:
		r.fault(at.Line, "<< must name a map to merge, not %s", describe(n))
	}
}

// child finds the value of a key without looking into merges.
func child(n *yaml.Node, key string) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i].Kind == yaml.ScalarNode {
			v := n.Content[i+1]
			for v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			return v
		}
	}
	return nil
}
