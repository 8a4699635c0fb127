package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// compiled is a plugin entity and what became of it.
type compiled struct {
	e *entity.Plugin
	p *Plugin
	// broken, when not "", says why all that it is bound to answers 500.
	broken string
}

// pluginIndex finds the plugins of a route without looking at all of them.
type pluginIndex struct {
	byRoute   map[string][]*compiled // bound to the route, and maybe more
	byService map[string][]*compiled // bound to the service but not to a route
	global    []*compiled
	loose     map[string]map[string]*Plugin // kind → consumer → bound to it alone
}

func (c *compiler) compilePlugins() {
	c.plugins = pluginIndex{
		byRoute: map[string][]*compiled{}, byService: map[string][]*compiled{}, loose: map[string]map[string]*Plugin{},
	}
	for i := range c.cfg.Plugins {
		e := &c.cfg.Plugins[i]
		if !e.Enabled || !speaksHTTP(e.Protocols) {
			continue
		}
		one := c.plugin(e)
		switch x := &c.plugins; {
		case e.RouteID != "":
			x.byRoute[e.RouteID] = append(x.byRoute[e.RouteID], one)
		case e.ServiceID != "":
			x.byService[e.ServiceID] = append(x.byService[e.ServiceID], one)
		case e.ConsumerID != "":
			c.loose(one)
		default:
			x.global = append(x.global, one)
		}
	}
	for id, reason := range c.broken {
		c.loose(&compiled{e: &entity.Plugin{Name: brokenKind, ConsumerID: id}, p: brokenPlugin(reason)})
	}
	for _, name := range c.names(c.plugins.global) {
		if s, _ := c.slot(name, c.plugins.global, nil, nil); s != nil {
			c.snap.Global = append(c.snap.Global, s)
		}
	}
	sortSlots(c.snap.Global)
}

func (c *compiler) loose(one *compiled) {
	byConsumer := c.plugins.loose[one.e.Name]
	if byConsumer == nil {
		byConsumer = map[string]*Plugin{}
		c.plugins.loose[one.e.Name] = byConsumer
	}
	if byConsumer[one.e.ConsumerID] != nil {
		c.twice(one.e)
		one.p = brokenPlugin("two plugins of one kind on one consumer")
	}
	byConsumer[one.e.ConsumerID] = one.p
}

func (c *compiler) twice(e *entity.Plugin) {
	c.problem(e.Source, "plugin", "another %s is bound to the same; keep one of them", e.Name)
}

func speaksHTTP(protocols []string) bool {
	return len(protocols) == 0 || slices.ContainsFunc(protocols, func(p string) bool {
		return p == "http" || p == "https" || p == "grpc" || p == "grpcs"
	})
}

// plugin makes the instance of one entity.
func (c *compiler) plugin(e *entity.Plugin) *compiled {
	fail := func(reason string) *compiled {
		return &compiled{e: e, p: brokenPlugin(reason), broken: reason}
	}
	if e.Broken != "" {
		return fail(e.Broken)
	}
	kind := c.kinds[e.Name]
	if kind == nil {
		c.problem(e.Source, "plugin", "no plugin is called %q; there are %s", e.Name, strings.Join(slices.Sorted(maps.Keys(c.kinds)), ", "))
		return fail("plugin " + e.Name + " is not known")
	}
	c.checkOrdering(e)
	env := c.opts.Env
	env.Scope = plugin.Scope{Service: e.ServiceID, Route: e.RouteID, Consumer: e.ConsumerID, Plugin: e.ID}
	env.PlainHeaders = e.PlainHeaders
	shared := env.Shared
	env.Shared = func(key string, open func() (any, error)) (any, error) {
		c.snap.shared = append(c.snap.shared, key)
		return shared(key, open)
	}
	inst, err := kind.New(func(into any) error { return DecodeConfig(e.Config, into) }, env)
	faults := func(err error) {
		for _, fe := range plugin.FieldErrors(err) {
			if e.SecretConfig {
				fe = discreet(fe, e.Config)
			}
			c.problem(e.Source, strings.TrimSuffix("config."+fe.Field, "."), "%s", fe.Reason)
		}
	}
	// A reference to nobody is no fault of the rest: the instance answers 500
	// where it needs whom it names, as Kong's does.
	if refs := c.checkRefs(kind, e); refs != nil {
		faults(refs)
	}
	if err != nil {
		faults(err)
		return fail("plugin " + e.Name + " has a faulty config")
	}
	return &compiled{e: e, p: newPlugin(e, inst)}
}

