package translate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// DefaultClass is the ingress class that Kong's ingress controller serves.
const DefaultClass = "kong"

// Options are what a translation depends on beside the set.
type Options struct {
	// IngressClass is the class that is served; "" means DefaultClass.
	IngressClass string
	// Kinds are the plugins that the gateway knows; their ManifestDefaults are
	// filled in where a manifest is silent. A plugin that is not among them is
	// translated all the same: whoever compiles the entities refuses it.
	Kinds []plugin.Kind
}

// Translate makes entities of a set. What is wrong with the set is in Problems
// of the result, sorted, together with the set's own.
func Translate(set source.Set, opts Options) *entity.Config {
	t := &translator{
		class:    cmp.Or(opts.IngressClass, DefaultClass),
		index:    newIndex(set),
		known:    annotationTable(),
		defaults: map[string]map[string]any{},
		services: map[serviceKey]*service{},
		routes:   make(map[string]*route, len(set.Ingresses)),
		uses:     map[pluginKey]*uses{},
		bound:    map[binding]string{},
	}
	for _, k := range opts.Kinds {
		if len(k.ManifestDefaults) > 0 {
			t.defaults[k.Name] = k.ManifestDefaults
		}
	}
	t.problems = append(t.problems, set.Problems...)
	t.translateIngresses(set)
	t.translateConsumers(set)
	t.translatePlugins()
	t.translateGlobals(set)
	warnUnread(t, set.ConsumerGroups)
	warnUnread(t, set.UpstreamPolicies)
	warnUnread(t, set.KongIngresses)
	return t.finish(set)
}

// translator holds one translation.
type translator struct {
	class        string
	defaultClass bool // the class is the default one, so objects without a class are ours
	index        index
	known        map[string]annotation
	defaults     map[string]map[string]any // manifest defaults by plugin name

	services  map[serviceKey]*service
	routes    map[string]*route // by name
	consumers []*consumer
	creds     []entity.Credential
	uses      map[pluginKey]*uses
	plugins   []entity.Plugin
	bound     map[binding]string // which object bound a plugin there
	problems  []problem.Problem
}

// fail reports an error and marks what it breaks; the first reason stays.
func (t *translator) fail(broken *string, src entity.Source, field, reason string) {
	t.problems = append(t.problems, src.Problem(problem.Error, field, reason))
	t.mark(broken, src, field, reason)
}

// mark marks something broken without reporting it again.
func (t *translator) mark(broken *string, src entity.Source, field, reason string) {
	if *broken != "" {
		return
	}
	if field != "" {
		reason = field + " " + reason
	}
	*broken = src.Object + ": " + reason
}

// warn reports what is served without the thing named.
func (t *translator) warn(src entity.Source, field, reason string) {
	t.problems = append(t.problems, src.Problem(problem.Warning, field, reason))
}

// warnUnread reports objects of a kind that nothing reads yet.
func warnUnread[T api.Resource](t *translator, items []source.Item[T]) {
	for _, i := range items {
		t.warn(i.Source(), "", api.KindOf(i.Object)+" is not supported yet; the gateway serves without it")
	}
}

// unreadable marks what an object guards when part of it could not be read; the
// fault itself is among the set's problems.
func (t *translator) unreadable(broken *string, src entity.Source, o source.Origin) {
	if o.Broken != "" {
		t.mark(broken, src, "", "could not be read: "+o.Broken)
	}
}

// finish puts the entities in order; plugins come in theirs already.
func (t *translator) finish(set source.Set) *entity.Config {
	cfg := &entity.Config{
		Plugins: t.plugins, Credentials: t.creds, Objects: set.Objects(),
		Routes:    make([]entity.Route, 0, len(t.routes)),
		Services:  make([]entity.Service, 0, len(t.services)),
		Upstreams: make([]entity.Upstream, 0, len(t.services)),
		Consumers: make([]entity.Consumer, 0, len(t.consumers)),
	}
	for _, r := range sortedValues(t.routes, func(r *route) string { return r.Name }) {
		if s := r.service; s != nil {
			r.ServiceID = s.ID
			if r.Broken == "" {
				r.Broken = s.broken
			}
		}
		cfg.Routes = append(cfg.Routes, r.Route)
	}
	for _, s := range sortedValues(t.services, func(s *service) string { return s.Name }) {
		cfg.Services = append(cfg.Services, s.Service)
		cfg.Upstreams = append(cfg.Upstreams, s.upstream)
	}
	for _, c := range t.consumers {
		cfg.Consumers = append(cfg.Consumers, c.Consumer)
	}
	cfg.Problems = problem.Sort(t.problems)
	return cfg
}

// sortedValues lists the values of m by name: pointers, for the structs are
// large.
func sortedValues[K comparable, V any](m map[K]*V, name func(*V) string) []*V {
	return slices.SortedFunc(maps.Values(m), func(a, b *V) int { return strings.Compare(name(a), name(b)) })
}
