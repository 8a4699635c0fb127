package kongfile

import (
	"slices"
	"strings"
)

// checkService and its like hold the checks of an entity as a whole: the
// entity_checks of kong/db/schema/entities/*.lua.
func (r *reader) checkService(it *item) {
	if !it.has("host") && !r.blamed(it, "host") && !it.has("url") {
		r.in("host", func() { r.fault(it.line(), "is missing; write host, or url") })
	}
	protocol := get(it, "protocol", "http")
	if it.has("path") && slices.Contains([]string{"tcp", "tls", "udp", "grpc", "grpcs"}, protocol) {
		r.in("path", func() { r.fault(it.lineOf("path"), "must not be set when protocol is %s", protocol) })
	}
	if protocol == "https" || protocol == "tls" {
		return
	}
	for _, name := range []string{"client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates"} {
		if it.has(name) {
			r.in(name, func() {
				r.fault(it.lineOf(name), "must not be set when protocol is %s; it is for https and tls", protocol)
			})
		}
	}
}

func defaultProtocols() []string { return []string{"http", "https"} }

// routeProtocols gives the protocols of a route and the group that they are of:
// http, grpc or stream. The first one decides, as in Kong
// (kong/db/schema/init.lua:get_subschema).
func routeProtocols(it *item) (list []string, group string) {
	list = get(it, "protocols", defaultProtocols())
	if len(list) == 0 {
		return list, "http"
	}
	return list, groupOf(list[0])
}

func groupOf(protocol string) string {
	switch protocol {
	case "http", "https":
		return "http"
	case "grpc", "grpcs":
		return "grpc"
	}
	return "stream"
}

// exclusive tells which set of protocols one is of; a route has those of one set.
func exclusive(protocol string) string {
	if protocol == "tls_passthrough" {
		return protocol
	}
	return groupOf(protocol)
}

func (r *reader) checkRoute(it *item) {
	protocols, group := routeProtocols(it)
	if !r.checkProtocols(it, protocols) {
		return
	}
	all := strings.Join(protocols, ", ")
	for _, name := range map[string][]string{
		"http":   {"sources", "destinations"},
		"grpc":   {"methods", "sources", "destinations"},
		"stream": {"methods", "hosts", "paths", "headers"},
	}[group] {
		if it.has(name) {
			r.in(name, func() { r.fault(it.lineOf(name), "must not be set when protocols are %s", all) })
		}
	}
	if group == "grpc" && get(it, "strip_path", false) {
		r.in("strip_path", func() { r.fault(it.lineOf("strip_path"), "must not be true when protocols are %s", all) })
	}
	secure := slices.ContainsFunc(protocols, isSecure)
	if !secure && nonEmpty(it, "snis") {
		r.in("snis", func() {
			r.fault(it.lineOf("snis"), "can only be set when protocols have grpcs, https, tls or tls_passthrough")
		})
	}
	r.checkPredicates(it, protocols, group, secure)
	for _, name := range []string{"sources", "destinations"} {
		for _, rec := range get(it, name, []record(nil)) {
			if len(rec) == 0 {
				r.in(name, func() { r.fault(it.lineOf(name), "each must have an ip or a port") })
			}
		}
	}
}

// checkProtocols wants protocols, and those of one set.
func (r *reader) checkProtocols(it *item, protocols []string) bool {
	if len(protocols) == 0 {
		r.in("protocols", func() { r.fault(it.lineOf("protocols"), "must not be empty") })
		return false
	}
	for _, p := range protocols {
		if exclusive(p) != exclusive(protocols[0]) {
			r.in("protocols", func() { r.fault(it.lineOf("protocols"), "%s and %s cannot be together on a route", protocols[0], p) })
			return false
		}
	}
	return true
}

func isSecure(protocol string) bool {
	return protocol == "grpcs" || protocol == "https" || protocol == "tls" || protocol == "tls_passthrough"
}

// checkPredicates wants something that tells the requests of the route
// (kong/db/schema/entities/routes_subschemas.lua). Kong's file cannot say
// _gatewayd.matches, which count as paths.
func (r *reader) checkPredicates(it *item, protocols []string, group string, secure bool) {
	var need []string
	switch {
	case group == "http":
		need = []string{"methods", "hosts", "headers", "paths"}
	case group == "grpc":
		need = []string{"hosts", "headers", "paths"}
	case protocols[0] == "tls_passthrough":
		need = []string{}
	default:
		need = []string{"sources", "destinations", "snis"}
	}
	if secure && !slices.Contains(need, "snis") {
		need = append(need, "snis")
	}
	if it.has("expression") || len(it.extra.Matches) > 0 || slices.ContainsFunc(need, func(n string) bool { return nonEmpty(it, n) }) {
		return
	}
	for _, name := range need { // one that was refused tells enough
		if n := child(it.node, name); n != nil && (len(n.Content) > 0 || n.Value != "" && !isNull(n)) {
			return
		}
	}
	r.fault(it.line(), "must set one of %s when protocols are %s", strings.Join(need, ", "), strings.Join(protocols, ", "))
}

func nonEmpty(it *item, name string) bool {
	switch v := it.values[name].v.(type) {
	case []string:
		return len(v) > 0
	case map[string][]string:
		return len(v) > 0
	case []record:
		return len(v) > 0
	}
	return false
}

func (r *reader) checkUpstream(it *item) {
	on, fallback := get(it, "hash_on", "none"), get(it, "hash_fallback", "none")
	need := func(name, because string) {
		if !it.has(name) && !r.blamed(it, name) {
			r.in(name, func() { r.fault(it.line(), "is missing, which is needed as %s", because) })
		}
	}
	for _, h := range []struct{ field, value, prefix string }{{"hash_on", on, "hash_on_"}, {"hash_fallback", fallback, "hash_fallback_"}} {
		switch h.value {
		case "header", "query_arg", "uri_capture":
			need(h.prefix+h.value, h.field+" is "+h.value)
		case "cookie":
			need("hash_on_cookie", h.field+" is cookie")
		}
	}
	switch {
	case fallback == "none":
	case on == "none", on == "cookie":
		r.in("hash_fallback", func() { r.fault(it.lineOf("hash_fallback"), "must be none when hash_on is %s", on) })
	case on == fallback && (on == "consumer" || on == "ip" || on == "path"):
		r.in("hash_fallback", func() { r.fault(it.lineOf("hash_fallback"), "must be another than hash_on, which is %s too", on) })
	}
	for _, what := range []string{"header", "query_arg", "uri_capture"} {
		a, b := "hash_on_"+what, "hash_fallback_"+what
		if it.has(a) && it.text(a) == it.text(b) {
			r.in(b, func() { r.fault(it.lineOf(b), "must be another than %s", a) })
		}
	}
}

func (r *reader) checkConsumer(it *item) {
	if !it.has("username") && !it.has("custom_id") && !r.blamed(it, "username") && !r.blamed(it, "custom_id") {
		r.fault(it.line(), "must have a username or a custom_id")
	}
}
