package kongfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// address parts of a service, as its url gives them.
type serviceURL struct{ protocol, host, port, path string }

// splitURL takes the url of a service apart as Kong does (socket.url's parse and
// kong/db/schema/entities/services.lua:73). Query and fragment are dropped.
func splitURL(s string) serviceURL {
	var u serviceURL
	s, _, _ = strings.Cut(s, "#")
	if scheme, rest, ok := strings.Cut(s, ":"); ok && isScheme(scheme) {
		u.protocol, s = scheme, rest
	}
	authority := ""
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		authority, s = rest[:end], rest[end:]
	}
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, ";")
	u.path = s
	if _, host, ok := strings.Cut(authority, "@"); ok {
		authority = host
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.ContainsAny(authority[i:], "]") {
		authority, u.port = authority[:i], authority[i+1:]
	}
	u.host = authority
	if strings.HasPrefix(u.host, "[") && strings.HasSuffix(u.host, "]") {
		u.host = u.host[1 : len(u.host)-1]
	}
	u.defaults()
	return u
}

func (u *serviceURL) defaults() {
	if u.protocol == "" {
		u.protocol = "http"
		if u.port == "443" {
			u.protocol = "https"
		}
	}
	if u.port == "" {
		u.port = "80"
		if u.protocol == "https" {
			u.port = "443"
		}
	}
}

func isScheme(s string) bool {
	for i, c := range s {
		if !alphanumeric(c) && (i == 0 || !strings.ContainsRune("+-.", c)) {
			return false
		}
	}
	return s != ""
}

// expandURL puts what the url of a service says in the place of its fields.
func (r *reader) expandURL(it *item) {
	at, ok := it.values["url"]
	if !ok {
		return
	}
	u := splitURL(it.text("url"))
	r.in("url", func() {
		if u.host == "" {
			r.fault(at.line, "names no host; write it as in http://example.com:8080/path")
			return
		}
		set := func(name, text string) {
			delete(it.values, name)
			if text == "" {
				return
			}
			n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text, Line: at.line}
			if _, err := strconv.Atoi(text); name == "port" && err == nil {
				n.Tag, n.Style = "!!int", 0
			}
			r.in(name, func() {
				if v := r.value(it.kind.byName[name], n); v != nil {
					it.values[name] = value{v, at.line}
				}
			})
		}
		set("protocol", u.protocol)
		set("host", u.host)
		set("port", u.port)
		set("path", u.path)
	})
}
