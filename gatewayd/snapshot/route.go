package snapshot

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

func (c *compiler) compileRoutes() {
	for i := range c.cfg.Routes {
		e := &c.cfg.Routes[i]
		svc := c.services[e.ServiceID]
		if e.ServiceID != "" && svc == nil {
			continue // its service is disabled
		}
		r := c.route(e, svc)
		c.snap.Routes = append(c.snap.Routes, r)
		for _, en := range c.entries(e, r) {
			c.index(e, en)
		}
	}
}

func (c *compiler) route(e *entity.Route, svc *Service) *Route {
	r := &Route{
		Route:     plugin.Route{ID: e.ID, Name: e.Name, Protocols: e.Protocols, Tags: e.Tags},
		Service:   svc,
		StripPath: e.StripPath, PreserveHost: e.PreserveHost,
		HTTPSOnly:               slices.Contains(e.Protocols, "https") && !slices.Contains(e.Protocols, "http"),
		GRPC:                    slices.Contains(e.Protocols, "grpc") || slices.Contains(e.Protocols, "grpcs"),
		StreamsRequest:          !e.RequestBuffering,
		HTTPSRedirectStatusCode: cmp.Or(e.HTTPSRedirectStatusCode, entity.DefaultRedirect),
		Timeout:                 milliseconds(e.Timeout),
		BackendTimeout:          milliseconds(e.BackendTimeout),
		Broken:                  e.Broken,
		Unavailable:             e.Unavailable,
	}
	if svc != nil {
		r.Route.ServiceID, r.Route.Service = svc.ID, svc.Name
		if svc.Protocol != "http" && r.Broken == "" {
			r.Broken = "upstream protocol " + svc.Protocol + " is not built yet"
			c.problem(e.Source, "service.protocol", "the service %s speaks %s to its upstream, which is not built yet; use http", svc.Name, svc.Protocol)
		}
	}
	c.weighted(e, r)
	c.chain(r)
	return r
}

func (c *compiler) weighted(e *entity.Route, r *Route) {
	if len(e.Backends) == 0 {
		return
	}
	var ts []balance.Target
	for i, b := range e.Backends {
		svc := c.services[b.ServiceID]
		if svc == nil {
			c.problem(e.Source, "backends", "no service has the id %q", b.ServiceID)
		}
		// The port says which of the services the target stands for.
		ts = append(ts, balance.Target{Address: b.ServiceID, Port: i, Weight: b.Weight})
		r.backends = append(r.backends, svc)
	}
	r.Backends = balance.NewRoundRobin(ts)
}

// pathEntry is one path of a route, on its way into the router.
type pathEntry struct {
	*entry
	kind string // "exact", "prefix", "regex", "none"
	path string
}

// The bits of a priority (kong/router/transform.lua:get_priority).
const (
	weightShift = 61
	plainHost   = 1 << 60
	headerShift = 52
	regexURL    = 1 << 51
	regexShift  = 19
	maxLength   = 0x7FFFF
	maxHeaders  = 255
)

// entries splits a route into one entry for each of its paths. The priority of
// a path is that of the group that Kong would put it in.
func (c *compiler) entries(e *entity.Route, r *Route) []pathEntry {
	base := entry{route: r, methods: e.Methods, snis: e.SNIs}
	c.predicates(e, r, &base)
	head := headPriority(e)
	if len(e.Paths)+len(e.Matches) == 0 {
		one := base
		one.id, one.priority = e.ID, cmp.Or(e.Priority, head)
		return []pathEntry{{entry: &one, kind: "none"}}
	}
	c.snap.router.byPath = true
	groups := groupsOf(e)
	var out []pathEntry
	add := func(kind, path string, length int, re *regexp.Regexp) {
		one := base
		one.regex = re
		one.id = groups.id(e.ID, length)
		p := head
		if length < 0 {
			p |= regexURL | uint64(e.RegexPriority)<<regexShift
		} else {
			p |= uint64(length) & maxLength
		}
		one.priority = cmp.Or(e.Priority, p)
		out = append(out, pathEntry{entry: &one, kind: kind, path: path})
	}
	for _, p := range e.Paths {
		if !strings.HasPrefix(p, "~") {
			add("prefix", p, len(p), nil)
			continue
		}
		// The "^" binds the first of several alternatives alone, as in Kong
		// (kong/router/transform.lua:271).
		re, err := regexp.Compile("^" + p[1:])
		if err != nil {
			c.problem(e.Source, "paths", "%q is not a regular expression that we know (RE2): %v", p, err)
			if r.Broken == "" {
				r.Broken = "a path is not a valid regular expression"
			}
			continue
		}
		add("regex", "", -1, re)
	}
	for _, m := range e.Matches {
		switch {
		case m.Type == "exact":
			add("exact", m.Value, -1, nil)
		case m.Value == "/" || m.Value == "":
			add("prefix", "/", 1, nil)
		default:
			// Element-wise "/a" is the path "/a" itself and all below "/a/".
			trimmed := strings.TrimSuffix(m.Value, "/")
			add("exact", trimmed, -1, nil)
			add("prefix", trimmed+"/", len(trimmed)+1, nil)
		}
	}
	return out
}

