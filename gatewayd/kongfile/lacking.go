package kongfile

import (
	"fmt"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// lacking reports what is valid in Kong and lacking here, and marks what it
// should have guarded or shaped.
func (r *reader) lacking() []problem.Problem {
	l := &lacks{broken: map[string]string{}}
	for _, list := range r.schema.order() {
		for _, it := range r.items[list] {
			if k := it.kind.lacks; k != nil && on(it) {
				l.say(it, k.warning, "", "%s", k.reason)
			}
		}
	}
	l.services(r.items)
	for _, it := range r.items["filter_chains"] {
		l.filters(it)
	}
	for _, it := range r.items["routes"] {
		l.route(it)
	}
	for _, it := range r.items["plugins"] {
		if to := it.refs["route"]; to != nil && to.gone {
			it.gone = true
		}
	}
	for _, it := range r.items["keyauth_credentials"] {
		l.credential(it)
	}
	return l.problems
}

// on says that an entity is not switched off.
func on(it *item) bool { return get(it, "enabled", true) }

// lacks gathers what is lacking.
type lacks struct {
	problems []problem.Problem
	broken   map[string]string // service id → why everything that goes to it answers 500
}

// services looks at services and at the upstreams that their hosts name.
func (l *lacks) services(items map[string][]*item) {
	broken := map[string]string{} // by name of an upstream
	for _, it := range items["upstreams"] {
		if why := l.upstream(it); why != "" {
			broken[it.text("name")] = it.label + ": " + why
		}
	}
	for _, it := range items["services"] {
		why := l.service(it)
		if upstream := broken[it.text("host")]; upstream != "" {
			l.broken[it.id] = upstream
		} else if why != "" {
			l.broken[it.id] = it.label + ": " + why
		}
	}
}

// filters marks what a filter chain should have shaped.
func (l *lacks) filters(it *item) {
	if !on(it) {
		return
	}
	why := it.label + ": " + it.kind.lacks.reason
	if s := it.refs["service"]; s != nil && l.broken[s.id] == "" {
		l.broken[s.id] = why
	}
	if to := it.refs["route"]; to != nil && to.broken == "" {
		to.broken = why
	}
}

func (l *lacks) say(it *item, warning bool, field, format string, args ...any) {
	sev := problem.Error
	if warning {
		sev = problem.Warning
	}
	l.problems = append(l.problems, it.source.Problem(sev, field, fmt.Sprintf(format, args...)))
}

// upstream returns why everything that goes to an upstream answers 500, "" if it
// does not.
func (l *lacks) upstream(it *item) string {
	why := ""
	if a := algorithm(it); a != entity.DefaultAlgorithm {
		why = "algorithm " + a + " is not supported yet"
		l.say(it, false, "algorithm", "%s; use round-robin", why)
	}
	if it.has("client_certificate") {
		why = "client certificates are not supported yet"
		l.say(it, false, "client_certificate", "%s", why)
	}
	if get(it, "use_srv_name", false) {
		l.say(it, true, "use_srv_name", "is not supported yet; Host says the name of the upstream")
	}
	if h, ok := it.values["healthchecks"].v.(record); ok && checksHealth(h) {
		l.say(it, true, "healthchecks", "are not made yet; every target is taken for healthy")
	}
	return why
}

// checksHealth says that health checks are on: everything is 0 by default.
func checksHealth(r record) bool {
	for name, v := range r {
		switch v := v.v.(type) {
		case record:
			if checksHealth(v) {
				return true
			}
		case int64:
			if v > 0 && name != "concurrency" {
				return true
			}
		case float64:
			if v > 0 && name != "timeout" {
				return true
			}
		}
	}
	return false
}

// service returns why everything that goes to a service answers 500. That its
// protocol is not built is said by whoever compiles it.
func (l *lacks) service(it *item) string {
	why := ""
	say := func(field, reason string) {
		why = reason
		l.say(it, false, field, "%s", reason)
	}
	if it.has("client_certificate") {
		say("client_certificate", "client certificates are not supported yet")
	}
	if get(it, "tls_verify", false) {
		say("tls_verify", "certificates of upstreams are not verified yet")
	}
	if len(it.list("ca_certificates")) > 0 {
		say("ca_certificates", "certificates of upstreams are not verified yet")
	}
	return why
}

func (l *lacks) route(it *item) {
	if it.broken == "" {
		it.broken = l.broken[it.ref("service")]
	}
	protocols, group := routeProtocols(it)
	switch {
	case it.has("expression"):
		it.gone = true
		l.say(it, false, "expression", "expressions are not supported; the route is left out. Say it with hosts, paths, methods and headers")
	case group == "stream":
		it.gone = true
		l.say(it, false, "protocols", "%s connections are not taken; the route is left out", protocols[0])
	case len(it.list("snis")) > 0:
		l.say(it, true, "snis", "TLS is not terminated yet; as in Kong, they do not count for requests in cleartext")
	}
}

func (l *lacks) credential(it *item) {
	switch {
	case it.foreign:
	case it.text("key") == "":
		it.gone = true
		l.say(it, true, "key", "is missing, so Kong makes one up that nobody knows; the credential is left out")
	case get(it, "ttl", float64(0)) > 0:
		it.gone = true
		l.say(it, false, "ttl", "keys that expire are not supported yet; the credential is left out")
	}
}
