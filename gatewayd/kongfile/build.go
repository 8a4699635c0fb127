package kongfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// check checks entities as wholes, once it is known what they refer to.
func (r *reader) check() {
	bound := map[string]*item{}
	for _, c := range []struct {
		list  string
		check func(*item)
	}{
		{"services", r.checkService},
		{"routes", r.checkRoute},
		{"upstreams", r.checkUpstream},
		{"consumers", r.checkConsumer},
		{"plugins", func(it *item) { r.checkPlugin(it, bound) }},
	} {
		for _, it := range r.items[c.list] {
			if !it.foreign {
				r.at(it, "", func() { c.check(it) })
			}
		}
	}
}

// build makes entities of the items of a file without faults.
func (r *reader) build() *entity.Config {
	cfg := &entity.Config{Objects: r.top.Objects}
	cfg.Problems = problem.Sort(append(slices.Clone(r.top.Problems), r.lacking()...))
	cfg.Services = each(r.items["services"], service)
	cfg.Routes = each(r.items["routes"], route)
	cfg.Upstreams = r.upstreams()
	cfg.Consumers = each(r.items["consumers"], consumer)
	cfg.Credentials = each(r.items["keyauth_credentials"], credential)
	cfg.Plugins = each(r.items["plugins"], r.plugin)
	return r.plugins.fillAll(cfg)
}

// each makes entities of the items that are not left out.
func each[T any](items []*item, entity func(*item) T) []T {
	out := make([]T, 0, len(items))
	for _, it := range items {
		if !it.gone {
			out = append(out, entity(it))
		}
	}
	return out
}

func service(it *item) entity.Service {
	s := entity.NewService()
	s.ID, s.Name, s.Source, s.Tags = it.id, it.text("name"), it.source, it.list("tags")
	s.Protocol, s.Host, s.Path = get(it, "protocol", s.Protocol), it.text("host"), it.text("path")
	s.Port, s.Retries = it.number("port", s.Port), it.number("retries", s.Retries)
	s.ConnectTimeout = it.number("connect_timeout", s.ConnectTimeout)
	s.WriteTimeout = it.number("write_timeout", s.WriteTimeout)
	s.ReadTimeout = it.number("read_timeout", s.ReadTimeout)
	s.Enabled, s.HostHeader = get(it, "enabled", s.Enabled), it.extra.HostHeader
	return s
}

func route(it *item) entity.Route {
	e := entity.NewRoute()
	_, group := routeProtocols(it)
	e.ID, e.Name, e.ServiceID, e.Source, e.Tags = it.id, it.text("name"), it.ref("service"), it.source, it.list("tags")
	e.Protocols = get(it, "protocols", e.Protocols)
	e.Methods, e.Hosts, e.Paths, e.SNIs = it.list("methods"), it.list("hosts"), it.list("paths"), it.list("snis")
	e.Headers = get(it, "headers", e.Headers)
	e.RegexPriority = it.number("regex_priority", e.RegexPriority)
	// kong/db/schema/entities/routes_subschemas.lua:46
	e.StripPath = get(it, "strip_path", group != "grpc" && e.StripPath)
	e.PathHandling = get(it, "path_handling", e.PathHandling)
	e.PreserveHost = get(it, "preserve_host", e.PreserveHost)
	e.HTTPSRedirectStatusCode = it.number("https_redirect_status_code", e.HTTPSRedirectStatusCode)
	e.RequestBuffering = get(it, "request_buffering", e.RequestBuffering)
	e.ResponseBuffering = get(it, "response_buffering", e.ResponseBuffering)
	x := &it.extra
	e.Matches, e.Queries, e.Backends, e.Filters = x.Matches, x.Queries, x.Backends, x.Filters
	for i := range e.Filters {
		e.Filters[i].Config = canonical(e.Filters[i].Config)
	}
	e.Timeout, e.BackendTimeout, e.Priority = x.Timeout, x.BackendTimeout, x.Priority
	e.Broken, e.Unavailable = x.Broken, x.Unavailable
	if e.Broken == "" {
		e.Broken = it.broken
	}
	return e
}

