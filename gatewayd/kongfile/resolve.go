package kongfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// index finds items by name and by id.
type itemIndex struct {
	byName, byID map[string]map[string]*item // by list
	values       map[string]map[string]*item // unique values, by list and field
	unnamed      map[string]int              // how often an id was derived from content
}

// resolve gives every item its id and the items that it refers to, and reports
// names that are there twice and references to nothing.
func (r *reader) resolve() {
	x := &itemIndex{
		byName: map[string]map[string]*item{}, byID: map[string]map[string]*item{},
		values: map[string]map[string]*item{}, unnamed: map[string]int{},
	}
	order := r.schema.order()
	for _, list := range order {
		n := len(r.items[list])
		x.byName[list], x.byID[list] = make(map[string]*item, n), make(map[string]*item, n)
		for _, name := range r.schema[list].unique {
			x.values[list+"."+name] = make(map[string]*item, n)
		}
		for _, it := range r.items[list] {
			r.unique(x, it)
		}
	}
	for _, list := range order {
		for _, it := range r.items[list] {
			r.at(it, "", func() { r.references(x, it) })
			if it.id == "" {
				it.id = x.derive(it)
			}
			if !it.lost {
				r.claimID(x, it)
			}
		}
	}
}

// at sets where the walk is, for faults found after it.
func (r *reader) at(it *item, path string, do func()) {
	r.item, r.path = it, nil
	if path != "" {
		r.path = []string{path}
	}
	do()
	r.item, r.path = nil, nil
}

// unique notes the names and given ids of an item, and reports values that
// another has too. Which, it does not say of secrets.
func (r *reader) unique(x *itemIndex, it *item) {
	for _, name := range it.kind.unique {
		v := it.text(name)
		if v == "" {
			continue
		}
		seen := x.values[it.kind.list+"."+name]
		first := seen[v]
		if first == nil {
			seen[v] = it
			continue
		}
		if !it.foreign {
			r.at(it, name, func() {
				r.fault(it.lineOf(name), "is that of %s on line %d as well; it must be unique", first.label, first.line())
			})
		}
	}
	if n := it.kind.named; n != "" && !it.kind.within {
		if v := it.written(n); v != "" && x.byName[it.kind.list][v] == nil {
			x.byName[it.kind.list][v] = it
		}
	}
	if it.id != "" {
		r.claimID(x, it)
	} else if id := it.written("id"); id != "" && x.byID[it.kind.list][id] == nil {
		x.byID[it.kind.list][id] = it
	}
}

// written is the text of a field, faulty or not: what refers to a faulty entity
// need not be reported too.
func (it *item) written(name string) string {
	if n := child(it.node, name); n != nil && n.Kind == yaml.ScalarNode && !isNull(n) {
		return n.Value
	}
	return it.text(name)
}

func (r *reader) claimID(x *itemIndex, it *item) {
	first := x.byID[it.kind.list][it.id]
	switch {
	case first == nil:
		x.byID[it.kind.list][it.id] = it
	case first == it:
	case it.kind.list == "plugins" && !it.has("id"):
		r.at(it, "", func() {
			r.fault(it.line(), "is bound there already, on line %d; keep one of them", first.line())
		})
	case it.kind.list == "targets" && !it.has("id"):
		r.at(it, "target", func() { r.fault(it.line(), "is there already, on line %d; keep one of them", first.line()) })
	case it.kind.named != "" && !it.has("id") && it.text(it.kind.named) == first.text(it.kind.named): // reported as such
	default:
		r.at(it, "id", func() {
			r.fault(it.lineOf("id"), "is that of %s on line %d as well; it must be unique", first.label, first.line())
		})
	}
}

// references finds what an item refers to.
func (r *reader) references(x *itemIndex, it *item) {
	owner := ""
	if it.parent != nil {
		owner = it.parent.kind.children[it.kind.list]
		it.setRef(owner, it.parent)
	}
	for i := range it.kind.fields {
		f := &it.kind.fields[i]
		if f.shape != aReference {
			continue
		}
		ref, written := it.values[f.name].v.(reference)
		if !written {
			it.lost = it.lost || r.blamed(it, f.name)
			if f.required && it.refs[f.name] == nil && !r.blamed(it, f.name) {
				r.in(f.name, func() { r.fault(it.line(), "is missing; name one of %s", f.to) })
			}
			continue
		}
		to := x.find(f.to, ref)
		r.in(f.name, func() {
			switch {
			case to == nil:
				it.lost = true
				r.fault(it.lineOf(f.name), "none of %s has the name or id %s", f.to, short(ref.text))
			case f.name == owner && to != it.parent:
				r.fault(it.lineOf(f.name), "contradicts where it stands, which is in %s; leave it out", it.parent.label)
			}
		})
		if it.refs[f.name] == nil {
			it.setRef(f.name, to)
		}
	}
}

// blamed says that a field has been reported already.
func (r *reader) blamed(it *item, name string) bool {
	return child(it.node, name) != nil && !isNull(child(it.node, name))
}

func (x *itemIndex) find(list string, ref reference) *item {
	if !ref.byID {
		if it := x.byName[list][ref.text]; it != nil || ref.byName {
			return it
		}
	}
	if it := x.byID[list][ref.text]; it != nil {
		return it
	}
	return x.byID[list][strings.ToLower(ref.text)]
}

// derive gives the id of an item that has none.
func (x *itemIndex) derive(it *item) string {
	list, name := it.kind.list, it.text(it.kind.named)
	switch {
	case list == "plugins":
		return kongID(list, strings.Join([]string{list, "*", name, it.ref("route"), it.ref("service"), it.ref("consumer")}, ":"))
	case list == "targets":
		return kongID(list, strings.Join([]string{list, "*", it.ref("upstream"), name}, ":"))
	case list == "keyauth_credentials":
		return entity.ID(list, it.ref("consumer"), x.ordinal(list, it.ref("consumer")))
	case name != "":
		return kongID(list, name)
	}
	var content []string
	for _, f := range it.kind.content {
		if v, ok := it.values[f]; ok || it.refs[f] != nil {
			content = append(content, f, it.ref(f), fmt.Sprint(v.v))
		}
	}
	key := strings.Join(content, "\x00")
	return entity.ID(list, "unnamed", key, x.ordinal(list, key))
}

// ordinal counts items of equal content.
func (x *itemIndex) ordinal(list, key string) string {
	n := x.unnamed[list+"\x00"+key]
	x.unnamed[list+"\x00"+key]++
	return strconv.Itoa(n)
}

// kongID is the id that Kong derives of an entity's name, or of what stands for
// one (kong/db/schema/others/declarative_config.lua:generate_uuid).
func kongID(list, name string) string {
	root := uuid.UUID{0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15, 0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5}
	return uuid.NewSHA1(uuid.NewSHA1(root, []byte(list)), []byte(name)).String()
}
