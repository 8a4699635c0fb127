package translate

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// routeAnnotations applies the annotations of an Ingress to its template
// (internal/dataplane/kongstate/route.go). Values that the controller passes
// over in silence are errors.
func (t *translator) routeAnnotations(in *ingress, annotations map[string]string) {
	r := &in.template
	a := reader{t: t, src: in.src, broken: &r.Broken, all: annotations}
	a.boolean("strip-path", &r.StripPath)
	a.boolean("preserve-host", &r.PreserveHost)
	for key, into := range map[string]*bool{"request-buffering": &r.RequestBuffering, "response-buffering": &r.ResponseBuffering} {
		a.value(key, func(s string) string { // takes 1, t, T and so on too, unlike the two above
			v, err := strconv.ParseBool(strings.ToLower(s))
			if err != nil {
				return `must be "true" or "false"`
			}
			*into = v
			return ""
		})
	}
	a.integer("regex-priority", &r.RegexPriority, -1<<31, 1<<31-1)
	t.redirect(a, r)
	a.list("protocols", &r.Protocols, func(s string) string {
		switch s {
		case "http", "https":
			return ""
		case "grpc", "grpcs", "ws", "wss", "tls", "tcp", "udp", "tls_passthrough":
			return "holds a protocol that is not supported yet; http and https are"
		}
		return "must list http or https"
	})
	a.list("methods", &r.Methods, func(s string) string {
		if s == "" || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			return "must list methods made of letters, as GET, POST"
		}
		return ""
	})
	for i, m := range r.Methods {
		r.Methods[i] = strings.ToUpper(m)
	}
	a.value("path-handling", func(s string) string {
		if s != "v0" && s != "v1" {
			return "must be v0 or v1"
		}
		r.PathHandling = s
		return ""
	})
	in.prefix = regexPrefix
	a.value("regex-prefix", func(s string) string {
		if !strings.HasPrefix(s, "/") {
			return "must begin with /, as every path of an Ingress does"
		}
		in.prefix = s
		return ""
	})
	t.headers(a, r)
}

// redirect reads what happens to plain requests on a route for https alone.
func (t *translator) redirect(a reader, r *entity.Route) {
	switch force, ok := a.all[forceSSL]; {
	case !ok || force == "false":
	case force == "true":
		r.HTTPSRedirectStatusCode, r.Protocols = 302, []string{"https"}
	default:
		t.fail(a.broken, a.src, annotationField(forceSSL), `must be "true" or "false"`)
	}
	a.value("https-redirect-status-code", func(s string) string {
		switch s {
		case "426", "301", "302", "307", "308":
			r.HTTPSRedirectStatusCode, _ = strconv.Atoi(s)
			return ""
		}
		return "must be 301, 302, 307, 308 or 426"
	})
}

// headers reads konghq.com/headers.NAME; values are cut at the separator.
func (t *translator) headers(a reader, r *entity.Route) {
	sep := ","
	a.value("headers-separator", func(s string) string {
		if s == "" {
			return "must not be empty"
		}
		sep = s
		return ""
	})
	for _, key := range slices.Sorted(maps.Keys(a.all)) {
		name, ok := strings.CutPrefix(key, prefix+"headers.")
		if !ok || name == "" {
			continue
		}
		a.value("headers."+name, func(s string) string {
			switch {
			case strings.EqualFold(name, "host"):
				return "cannot match the Host header; write it to spec.rules[].host"
			case strings.TrimSpace(s) == "":
				return "must not be empty"
			}
			if r.Headers == nil {
				r.Headers = map[string][]string{}
			}
			var values []string
			for v := range strings.SplitSeq(s, sep) {
				values = append(values, strings.TrimSpace(v))
			}
			r.Headers[name] = values
			return ""
		})
	}
}

// reader reads annotations of one object and reports values that do not parse.
type reader struct {
	t      *translator
	src    entity.Source
	broken *string
	all    map[string]string
}

// value hands the annotation, if it is there, to set, which returns what is
// wrong with it.
func (a reader) value(key string, set func(string) string) {
	v, ok := a.all[prefix+key]
	if !ok {
		return
	}
	if reason := set(v); reason != "" {
		a.t.fail(a.broken, a.src, annotationField(prefix+key), reason)
	}
}

func (a reader) boolean(key string, into *bool) {
	a.value(key, func(s string) string {
		switch strings.ToLower(s) {
		case "true", "false":
			*into = strings.EqualFold(s, "true")
			return ""
		}
		return `must be "true" or "false"`
	})
}

func (a reader) integer(key string, into *int, low, high int) {
	a.value(key, func(s string) string {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return "must be a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)
		}
		*into = n
		return ""
	})
}

// list reads a list at commas; check returns what is wrong with one part.
func (a reader) list(key string, into *[]string, check func(string) string) {
	a.value(key, func(s string) string {
		parts := commaList(s)
		if len(parts) == 0 {
			return "must not be empty"
		}
		for _, p := range parts {
			if reason := check(p); reason != "" {
				return reason
			}
		}
		*into = parts
		return ""
	})
}
