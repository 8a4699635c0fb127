package translate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// pluginKey names a plugin as an object of a namespace refers to it: the
// namespace's KongPlugin, or else the KongClusterPlugin of that name.
type pluginKey = name

// pluginRef is one name in a konghq.com/plugins annotation.
type pluginRef = pluginKey

// use is one thing that a plugin is bound to.
type use struct {
	id, name string // of the entity
	src      entity.Source
	broken   *string // of the entity
}

// uses is all that one plugin is bound to.
type uses struct{ services, routes, consumers []use }

// pluginRefs reads konghq.com/plugins.
func (t *translator) pluginRefs(broken *string, src entity.Source, namespace string, annotations map[string]string) []pluginRef {
	key := prefix + "plugins"
	var refs []pluginRef
	for _, ref := range commaList(annotations[key]) {
		if ns, plain, ok := strings.Cut(ref, ":"); ok {
			if ns != namespace {
				t.fail(broken, src, annotationField(key), "names "+ref+
					" of another namespace, which needs a ReferenceGrant, and these are not supported yet; use a KongClusterPlugin")
				continue
			}
			ref = plain
		}
		if r := (pluginRef{namespace, ref}); !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	return refs
}

func (t *translator) usesOf(ref pluginRef) *uses {
	u, ok := t.uses[ref]
	if !ok {
		u = &uses{}
		t.uses[ref] = u
	}
	return u
}

func (t *translator) useOnRoute(ref pluginRef, in *ingress, r *route) {
	u := t.usesOf(ref)
	u.routes = append(u.routes, use{r.ID, r.Name, in.src, &r.Broken})
}

func (t *translator) useOnService(ref pluginRef, src entity.Source, s *service) {
	u := t.usesOf(ref)
	u.services = append(u.services, use{s.ID, s.Name, src, &s.broken})
}

func (t *translator) useOnConsumer(ref pluginRef, src entity.Source, c *consumer) {
	u := t.usesOf(ref)
	u.consumers = append(u.consumers, use{c.ID, cmp.Or(c.Username, c.CustomID), src, &c.Broken})
}

// combination is one entity that a plugin becomes; unused parts are nil.
type combination struct{ service, route, consumer *use }

// combinations follows internal/util/rels/relations.go: a plugin that a consumer
// and something else name runs for that consumer there, and only there.
func (u *uses) combinations() []combination {
	var where []combination
	for i := range u.services {
		where = append(where, combination{service: &u.services[i]})
	}
	for i := range u.routes {
		where = append(where, combination{route: &u.routes[i]})
	}
	if len(u.consumers) == 0 {
		return where
	}
	if len(where) == 0 {
		where = []combination{{}}
	}
	var out []combination
	for i := range u.consumers {
		for _, w := range where {
			w.consumer = &u.consumers[i]
			out = append(out, w)
		}
	}
	return out
}

func (u *uses) each(f func(use)) {
	for _, list := range [][]use{u.services, u.routes, u.consumers} {
		for _, x := range list {
			f(x)
		}
	}
}

// sort makes the order of combinations that of the names.
func (u *uses) sort() {
	for _, list := range [][]use{u.services, u.routes, u.consumers} {
		slices.SortFunc(list, func(a, b use) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) })
	}
}

// translatePlugins makes the plugins that something names.
func (t *translator) translatePlugins() {
	keys := slices.SortedFunc(maps.Keys(t.uses), func(a, b pluginKey) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	for _, key := range keys {
		u := t.uses[key]
		u.sort()
		p, reason := t.named(key)
		if p == nil {
			u.each(func(x use) {
				t.fail(x.broken, x.src, annotationField(prefix+"plugins"), "names "+key.name+", but "+reason)
			})
			continue
		}
		all := u.combinations()
		t.plugins = slices.Grow(t.plugins, len(all))
		for _, c := range all {
			t.bind(p, c)
		}
	}
}
