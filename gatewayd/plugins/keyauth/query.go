package keyauth

import "strings"

// findArg finds a query argument as OpenResty's ngx.req.get_uri_args does: one
// without "=" is no text, one without a name is none at all, and only the first
// hundred count.
func findArg(query, name string) found {
	var f found
	n := 0
	for query != "" && n < maxFields {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, hasValue := strings.Cut(pair, "=")
		if key == "" {
			continue
		}
		n++
		if unescape(key) != name {
			continue
		}
		if hasValue {
			f = f.and(found{text, unescape(value)})
		} else {
			f = f.and(found{what: other})
		}
	}
	return f
}

// unescape decodes %XX and "+"; a "%" without two digits stays.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(fromHex(s[i+1])<<4 | fromHex(s[i+2]))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// withoutArg removes every argument called name and writes the others anew, in
// their order, as the URL standard's application/x-www-form-urlencoded
// serializer does. That is what Kong's clear_query_arg comes to
// (kong/pdk/service/request.lua:268, ada's url_search_params): "a=valu%651&b"
// becomes "a=value1&b=".
func withoutArg(query, name string) string {
	query = strings.TrimPrefix(query, "?") // url_search_params drops one
	var b strings.Builder
	b.Grow(len(query) + 8)
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		if key = unescape(key); key == name {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		escape(&b, key)
		b.WriteByte('=')
		escape(&b, unescape(value))
	}
	return b.String()
}

func escape(b *strings.Builder, s string) {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '*', c == '-', c == '.', c == '_':
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
}