// discreet tells of a fault in a config without what a Secret holds: values, and the
// names of fields that nobody knows. What a reason quotes may be a value.
func discreet(fe *plugin.FieldError, config json.RawMessage) *plugin.FieldError {
	const hidden = "; it comes out of a Secret, so it is not shown"
	switch {
	case strings.HasPrefix(fe.Reason, "unknown field") || strings.HasPrefix(fe.Reason, "duplicate field"):
		return &plugin.FieldError{Reason: "has a field that the plugin does not know, or one twice" + hidden}
	case strings.Contains(fe.Reason, `"`) || quotes(fe.Reason, config):
		reason := "does not fit"
		if fe.Unsupported {
			reason = "asks for what is not supported yet"
		}
		return &plugin.FieldError{Field: fe.Field, Reason: reason + hidden, Unsupported: fe.Unsupported}
	}
	return fe
}

// quotes says whether a value of the config stands in the reason, or might.
func quotes(reason string, config json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return !errors.Is(err, io.EOF)
		}
		switch v := token.(type) {
		case string:
			if v != "" && strings.Contains(reason, v) {
				return true
			}
		case json.Number:
			if strings.Contains(reason, v.String()) {
				return true
			}
		}
	}
}

func newPlugin(e *entity.Plugin, inst plugin.Instance) *Plugin {
	p := &Plugin{ID: e.ID, Name: e.Name, InstanceName: e.InstanceName, Instance: inst}
	p.Access, _ = inst.(plugin.Accessor)
	p.Rewrite, _ = inst.(plugin.Rewriter)
	p.Header, _ = inst.(plugin.HeaderFilter)
	p.Body, _ = inst.(plugin.BodyFilter)
	p.Log, _ = inst.(plugin.Logger)
	return p
}

// DecodeConfig decodes a plugin's config strictly: unknown, duplicate and
// mistyped fields are reported all at once, each as a plugin.FieldError.
func DecodeConfig(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	strict, err := kjson.UnmarshalStrict(raw, into)
	errs := make([]error, 0, len(strict)+1)
	for _, e := range append(strict, err) {
		if e != nil {
			errs = append(errs, configError(e))
		}
	}
	return errors.Join(errs...)
}

// configError turns a decoder's text into a field and a reason.
func configError(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return plugin.Invalid(typed.Field, "must be %s, not %s", kindName(typed.Type.String()), typed.Value)
	}
	text := err.Error()
	for _, what := range []string{"unknown field ", "duplicate field "} {
		if name, ok := strings.CutPrefix(text, what); ok {
			return plugin.Invalid(strings.Trim(name, `"`), "%s", strings.TrimSpace(what))
		}
	}
	return plugin.Invalid("", "%s", text)
}

func kindName(goType string) string {
	switch strings.TrimLeft(goType, "*[]") {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "float64":
		return "a number"
	default:
		if strings.Contains(goType, "int") {
			return "a whole number"
		}
		return "a map"
	}
}

// checkRefs reports config fields that name a consumer that is not there.
func (c *compiler) checkRefs(kind *plugin.Kind, e *entity.Plugin) error {
	if len(kind.Refs) == 0 || len(e.Config) == 0 {
		return nil
	}
	var fields map[string]any
	if json.Unmarshal(e.Config, &fields) != nil {
		return nil // New has said so
	}
	var errs []error
	for _, f := range kind.Refs {
		if name, ok := fields[f].(string); ok && name != "" {
			if _, found := c.snap.Consumer(name); !found {
				errs = append(errs, plugin.Invalid(f, "no consumer has the id or username %q", name))
			}
		}
	}
	return errors.Join(errs...)
}