func (r *reader) upstreams() []entity.Upstream {
	out := make([]entity.Upstream, 0, len(r.items["upstreams"]))
	at := map[string]int{}
	for _, it := range r.items["upstreams"] {
		u := entity.NewUpstream()
		u.ID, u.Name, u.Source, u.Tags = it.id, it.text("name"), it.source, it.list("tags")
		u.Algorithm, u.HostHeader = algorithm(it), it.text("host_header")
		u.Slots, u.Unavailable = it.number("slots", u.Slots), it.extra.Unavailable
		at[u.ID] = len(out)
		out = append(out, u)
	}
	for _, it := range r.items["targets"] {
		i := at[it.ref("upstream")]
		out[i].Targets = append(out[i].Targets, entity.Target{
			ID: it.id, Target: it.text("target"), Weight: it.number("weight", entity.DefaultWeight), Tags: it.list("tags"),
		})
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// algorithm is that of an upstream: hash_on overrides it
// (kong/db/schema/entities/upstreams.lua:246).
func algorithm(it *item) string {
	a := get(it, "algorithm", entity.DefaultAlgorithm)
	if !it.has("hash_on") || a == "least-connections" || a == "latency" {
		return a
	}
	if it.text("hash_on") == "none" {
		return entity.DefaultAlgorithm
	}
	return "consistent-hashing"
}

func consumer(it *item) entity.Consumer {
	return entity.Consumer{
		ID: it.id, Username: it.text("username"), CustomID: it.text("custom_id"), Tags: it.list("tags"),
		Broken: it.extra.Broken, Source: it.source,
	}
}

func credential(it *item) entity.Credential {
	c := entity.Credential{
		ID: it.id, Kind: "key-auth", ConsumerID: it.ref("consumer"), Key: entity.Secret(it.text("key")),
		TTL: int(get(it, "ttl", float64(0))), Tags: it.list("tags"), Source: it.source,
	}
	if it.extra.Kind != "" {
		c.Kind = it.extra.Kind
	}
	if it.extra.Attributes != nil {
		c.Attributes = map[string]entity.Secret{}
		for k, v := range it.extra.Attributes {
			c.Attributes[k] = entity.Secret(v)
		}
	}
	return c
}

func (r *reader) plugin(it *item) entity.Plugin {
	p := entity.NewPlugin()
	p.ID, p.Name, p.InstanceName = it.id, it.text("name"), it.text("instance_name")
	p.ServiceID, p.RouteID, p.ConsumerID = it.ref("service"), it.ref("route"), it.ref("consumer")
	p.Config = r.config(it)
	p.Enabled, p.Protocols = get(it, "enabled", p.Enabled), get(it, "protocols", p.Protocols)
	p.Tags, p.Source = it.list("tags"), it.source
	p.Ordering = ordering(it)
	p.PlainHeaders, p.SecretConfig, p.Broken = it.extra.PlainHeaders, it.extra.SecretConfig, it.extra.Broken
	return p
}

func ordering(it *item) *entity.Ordering {
	rec, ok := it.values["ordering"].v.(record)
	if !ok {
		return nil
	}
	phase := func(name string) *entity.OrderingPhase {
		inner, ok := rec[name].v.(record)
		if !ok {
			return nil
		}
		list, _ := inner["access"].v.([]string)
		return &entity.OrderingPhase{Access: list}
	}
	return &entity.Ordering{Before: phase("before"), After: phase("after")}
}

// checkPlugin checks that Kong knows a plugin, that nothing else is bound to the
// same, and that its config is one.
func (r *reader) checkPlugin(it *item, bound map[string]*item) {
	name := it.text("name")
	if name == "" {
		return // reported
	}
	known, ofKong := r.plugins.bundled[name]
	kind := r.plugins.kinds[name]
	if kind == nil && !ofKong {
		all := slices.Collect(maps.Keys(r.plugins.bundled))
		all = append(all, slices.Collect(maps.Keys(r.plugins.kinds))...)
		r.in("name", func() { r.fault(it.lineOf("name"), "no plugin is called %s%s", short(name), hint(name, all)) })
		return
	}
	if known.noConsumer && it.refs["consumer"] != nil {
		r.in("consumer", func() { r.fault(it.lineOf("consumer"), "%s cannot be bound to a consumer", name) })
	}
	for _, p := range it.list("protocols") {
		if ofKong && !known.streams && groupOf(p) == "stream" {
			r.in("protocols", func() { r.fault(it.lineOf("protocols"), "%s is for http, https, grpc and grpcs, not %s", name, p) })
		}
	}
	r.checkConfig(it)
	if it.lost {
		return
	}
	scope := strings.Join([]string{name, it.ref("route"), it.ref("service"), it.ref("consumer")}, "\x00")
	if first := bound[scope]; first == nil {
		bound[scope] = it
	} else if it.has("id") || first.has("id") { // without ids, their ids are alike, which is reported
		r.fault(it.line(), "is bound there already, on line %d; keep one of them", first.line())
	}
}
