package proxy

import "strings"

// What engines check of a request, whatever wire it came on: a byte that means
// something on one wire must not come through by another.

// ValidMethod says whether s may be a method: nginx takes capital letters, "-"
// and "_" alone (ngx_http_parse_request_line).
func ValidMethod(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return false
		}
	}
	return s != ""
}

// ValidFieldName says whether nginx takes s for the name of a field: letters,
// digits, "-" and "_". It leaves out fields of other names
// (ignore_invalid_headers).
func ValidFieldName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// ValidHost says whether s is a host, with or without a port, that can be read
// in one way alone.
func ValidHost(s string) bool {
	if s != "" && s[0] == '[' {
		inside, rest, closed := strings.Cut(s[1:], "]")
		return closed && inside != "" && strings.Trim(inside, "0123456789abcdefABCDEF:.") == "" &&
			(rest == "" || rest[0] == ':' && validPort(rest[1:]))
	}
	name, port, _ := strings.Cut(s, ":")
	if name == "" || !validPort(port) || strings.Contains(name, "..") { // nginx: ngx_http_validate_host
		return false
	}
	for i := range len(name) {
		if !hostByte(name[i]) {
			return false
		}
	}
	return true
}

// hostByte says whether c may stand in a name (RFC 3986, 3.2.2). A comma may
// not: it is how two hosts are joined into one.
func hostByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
		return true
	}
	return strings.IndexByte("_~!$&'()*+;=%", c) >= 0
}

func validPort(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || i == 5 {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// validQuery says whether s may stand in a request line.
func validQuery(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= 0x20 || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}
