package snapshot

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// router finds the route of a request. Routes stand in a total order (priority,
// then id, as in Kong's atc-router: a BTreeMap walked backwards); the router
// returns the first of them that matches, without looking at all: entries are
// kept by host and, below that, by path.
type router struct {
	// byPath says that some route has a path, headers are the names of those
	// that some route looks at: what the whole router reads of every request.
	byPath  bool
	headers map[string]bool

	exact  map[string]*bucket // host
	suffix map[string]*bucket // ".example.com" for "*.example.com"
	prefix map[string]*bucket // "example." for "example.*"
	any    *bucket
}

// bucket holds the entries of one host pattern.
type bucket struct {
	exact    map[string][]*entry
	prefix   prefixes
	regexes  []*entry
	pathless []*entry
}

// entry is one way in which a route matches: Kong splits a route into one for
// each length of its plain paths and one for all its regular expressions
// (kong/router/transform.lua:split_routes_and_services_by_path); we split it
// further, into one for each path, with the priority of its group.
type entry struct {
	route    *Route
	priority uint64
	id       string
	methods  []string
	port     int // of the host pattern, 0 for any
	headers  []headerMatch
	queries  []valueMatch
	snis     []string
	regex    *regexp.Regexp
	length   int // of the prefix, where it is one
}

type headerMatch struct {
	name   string // with dashes, lower case
	values []string
	regex  *regexp.Regexp
}

type valueMatch struct {
	name, value string
	regex       *regexp.Regexp
}

// Match is the outcome of routing.
type Match struct {
	Route *Route
	// Matched is the part of the path that the route matched.
	Matched string
}

func newRouter() *router {
	return &router{
		headers: map[string]bool{}, exact: map[string]*bucket{}, suffix: map[string]*bucket{}, prefix: map[string]*bucket{}, any: newBucket(),
	}
}

func newBucket() *bucket { return &bucket{exact: map[string][]*entry{}} }

// compareEntries puts the entry that wins first.
func compareEntries(a, b *entry) int {
	if a.priority != b.priority {
		return cmp.Compare(b.priority, a.priority)
	}
	return cmp.Compare(b.id, a.id)
}

// bucketsFor returns the buckets of a host pattern and its port, making them.
func (r *router) bucketFor(pattern string) (*bucket, int) {
	if pattern == "" {
		return r.any, 0
	}
	host, port := splitHostPort(pattern)
	m := r.exact
	switch {
	case host[0] == '*':
		m, host = r.suffix, host[1:]
	case host[len(host)-1] == '*':
		m, host = r.prefix, host[:len(host)-1]
	}
	b := m[host]
	if b == nil {
		b = newBucket()
		m[host] = b
	}
	return b, port
}

func (r *router) sort() {
	each := func(b *bucket) {
		for _, es := range b.exact {
			slices.SortFunc(es, compareEntries)
		}
		b.prefix.sort()
		slices.SortStableFunc(b.regexes, compareEntries) // those of one route as it lists them
		slices.SortFunc(b.pathless, compareEntries)
	}
	each(r.any)
	for _, m := range []map[string]*bucket{r.exact, r.suffix, r.prefix} {
		for _, b := range m {
			each(b)
		}
	}
}

// search is one look-up under way.
type search struct {
	req     *plugin.Request
	port    int
	best    *entry
	matched string
}

// match finds the route of a request that came in on the given port. The port
// that its Host names goes before that one (kong/router/fields.lua:107), and the
// case of its Host counts, for Kong takes it as it comes
// (kong/router/atc.lua:438).
func (r *router) match(req *plugin.Request, port int) (Match, bool) {
	if !r.reads(req) {
		return Match{}, false
	}
	host, given := splitHostPort(req.Host)
	if given != 0 {
		port = given
	}
	s := search{req: req, port: port}
	if b := r.exact[host]; b != nil {
		s.in(b)
	}
	if len(r.suffix) > 0 {
		for i := range len(host) {
			if host[i] == '.' {
				if b := r.suffix[host[i:]]; b != nil {
					s.in(b)
				}
			}
		}
	}
	if len(r.prefix) > 0 {
		for i := range len(host) {
			if host[i] == '.' {
				if b := r.prefix[host[:i+1]]; b != nil {
					s.in(b)
				}
			}
		}
	}
	s.in(r.any)
	if s.best == nil {
		return Match{}, false
	}
	return Match{Route: s.best.route, Matched: s.matched}, true
}

