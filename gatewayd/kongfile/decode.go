package kongfile

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/gatewayd/api"
)

// value is the value of a field: a string, int64, float64, bool, []string,
// map[string][]string, record, []record, reference or *yaml.Node (a map).
type value struct {
	v    any
	line int
}

// record holds the values of fields that were written and are sound; one that is
// null is as if it were not there.
type record map[string]value

// reference names another entity: by its name or id, or by one of them alone.
type reference struct {
	text         string
	byID, byName bool
}

// record decodes the fields of a map; more takes those that fields do not name,
// and reports whether it did.
func (r *reader) record(n *yaml.Node, fields []field, more func(key string, v *yaml.Node) bool) record {
	rec := make(record, len(n.Content)/2)
	r.pairs(n, func(key string, at, v *yaml.Node) {
		f := fieldOf(fields, key)
		r.path = append(r.path, key)
		switch {
		case f != nil:
			if got := r.value(f, v); got != nil {
				rec[key] = value{got, at.Line}
			}
		case more == nil || !more(key, v):
			r.fault(at.Line, "unknown field%s", hint(key, names(fields)))
		}
		r.path = r.path[:len(r.path)-1]
	})
	if r.lenient() {
		return rec
	}
	for i := range fields {
		if _, ok := rec[fields[i].name]; !ok && fields[i].required && fields[i].shape != aReference && child(n, fields[i].name) == nil {
			r.in(fields[i].name, func() { r.fault(n.Line, "is missing") })
		}
	}
	return rec
}

// lenient says that Kong's rules for values are not for the item that the walk is
// in, as it came from elsewhere.
func (r *reader) lenient() bool { return r.item != nil && r.item.foreign }

func fieldOf(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func names(fields []field) []string {
	out := make([]string, len(fields))
	for i := range fields {
		out[i] = fields[i].name
	}
	return out
}

func hint(word string, names []string) string {
	if best := api.Nearest(word, names); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// value decodes one value; nil means that it is null or faulty.
func (r *reader) value(f *field, at *yaml.Node) any {
	n := r.enter(at)
	if n == nil {
		return nil
	}
	defer r.leave(at)
	if isNull(n) {
		if f.required && f.shape != aReference && !r.lenient() {
			r.fault(at.Line, "must not be null")
		}
		return nil
	}
	switch f.shape {
	case aText:
		return some(r.textValue(f, n))
	case anInteger, aNumber, aTime:
		return r.number(f, n)
	case aBoolean:
		return r.boolean(n)
	}
	return r.composite(f, n)
}

// composite decodes a list, a map or a reference.
func (r *reader) composite(f *field, n *yaml.Node) any {
	switch f.shape {
	case aList, aSet:
		return r.list(f, n)
	case integers:
		return r.integers(f, n)
	case headers:
		return r.headers(f, n)
	case aRecord:
		if !r.isMap(n, "a map") {
			return nil
		}
		return r.record(n, f.fields, nil)
	case records:
		return r.records(f, n)
	case aReference:
		return r.reference(f, n)
	case aMap:
		if !r.isMap(n, "a map") {
			return nil
		}
		return n
	}
	return n
}

// some makes a nil of what is not ok.
func some[T any](v T, ok bool) any {
	if !ok {
		return nil
	}
	return v
}

// isMap and isList take an empty map and an empty list for each other, as Lua
// does.
func (r *reader) isMap(n *yaml.Node, what string) bool {
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		return true
	}
	r.fault(n.Line, "must be %s, not %s", what, describe(n))
	return false
}

func (r *reader) isList(n *yaml.Node) bool {
	if n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		return true
	}
	r.fault(n.Line, "must be a list, not %s", describe(n))
	return false
}

// each goes through a list.
func (r *reader) each(n *yaml.Node, do func(i int, v *yaml.Node)) {
	for i, at := range n.Content {
		r.path = append(r.path, index(i))
		if v := r.enter(at); v != nil {
			do(i, v)
			r.leave(at)
		}
		r.path = r.path[:len(r.path)-1]
	}
}

func (r *reader) list(f *field, n *yaml.Node) any {
	if !r.isList(n) {
		return nil
	}
	out := make([]string, 0, len(n.Content))
	r.each(n, func(_ int, v *yaml.Node) {
		if f.name == "paths" && r.migrates() && isText(v) {
			v = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: migratePath(v.Value), Line: v.Line}
		}
		s, ok := r.textValue(f, v)
		if ok && (f.shape == aList || !slices.Contains(out, s)) {
			out = append(out, s)
		}
	})
	if len(out) == 0 {
		return []string(nil)
	}
	return out
}

// migrates says that the paths of the route that the walk is in are of a format
// before 3.0; Kong does not look at those of routes that are nested deeper
// (kong/db/declarative/migrations/route_path.lua).
func (r *reader) migrates() bool {
	return r.version != "3.0" && r.item != nil && r.item.kind.list == "routes" &&
		(r.item.parent == nil || r.item.parent.parent == nil && r.item.parent.kind.list == "services")
}

func (r *reader) integers(f *field, n *yaml.Node) any {
	if !r.isList(n) {
		return nil
	}
	one := field{shape: anInteger, min: f.min, max: f.max}
	r.each(n, func(_ int, v *yaml.Node) { r.number(&one, v) })
	return n
}

func (r *reader) headers(f *field, n *yaml.Node) any {
	if !r.isMap(n, "a map of names to lists") {
		return nil
	}
	out := make(map[string][]string, len(n.Content)/2)
	values := field{shape: aList, rule: f.rule}
	r.pairs(n, func(key string, at, v *yaml.Node) {
		r.path = append(r.path, key)
		defer func() { r.path = r.path[:len(r.path)-1] }()
		if reason := f.keys(key); reason != "" && !r.lenient() {
			r.fault(at.Line, "%s", reason)
			return
		}
		if isNull(v) {
			r.fault(at.Line, "must be a list, not nothing")
			return
		}
		list, _ := r.value(&values, v).([]string)
		out[key] = list
	})
	if len(out) == 0 {
		return map[string][]string(nil)
	}
	return out
}

func (r *reader) records(f *field, n *yaml.Node) any {
	if !r.isList(n) {
		return nil
	}
	out := make([]record, 0, len(n.Content))
	r.each(n, func(_ int, v *yaml.Node) {
		if r.isMap(v, "a map") {
			out = append(out, r.record(v, f.fields, nil))
		}
	})
	return out
}

// reference decodes the name or the id of another entity, or {id: …}, {name: …}.
func (r *reader) reference(f *field, n *yaml.Node) any {
	if n.Kind != yaml.MappingNode {
		if !isText(n) || n.Value == "" {
			r.fault(n.Line, "must be the name or the id of one of %s, not %s", f.to, describe(n))
			return nil
		}
		return reference{text: n.Value}
	}
	name := r.schema[f.to].named
	fields := []field{{name: "id", shape: aText}}
	if name != "" {
		fields = append(fields, field{name: name, shape: aText})
	}
	rec := r.record(n, fields, nil)
	if id, ok := rec["id"].v.(string); ok {
		return reference{text: id, byID: true}
	}
	if s, ok := rec[name].v.(string); ok {
		return reference{text: s, byName: true}
	}
	r.fault(n.Line, "must hold the id of one of %s", f.to)
	return nil
}
