package proxy

import "github.com/gwctl/gwctl/gatewayd/plugin"

// cleanAnswer makes of an upstream's header what nginx makes of it: it removes
// what belongs to the upstream's hop alone, the fields that nginx keeps for
// itself (ngx_http_proxy_hide_headers), and the second and later ones of fields
// of which it takes the first.
func cleanAnswer(h *plugin.Header, upgraded, trailers bool) {
	connection := h.Joined("Connection")
	fields := h.Fields()
	kept := fields[:0]
	seen := single(0)
	for _, f := range fields {
		if answerHop(f.Name, upgraded, trailers) || connection != "" && hasToken(connection, f.Name) && !plugin.EqualFold(f.Name, "Upgrade") {
			continue
		}
		if which := singleField(f.Name); which != 0 {
			if seen&which != 0 {
				continue
			}
			seen |= which
			if which == contentType {
				if f.Value == "" {
					continue
				}
				f = plugin.Field{Name: "Content-Type", Value: withCharset(f.Value)}
			}
		}
		kept = append(kept, f)
	}
	*h = plugin.MakeHeader(kept)
}

func answerHop(name string, upgraded, trailers bool) bool {
	switch len(name) {
	case 5:
		return plugin.EqualFold(name, "X-Pad")
	case 7:
		return plugin.EqualFold(name, "Upgrade") && !upgraded || plugin.EqualFold(name, "Trailer") && !trailers
	case 10:
		return plugin.EqualFold(name, "Connection") || plugin.EqualFold(name, "Keep-Alive")
	case 14:
		return plugin.EqualFold(name, "Content-Length")
	case 15, 16, 17, 18:
		return plugin.EqualFold(name[:8], "X-Accel-") || plugin.EqualFold(name, "Transfer-Encoding")
	}
	return false
}

// single is a set of fields of which nginx keeps the first alone
// (ngx_http_upstream_process_header_line).
type single uint8

const (
	date single = 1 << iota
	etag
	server
	expires
	refresh
	location
	contentType
	lastModified
)

func singleField(name string) single {
	var want string
	var which single
	switch len(name) {
	case 4:
		want, which = "ETag", etag
		if name[0]|0x20 == 'd' {
			want, which = "Date", date
		}
	case 6:
		want, which = "Server", server
	case 7:
		want, which = "Expires", expires
		if name[0]|0x20 == 'r' {
			want, which = "Refresh", refresh
		}
	case 8:
		want, which = "Location", location
	case 12:
		want, which = "Content-Type", contentType
	case 13:
		want, which = "Last-Modified", lastModified
	}
	if which == 0 || !plugin.EqualFold(name, want) {
		return 0
	}
	return which
}

// withCharset adds the charset that Kong has nginx add to a type of text that
// names none (charset UTF-8 of kong/templates/kong_defaults.lua:89 and nginx's
// charset_types).
func withCharset(contentType string) string {
	for _, text := range [...]string{
		"text/html; charset=UTF-8", "text/plain; charset=UTF-8", "text/xml; charset=UTF-8", "text/vnd.wap.wml; charset=UTF-8",
		"application/javascript; charset=UTF-8", "application/rss+xml; charset=UTF-8",
	} {
		const added = len("; charset=UTF-8")
		switch plainType := text[:len(text)-added]; {
		case contentType == plainType:
			return text
		case plugin.EqualFold(contentType, plainType):
			return contentType + text[len(plainType):]
		}
	}
	return contentType
}