func headPriority(e *entity.Route) uint64 {
	weight := 0
	for _, has := range []bool{
		len(e.Methods) > 0, len(e.Hosts) > 0, len(e.Headers) > 0, len(e.SNIs) > 0, len(e.Paths)+len(e.Matches) > 0,
	} {
		if has {
			weight++
		}
	}
	p := uint64(weight) << weightShift
	p |= uint64(min(len(e.Headers), maxHeaders)) << headerShift
	if len(e.Hosts) > 0 && !slices.ContainsFunc(e.Hosts, func(h string) bool { return strings.Contains(h, "*") }) {
		p |= plainHost
	}
	return p
}

// groups numbers the groups of a route's paths in the order in which they
// first appear: one for all regular expressions (-1), one for each length.
type groups map[int]int

func groupsOf(e *entity.Route) groups {
	g := groups{}
	note := func(k int) {
		if _, ok := g[k]; !ok {
			g[k] = len(g) + 1
		}
	}
	for _, p := range e.Paths {
		if strings.HasPrefix(p, "~") {
			note(-1)
		} else {
			note(len(p))
		}
	}
	return g
}

// id is the id that Kong gives to a group of a split route, which decides
// between entries of equal priority.
func (g groups) id(route string, length int) string {
	if len(g) < 2 {
		return route
	}
	split := uuid.UUID{0x7f, 0x14, 0x5b, 0xf9, 0x0d, 0xce, 0x4f, 0x91, 0x98, 0xeb, 0xde, 0xbb, 0xce, 0x4b, 0x9f, 0x6b}
	return uuid.NewSHA1(split, []byte(route+"#"+strconv.Itoa(g[length]))).String()
}

// predicates fills in the header and query matches. A faulty one matches every
// value, so that the requests it was meant for get the 500 of a broken route.
func (c *compiler) predicates(e *entity.Route, r *Route, en *entry) {
	compile := func(field, expr string) *regexp.Regexp {
		re, err := regexp.Compile(expr)
		if err != nil {
			c.problem(e.Source, field, "%q is not a regular expression that we know (RE2): %v", expr, err)
			if r.Broken == "" {
				r.Broken = "a match of " + field + " is not a valid regular expression"
			}
			return regexp.MustCompile("")
		}
		return re
	}
	for name, values := range e.Headers {
		h := headerMatch{name: strings.ReplaceAll(strings.ToLower(name), "_", "-")}
		c.snap.router.headers[h.name] = true
		for _, v := range values {
			if expr, isRegex := strings.CutPrefix(v, "~*"); isRegex {
				h.regex = compile("headers."+name, strings.ToLower(expr))
			} else {
				h.values = append(h.values, strings.ToLower(v))
			}
		}
		en.headers = append(en.headers, h)
	}
	for _, q := range e.Queries {
		m := valueMatch{name: q.Name, value: q.Value}
		if q.Regex {
			m.regex = compile("queries."+q.Name, q.Value)
		}
		en.queries = append(en.queries, m)
	}
}

// index puts an entry under each of its route's hosts.
func (c *compiler) index(e *entity.Route, en pathEntry) {
	hosts := e.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, h := range hosts {
		b, port := c.snap.router.bucketFor(h)
		one := en.entry
		if port != 0 {
			withPort := *en.entry
			withPort.port = port
			one = &withPort
		}
		switch en.kind {
		case "exact":
			b.exact[en.path] = append(b.exact[en.path], one)
		case "prefix":
			b.prefix.insert(en.path, one)
		case "regex":
			b.regexes = append(b.regexes, one)
		default:
			b.pathless = append(b.pathless, one)
		}
	}
}