// names lists the kinds that any of the plugins is of, and those that are bound
// to consumers alone.
func (c *compiler) names(lists ...[]*compiled) []string {
	set := map[string]bool{}
	for name := range c.plugins.loose {
		set[name] = true
	}
	for _, l := range lists {
		for _, p := range l {
			set[p.e.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// chain gives a route its plugins.
func (c *compiler) chain(r *Route) {
	byRoute, byService := c.plugins.byRoute[r.ID], c.plugins.byService[r.Route.ServiceID]
	var rules []order
	for _, name := range c.names(c.plugins.global, byService, byRoute) {
		s, base := c.slot(name, c.plugins.global, byService, byRoute)
		if s == nil {
			continue
		}
		if base != nil && base.broken != "" && r.Broken == "" {
			r.Broken = base.broken
		}
		if base != nil && base.e.Ordering != nil {
			rules = append(rules, order{name: name, e: base.e})
		}
		r.Slots = append(r.Slots, s)
	}
	sortSlots(r.Slots)
	chain, err := arrange(r.Slots, rules)
	if err != nil {
		c.problem(rules[0].e.Source, "ordering", "%v", err)
		if r.Broken == "" {
			r.Broken = err.Error()
		}
	}
	r.Chain = chain
}

// slot builds the place of one kind from the plugins that may fill it, by the
// precedence of kong/runloop/plugins_iterator.lua:lookup_cfg: route, service and
// consumer; route and consumer; service and consumer; route and service;
// consumer; route; service; none.
func (c *compiler) slot(name string, global, byService, byRoute []*compiled) (*Slot, *compiled) {
	kind := c.kinds[name]
	if kind == nil {
		kind = &plugin.Kind{Name: name, Priority: -1 << 30}
	}
	s := &Slot{Kind: kind, loose: c.plugins.loose[name]}
	var base *compiled
	baseRank, ranks := 0, map[string]int{}
	for _, list := range [][]*compiled{global, byService, byRoute} {
		for _, p := range list {
			if p.e.Name != name {
				continue
			}
			rank := rankOf(p.e)
			if p.e.ConsumerID == "" {
				switch {
				case rank == baseRank:
					c.twice(p.e)
					p.broken = "two plugins of one kind in one place"
					base = p
				case rank > baseRank:
					base, baseRank = p, rank
				}
				continue
			}
			if s.bound == nil {
				s.bound = map[string]*Plugin{}
			}
			if rank > ranks[p.e.ConsumerID] {
				s.bound[p.e.ConsumerID], ranks[p.e.ConsumerID] = p.p, rank
			}
		}
	}
	if base != nil {
		s.base = base.p
		s.looseLoses = base.e.RouteID != "" && base.e.ServiceID != ""
	}
	if s.base == nil && s.bound == nil && s.loose == nil {
		return nil, nil
	}
	return s, base
}

// rankOf says how specific a plugin's scope is, 1 for a global one.
func rankOf(e *entity.Plugin) int {
	rank := 1
	if e.ServiceID != "" {
		rank++
	}
	if e.RouteID != "" {
		rank += 2
	}
	return rank
}

func sortSlots(slots []*Slot) {
	slices.SortStableFunc(slots, func(a, b *Slot) int {
		return cmp.Or(cmp.Compare(b.Kind.Priority, a.Kind.Priority), cmp.Compare(a.Kind.Name, b.Kind.Name))
	})
}

// brokenKind is the kind of the stand-in that answers 500 for a consumer that
// is itself broken.
const brokenKind = "broken"

// brokenInstance stands where a faulty plugin should be, and lets nothing pass.
type brokenInstance struct{ reason string }

var _ plugin.Accessor = brokenInstance{}

func (b brokenInstance) Access(x *plugin.Exchange) (*plugin.Reply, error) {
	if x.Observed() {
		x.Explain(plugin.Verdict{Decision: "error", Reason: b.reason})
	}
	return nil, errors.New(b.reason)
}

func brokenPlugin(reason string) *Plugin {
	b := brokenInstance{reason}
	return &Plugin{Name: brokenKind, Instance: b, Access: b}
}

func (c *compiler) checkOrdering(e *entity.Plugin) {
	if e.Ordering == nil {
		return
	}
	for _, part := range []struct {
		field string
		phase *entity.OrderingPhase
	}{{"ordering.before.access", e.Ordering.Before}, {"ordering.after.access", e.Ordering.After}} {
		if part.phase == nil {
			continue
		}
		for _, name := range part.phase.Access {
			if c.kinds[name] == nil {
				c.problems = append(c.problems, e.Source.Problem(problem.Warning, part.field,
					"no plugin is called "+name+"; the rest of the order is kept"))
			}
		}
	}
}
