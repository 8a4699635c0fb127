package kongfile

import (
	"fmt"
	"regexp"
	"strings"
)

// A rule says what is wrong with a text, "" if nothing is. The rules are those
// of kong/db/schema/typedefs.lua.

// nameRule is for names of entities (validate_utf8_name).
func nameRule(s string) string {
	for _, r := range s {
		if r < 0x80 && !alphanumeric(r) && !strings.ContainsRune(".-_~", r) {
			return fmt.Sprintf("must not contain %q; letters, digits, '.', '-', '_' and '~' may stand in a name", r)
		}
	}
	return ""
}

// tagRule is for tags (validate_tag).
func tagRule(s string) string {
	for _, r := range s {
		if r < ' ' || r == ',' || r == '/' || r == 0x7f {
			return fmt.Sprintf("must not contain %q", r)
		}
	}
	return ""
}

func uuidRule(s string) string {
	if len(s) == 36 {
		ok := true
		for i := range len(s) {
			dash := i == 8 || i == 13 || i == 18 || i == 23
			ok = ok && (dash && s[i] == '-' || !dash && isHex(s[i]))
		}
		if ok {
			return ""
		}
	}
	return "must be a UUID, such as 4a9f6c2e-0f5b-4f0e-9a53-2f1f6f0f5b11"
}

func methodRule(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return "must be in capital letters, such as GET"
	}
	return ""
}

// headerNameRule is validate_header_name of kong/tools/http.lua:271.
func headerNameRule(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !alphanumeric(r) && r != '-' && r != '_' }) {
		return "is not the name of a header; use letters, digits, '-' and '_'"
	}
	return ""
}

// routeHeaderRule is for the headers of a route (kong/db/schema/entities/routes.lua:166).
func routeHeaderRule(s string) string {
	if strings.EqualFold(s, "host") {
		return "must not be host; use the field hosts for it"
	}
	return headerNameRule(s)
}

// cookieNameRule is validate_http_token of kong/tools/http.lua.
func cookieNameRule(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) }) {
		return "is not the name of a cookie"
	}
	return ""
}

// headerValueRule checks the regular expression of a header's value; in this
// flavour of Kong's router a faulty one refuses the route.
func headerValueRule(s string) string {
	if expr, ok := strings.CutPrefix(s, "~*"); ok {
		return regexRule(strings.ToLower(expr))
	}
	return ""
}

func regexRule(expr string) string {
	if _, err := regexp.Compile(expr); err != nil {
		return fmt.Sprintf("is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return ""
}

// pathRule is typedefs.path.
func pathRule(s string) string {
	switch {
	case s[0] != '/':
		return "must begin with /"
	case strings.Contains(s, "//"):
		return "must not have empty segments (//)"
	}
	if i := strings.IndexFunc(s, notInPath); i >= 0 {
		return fmt.Sprintf("must not contain %q; write it percent-encoded", []rune(s[i:])[0])
	}
	return badEscape(s)
}

// notInPath tells the characters that RFC 3986 does not let into a path.
func notInPath(r rune) bool {
	return !alphanumeric(r) && !strings.ContainsRune(".-_~/%:@!$&'()*+,;=", r)
}

func badEscape(s string) string {
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return fmt.Sprintf("holds a faulty percent-encoding: %q", s[i:min(i+3, len(s))])
		}
	}
	return ""
}

// routePathRule is typedefs.router_path.
func routePathRule(s string) string {
	expr, isRegex := strings.CutPrefix(s, "~")
	switch {
	case !strings.HasPrefix(expr, "/"):
		return "must begin with / (a prefix) or ~/ (a regular expression)"
	case strings.Contains(s, "//"):
		return "must not have empty segments (//)"
	}
	if !strings.ContainsFunc(s, notInPath) { // Kong looks no further then (validate_path)
		if bad := badEscape(s); bad != "" {
			return bad
		}
	}
	if isRegex {
		return regexRule(expr)
	}
	if normal := normalize(s); normal != s {
		return fmt.Sprintf("is not in normal form; write %q", normal)
	}
	return ""
}