// reads says whether all that the router looks at is UTF-8. Kong's router fails
// at other bytes, and then finds no route (atc-router's CValue::Str).
func (r *router) reads(req *plugin.Request) bool {
	if r.byPath && !utf8.ValidString(req.Path) {
		return false
	}
	if len(r.headers) == 0 {
		return true
	}
	for _, f := range req.Header.Fields() {
		if !utf8.ValidString(f.Value) && r.headers[strings.ReplaceAll(strings.ToLower(f.Name), "_", "-")] {
			return false
		}
	}
	return true
}

func (s *search) in(b *bucket) {
	path := s.req.Path
	if es := b.exact[path]; es != nil {
		s.consider(es, path)
	}
	s.prefixed(&b.prefix, path)
	s.regexes(b.regexes, path)
	s.consider(b.pathless, "")
}

// prefixed looks at the prefixes of the path: by its first element at once, and
// step by step only where no prefix has that element whole.
func (s *search) prefixed(p *prefixes, path string) {
	if len(p.elements) == 0 && len(p.short.children) == 0 {
		return
	}
	el := p.elements[firstElement(path)]
	if el == nil {
		s.walk(&p.short, path)
		return
	}
	for _, e := range el.short {
		if s.best != nil && compareEntries(s.best, e) < 0 {
			break
		}
		if e.accepts(s.req, s.port) {
			s.best, s.matched = e, path[:e.length]
			break
		}
	}
	if len(el.long.children) > 0 {
		s.walk(&el.long, path[el.length:])
	}
}

// walk goes down a trie as far as the path leads.
func (s *search) walk(n *radix, path string) {
	at := 0
	for {
		if len(n.entries) > 0 {
			s.consider(n.entries, s.req.Path[:n.entries[0].length])
		}
		rest := path[at:]
		if rest == "" {
			return
		}
		child := n.child(rest[0])
		if child == nil || !strings.HasPrefix(rest, child.prefix) {
			return
		}
		at += len(child.prefix)
		n = child
	}
}

// consider takes the first of the entries that matches, if it beats the best.
func (s *search) consider(es []*entry, matched string) {
	for _, e := range es {
		if s.best != nil && compareEntries(s.best, e) < 0 {
			return
		}
		if e.accepts(s.req, s.port) {
			s.best, s.matched = e, matched
			return
		}
	}
}

func (s *search) regexes(es []*entry, path string) {
	for _, e := range es {
		if s.best != nil && compareEntries(s.best, e) < 0 {
			return
		}
		if !e.accepts(s.req, s.port) {
			continue
		}
		if loc := e.regex.FindStringIndex(path); loc != nil {
			s.best, s.matched = e, path[loc[0]:loc[1]]
			return
		}
	}
}

// accepts checks all but host name and path.
func (e *entry) accepts(req *plugin.Request, port int) bool {
	if len(e.methods) > 0 && !slices.Contains(e.methods, req.Method) {
		return false
	}
	if e.port != 0 && e.port != port {
		return false
	}
	// SNIs only count where the connection is TLS (kong/router/transform.lua:get_expression).
	if len(e.snis) > 0 && req.Scheme == "https" {
		return false
	}
	for i := range e.headers {
		if !e.headers[i].accepts(&req.Header) {
			return false
		}
	}
	for i := range e.queries {
		if !e.queries[i].accepts(req.Query) {
			return false
		}
	}
	return true
}

func (h *headerMatch) accepts(header *plugin.Header) bool {
	for _, f := range header.Fields() {
		if !sameName(f.Name, h.name) {
			continue
		}
		v := strings.ToLower(f.Value)
		if h.regex != nil && h.regex.MatchString(v) || slices.Contains(h.values, v) {
			return true
		}
	}
	return false
}

// sameName compares as Kong's router does, where "_" and "-" are one
// (kong/router/transform.lua:replace_dashes_lower).
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x := a[i]
		switch {
		case 'A' <= x && x <= 'Z':
			x |= 0x20
		case x == '_':
			x = '-'
		}
		if x != b[i] {
			return false
		}
	}
	return true
}

func (q *valueMatch) accepts(query string) bool {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name == q.name && (q.regex != nil && q.regex.MatchString(value) || q.regex == nil && value == q.value) {
			return true
		}
	}
	return false
}

// splitHostPort splits "host:port" as Kong's router does: at the first colon, if
// a number follows it, so that a bracketed address keeps its port
// (kong/router/transform.lua:split_host_port).
func splitHostPort(s string) (string, int) {
	i := strings.IndexByte(s, ':')
	if i <= 0 {
		return s, 0
	}
	port, err := strconv.Atoi(s[i+1:])
	if err != nil {
		return s, 0
	}
	return s[:i], port
}
