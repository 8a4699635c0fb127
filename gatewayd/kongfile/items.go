package kongfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// item is one entity as the file has it.
type item struct {
	kind   *kind
	node   *yaml.Node
	parent *item
	values record
	label  string // what problems call it: service "orders"
	id     string
	source entity.Source
	extra  extra // _gatewayd
	// foreign says that it came from elsewhere than a kong.yml and that Kong's
	// rules were not applied to it.
	foreign bool
	config  json.RawMessage // of a plugin, once it was asked for
	// refs are the entities that it refers to, its parent included.
	refs map[string]*item
	// gone says that the entity is left out.
	gone bool
	// lost says that something that it refers to is not there.
	lost bool
	// broken, when not "", says why what it shapes answers 500.
	broken string
}

func (it *item) line() int { return it.node.Line }

// get returns the value of a field, or what stands in for it.
func get[T any](it *item, name string, instead T) T {
	if v, ok := it.values[name].v.(T); ok {
		return v
	}
	return instead
}

func (it *item) text(name string) string   { return get(it, name, "") }
func (it *item) list(name string) []string { return get(it, name, []string(nil)) }
func (it *item) has(name string) bool      { _, ok := it.values[name]; return ok }
func (it *item) number(name string, instead int) int {
	return int(get(it, name, int64(instead)))
}

// lineOf gives the line of a field, or that of the entity.
func (it *item) lineOf(name string) int {
	if v, ok := it.values[name]; ok {
		return v.line
	}
	return it.node.Line
}

// ref gives the id of the entity that a field refers to.
func (it *item) ref(name string) string {
	if to := it.refs[name]; to != nil {
		return to.id
	}
	return ""
}

// setRef notes the entity that a field refers to.
func (it *item) setRef(name string, to *item) {
	if it.refs == nil {
		it.refs = make(map[string]*item, 1)
	}
	it.refs[name] = to
}

// file reads the whole file; false means that it makes no sense to look further.
func (r *reader) file(root *yaml.Node) bool {
	if root.Kind != yaml.MappingNode {
		r.fault(root.Line, "must be a map with _format_version in it, not %s", describe(root))
		return false
	}
	r.formatVersion(root)
	top := []field{
		{name: "_transform", shape: aBoolean},
		{name: "_comment", shape: aText},
		{name: "_info", shape: anything},
		{name: "_ignore", shape: anything},
		{name: "_format_version", shape: anything},
		{name: "_gatewayd", shape: anything},
	}
	known := append(names(top), slices.Collect(maps.Keys(r.schema))...)
	rec := r.record(root, top, func(key string, v *yaml.Node) bool {
		k := r.schema[key]
		if k == nil {
			r.fault(v.Line, "unknown field%s", hint(key, known))
			return true
		}
		r.entities(k, v, nil)
		return true
	})
	if n, ok := rec["_gatewayd"].v.(*yaml.Node); ok {
		r.in("_gatewayd", func() { r.strict(n, &r.top) })
	}
	return r.budget >= 0
}

func (r *reader) formatVersion(root *yaml.Node) {
	r.in("_format_version", func() {
		n := child(root, "_format_version")
		switch {
		case n == nil:
			r.fault(root.Line, `is missing; write "3.0"`)
		case n.Kind == yaml.ScalarNode && (n.Value == "1.1" || n.Value == "2.1" || n.Value == "3.0"):
			r.version = n.Value
		default:
			r.fault(n.Line, `must be "1.1", "2.1" or "3.0"`)
		}
	})
}

// entities reads a list of entities, those of a parent or of the file.
func (r *reader) entities(k *kind, at *yaml.Node, parent *item) {
	n := r.enter(at)
	if n == nil {
		return
	}
	defer r.leave(at)
	if isNull(n) || !r.isList(n) {
		return
	}
	r.each(n, func(i int, v *yaml.Node) {
		if !r.isMap(v, "a map") {
			return
		}
		it := &item{kind: k, node: v, parent: parent}
		it.label = r.labelOf(it, i)
		it.foreign = r.isForeign(v)
		r.items[k.list] = append(r.items[k.list], it)
		outer, path := r.item, r.path
		r.item, r.path = it, nil
		it.values = r.record(v, k.fields, func(key string, v *yaml.Node) bool {
			if _, ok := k.children[key]; !ok {
				r.fault(v.Line, "unknown field%s", hint(key, append(names(k.fields), slices.Collect(maps.Keys(k.children))...)))
				return true
			}
			r.entities(r.schema[key], v, it)
			return true
		})
		if it.id = it.text("id"); !it.foreign {
			it.id = strings.ToLower(it.id)
		}
		if k.list == "services" {
			r.expandURL(it)
		}
		r.extra(it)
		r.item, r.path = outer, path
	})
}

// extra reads what _gatewayd says of an entity.
func (r *reader) extra(it *item) {
	if n, ok := it.values["_gatewayd"].v.(*yaml.Node); ok {
		r.in("_gatewayd", func() { r.strict(n, &it.extra) })
		if reason := it.extra.misplaced(it.kind.list); reason != "" {
			r.in("_gatewayd", func() { r.fault(n.Line, "%s", reason) })
		}
	}
	it.source = entity.Source{Object: it.label, File: r.name, Line: it.line()}
	if it.extra.Source != nil {
		it.source = *it.extra.Source
	}
}

// labelOf says what problems call an entity: by its name, or by its place in its
// list; and by what it belongs to where the name alone does not tell.
func (r *reader) labelOf(it *item, i int) string {
	label := it.kind.list + index(i)
	name := ""
	if it.kind.named != "" {
		if n := child(it.node, it.kind.named); n != nil && isText(n) {
			name = n.Value
			label = it.kind.noun + " " + short(name)
		}
	}
	if it.parent != nil && (name == "" || it.kind.within) {
		return label + " of " + it.parent.label
	}
	if !it.kind.within {
		return label
	}
	for _, f := range it.kind.fields {
		if f.shape != aReference {
			continue
		}
		n := child(it.node, f.name)
		if n == nil {
			continue
		}
		if n.Kind == yaml.MappingNode && len(n.Content) > 1 {
			n = n.Content[1]
		}
		if isText(n) {
			return fmt.Sprintf("%s of %s %s", label, r.schema[f.to].noun, short(n.Value))
		}
	}
	return label
}

// isForeign says that an entity came from elsewhere: that its source is an object
// which is not called as those of a kong.yml are.
func (r *reader) isForeign(n *yaml.Node) bool {
	for _, key := range []string{"_gatewayd", "source", "object"} {
		if n = child(n, key); n == nil {
			return false
		}
	}
	if !isText(n) || n.Value == "" {
		return false
	}
	for _, k := range r.schema {
		if strings.HasPrefix(n.Value, k.noun+` "`) || strings.HasPrefix(n.Value, k.list+"[") {
			return false
		}
	}
	return true
}
