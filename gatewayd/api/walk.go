package api

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth bounds how deep an object may nest; Kubernetes' own objects stay
	// below 20.
	maxDepth = 100
	// maxAliased bounds the nodes of a document that are reached through
	// aliases, so that a few lines cannot stand for a billion values.
	maxAliased = 10_000
)

// walker decodes one node tree into Go values and notes every fault.
type walker struct {
	dec    *Decoder
	faults []fault
	path   []segment
	depth  int
	budget int  // nodes that may yet be reached through aliases
	inside int  // aliases that the walk is inside of
	spent  bool // there were more
}

type fault struct {
	line          int
	field, reason string
}

// segment is one step of a field path: a field, a map key or an index.
type segment struct {
	name  string
	index int
	kind  byte // '.', '[' for a key, '#' for an index
}

// begin makes w ready for the next object of the document.
func (w *walker) begin() { w.faults, w.path = nil, w.path[:0] }

func (w *walker) fault(line int, reason string) {
	w.faults = append(w.faults, fault{line, fieldPath(w.path), reason})
}

func fieldPath(path []segment) string {
	var b strings.Builder
	for i, s := range path {
		switch {
		case s.kind == '#':
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case s.kind == '[':
			b.WriteString("[" + s.name + "]")
		case i == 0:
			b.WriteString(s.name)
		default:
			b.WriteString("." + s.name)
		}
	}
	return b.String()
}

// spend takes one node from the budget.
func (w *walker) spend() bool {
	if w.budget <= 0 {
		w.spent = true
		return false
	}
	w.budget--
	return true
}

// resolve follows aliases; nil means that the walk must not go on there.
func (w *walker) resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
		if !w.spend() {
			return nil
		}
	}
	return n
}

// pairs yields the keys and values of a mapping, those that it merges with <<
// after its own; no key twice but where it is written twice.
func (w *walker) pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		var merges []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, val := n.Content[i], n.Content[i+1]
			if key.Tag == "!!merge" {
				merges = append(merges, val)
				continue
			}
			if key = w.resolve(key); key != nil && !yield(key, val) {
				return
			}
		}
		if merges != nil {
			w.merged(n, merges, yield)
		}
	}
}

func (w *walker) merged(n *yaml.Node, merges []*yaml.Node, yield func(k, v *yaml.Node) bool) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		seen[n.Content[i].Value] = true
	}
	if w.depth++; w.depth > maxDepth {
		w.depth--
		return
	}
	defer func() { w.depth-- }()
	for _, m := range merges {
		m = w.resolve(m)
		from := []*yaml.Node{m}
		if m != nil && m.Kind == yaml.SequenceNode {
			from = m.Content
		}
		for _, m := range from {
			if m = w.resolve(m); m == nil {
				continue
			}
			for k, v := range w.pairs(m) {
				if !w.spend() || seen[k.Value] {
					continue
				}
				seen[k.Value] = true
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// value decodes n into v, which is addressable.
func (w *walker) value(n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		w.inside++
		defer func() { w.inside-- }()
	}
	if n = w.resolve(n); n == nil || !w.enter(n) {
		return
	}
	defer func() { w.depth-- }()
	if isNull(n) {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if u, ok := reflect.TypeAssert[json.Unmarshaler](v.Addr()); ok {
		w.custom(n, u)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		w.object(n, v)
	case reflect.Map:
		w.mapping(n, v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.bytes(n, v)
			return
		}
		w.list(n, v)
	default:
		w.scalar(n, v)
	}
}

// enter counts a level and, inside an alias, a node.
func (w *walker) enter(n *yaml.Node) bool {
	if w.inside > 0 && !w.spend() {
		return false
	}
	if w.depth >= maxDepth {
		w.fault(n.Line, "is nested too deep")
		return false
	}
	w.depth++
	return true
}

func (w *walker) object(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		w.fault(n.Line, "must be an object, not "+describe(n))
		return
	}
	fields := w.dec.fieldsOf(v.Type())
	seen := make(map[string]struct{}, len(n.Content)/2)
	for key, val := range w.pairs(n) {
		w.path = append(w.path, segment{name: key.Value, kind: '.'})
		if _, twice := seen[key.Value]; twice {
			w.fault(key.Line, "is written twice; keep one of them")
		} else if index, ok := fields[key.Value]; ok && key.Kind == yaml.ScalarNode {
			seen[key.Value] = struct{}{}
			w.value(val, v.FieldByIndex(index))
		} else {
			seen[key.Value] = struct{}{}
			w.fault(key.Line, unknownField(key, fields))
		}
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *walker) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		w.fault(n.Line, "must be an object, not "+describe(n))
		return
	}
	t := v.Type()
	m := reflect.MakeMapWithSize(t, len(n.Content)/2)
	for key, val := range w.pairs(n) {
		w.path = append(w.path, segment{name: key.Value, kind: '['})
		k := reflect.ValueOf(key.Value).Convert(t.Key())
		switch {
		case !isKey(key):
			w.fault(key.Line, "has a key that is not text; put it in quotes")
		case m.MapIndex(k).IsValid():
			w.fault(key.Line, "is written twice; keep one of them")
		default:
			elem := reflect.New(t.Elem()).Elem()
			w.value(val, elem)
			m.SetMapIndex(k, elem)
		}
		w.path = w.path[:len(w.path)-1]
	}
	v.Set(m)
}

func (w *walker) list(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		w.fault(n.Line, "must be a list, not "+describe(n))
		return
	}
	s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		w.path = append(w.path, segment{index: i, kind: '#'})
		w.value(item, s.Index(i))
		w.path = w.path[:len(w.path)-1]
	}
	v.Set(s)
}

func (w *walker) bytes(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || tagOf(n) != "!!str" {
		w.fault(n.Line, "must be base64 text, not "+describe(n))
		return
	}
	b, err := base64.StdEncoding.DecodeString(n.Value)
	if err != nil {
		w.fault(n.Line, "must be base64; plain text belongs in stringData")
		return
	}
	v.SetBytes(b)
}
