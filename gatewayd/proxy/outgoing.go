package proxy

import (
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/balance"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/uri"
)

// upstreamPath gives path and query that the upstream is asked for
// (kong/router/utils.lua:get_upstream_uri_v0; kong/runloop/handler.lua:1418-1426
// keeps an empty query).
func (h *Handler) upstreamPath(x *Exchange, s *snapshot.Service) string {
	path := h.paths.Escape(uri.Join(s.Path, x.Request.Path, x.matched, x.route.StripPath))
	if !x.Request.HasQuery {
		return path
	}
	// Most often the two stand at the end of the target as they are.
	target, query := x.Request.Target, x.Request.Query
	if from := len(target) - len(query) - 1 - len(path); from >= 0 {
		if end := target[from:]; end[:len(path)] == path && end[len(path)] == '?' && end[len(path)+1:] == query {
			return end
		}
	}
	return path + "?" + query
}

// hostHeader is what Host says to the target
// (kong/runloop/balancer/init.lua:set_host_header).
func hostHeader(x *Exchange, s *snapshot.Service, t *balance.Target) string {
	if x.route.PreserveHost && x.Request.Host != "" {
		return x.Request.Host
	}
	host := s.HostHeader
	switch {
	case host == "" && t.Port != 80:
		return t.Address
	case host == "":
		return strings.TrimSuffix(t.Address, ":80")
	case t.Port == 80:
		return host
	}
	return host + ":" + strconv.Itoa(t.Port)
}

// fieldsFor lists the header fields of the outgoing request: those that Kong's
// nginx sets, in its order (kong/templates/nginx_kong.lua, location /), then the
// client's own without hop-by-hop fields.
func (h *Handler) fieldsFor(x *Exchange, host string, websocket bool) []plugin.Field {
	r := &x.Request.Header
	out := x.fields[:0]
	set := func(name, value string) {
		if value != "" {
			out = append(out, plugin.Field{Name: name, Value: value})
		}
	}
	connection := r.Joined("Connection")
	if te := r.Joined("TE"); te != "" && hasToken(te, "trailers") {
		set("TE", "trailers")
	}
	via := h.via[10*x.Request.Major+x.Request.Minor]
	if given := r.Get("Via"); given != "" {
		via = given + ", " + via
	}
	set("Via", via)
	set("Host", host)
	if websocket {
		set("Upgrade", "websocket")
		set("Connection", "keep-alive, Upgrade")
	} else {
		set("Connection", "keep-alive")
	}
	out = h.forwarded(x, out)
	set("X-Real-IP", x.Client)
	set("X-Kong-Request-Id", x.ID)
	simple := connection == "" || plugin.EqualFold(connection, "keep-alive") || plugin.EqualFold(connection, "close")
	for _, f := range r.Fields() {
		if h.dropped.has(f.Name) || !simple && named(connection, f.Name) {
			continue
		}
		out = append(out, f)
	}
	x.fields = out
	return out
}

// forwarded appends the X-Forwarded-* fields
// (kong/runloop/handler.lua:1185-1236, 1318-1333). Of several fields of one name
// the first counts (kong/tools/http.lua:get_header).
func (h *Handler) forwarded(x *Exchange, out []plugin.Field) []plugin.Field {
	r := &x.Request.Header
	trusted := h.opts.Trusted.Contain(x.Peer)
	from := func(name, otherwise string) string {
		if trusted {
			if v := r.Get(name); v != "" {
				return v
			}
		}
		return otherwise
	}
	set := func(name, value string) {
		if value != "" {
			out = append(out, plugin.Field{Name: name, Value: value})
		}
	}
	forwardedFor := x.Client
	if given := r.Get("X-Forwarded-For"); given != "" {
		forwardedFor = given + ", " + x.Peer
	}
	set("X-Forwarded-For", forwardedFor)
	set("X-Forwarded-Proto", from("X-Forwarded-Proto", x.Request.Scheme))
	set("X-Forwarded-Host", from("X-Forwarded-Host", hostOnly(x.Request.Host)))
	set("X-Forwarded-Port", from("X-Forwarded-Port", x.PortText))
	set("X-Forwarded-Path", from("X-Forwarded-Path", pathOnly(requestURI(x))))
	prefix := ""
	if x.route.StripPath && x.matched != "/" {
		prefix = x.matched
	}
	set("X-Forwarded-Prefix", from("X-Forwarded-Prefix", prefix))
	return out
}

func (h *Handler) forwardedProto(x *Exchange) string {
	if h.opts.Trusted.Contain(x.Peer) {
		if v := x.Request.Header.Get("X-Forwarded-Proto"); v != "" {
			return v
		}
	}
	return x.Request.Scheme
}

func (h *Handler) forwardedHost(x *Exchange) string {
	if h.opts.Trusted.Contain(x.Peer) {
		if v := x.Request.Header.Get("X-Forwarded-Host"); v != "" {
			return v
		}
	}
	return hostOnly(x.Request.Host)
}

// hostOnly is nginx's $host: lower case, without the port and without a dot at
// its end; without a Host it is the name of Kong's server
// (kong/templates/nginx_kong.lua:84).
func hostOnly(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") && strings.IndexByte(host[i+1:], ']') < 0 {
		host = host[:i]
	}
	if host = strings.TrimSuffix(host, "."); host == "" {
		return "kong"
	}
	return strings.ToLower(host)
}

// dropped lists, by length, the fields of a client that go no further under
// their own name: those that the gateway sets itself, and those that belong to
// one hop (RFC 9110, 7.6.1; nginx drops Keep-Alive and Expect,
// kong/runloop/handler.lua Proxy and Proxy-Connection).
type dropped [20][]string

func newDropped() *dropped {
	var d dropped
	for _, name := range []string{
		"TE", "Via", "Host", "Upgrade", "Connection", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
		"X-Forwarded-Port", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Real-IP", "X-Kong-Request-Id",
		"Proxy", "Proxy-Connection", "Expect", "Keep-Alive", "Content-Length", "Transfer-Encoding",
	} {
		d[len(name)] = append(d[len(name)], name)
	}
	return &d
}

func (d *dropped) has(name string) bool {
	if len(name) >= len(d) {
		return false
	}
	for _, n := range d[len(name)] {
		if plugin.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// named says whether a Connection field names the field, so that it goes no
// further. What plugins say of the caller cannot be taken away that way.
func named(connection, name string) bool {
	if strings.HasPrefix(name, "X-Consumer-") || strings.HasPrefix(name, "X-Credential-") || name == "X-Anonymous-Consumer" {
		return false
	}
	return hasToken(connection, name)
}

// hasToken says whether a comma-separated list holds the token, parameters and
// case aside.
func hasToken(list, token string) bool {
	for item := range strings.SplitSeq(list, ",") {
		item, _, _ = strings.Cut(item, ";")
		if plugin.EqualFold(strings.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}
