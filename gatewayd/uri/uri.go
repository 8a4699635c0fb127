package uri

import (
	"bytes"
	"errors"
	"strings"
)

// Faults of a path that Kong's nginx refuses with 400
// (ngx_http_parse_complex_uri).
var (
	ErrNoSlash   = errors.New("path does not begin with a slash")
	ErrByte      = errors.New("path holds a byte that may not stand in a URI")
	ErrPercent   = errors.New("path holds a broken percent-encoding")
	ErrNul       = errors.New("path holds an encoded NUL")
	ErrAboveRoot = errors.New("path climbs above its root")
)

// Byte classes of a path.
const (
	reserved = 1 << iota // RFC 3986 reserved, and "%": never decoded
	literal              // stands in a forwarded URI as it is; others are escaped
	refused              // may not stand in a request target
)

type table [256]byte

func classes() *table {
	var t table
	for _, c := range []byte("!*'();:@&=+$,/?%#[]") {
		t[c] |= reserved | literal
	}
	for _, c := range []byte("-_.~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") {
		t[c] |= literal
	}
	t['\\'] |= literal // kong/tools/uri.lua lets it pass: "[\\]" in its pattern
	for c := range 0x21 {
		t[c] |= refused
	}
	t[0x7f] |= refused
	t['#'] |= refused
	return &t
}

// Normalizer normalises paths. It never changes, so any number of goroutines
// may use one.
type Normalizer struct{ class *table }

// New returns a Normalizer.
func New() *Normalizer { return &Normalizer{class: classes()} }

// Normalize checks the path of a request target (without its query) and returns
// it normalised: percent-encoded triplets of unreserved and other bytes decoded,
// the triplets that stay in upper case, dot segments removed, slashes merged
// (kong/tools/uri.lua:normalize with merge_slashes). A path that is normal
// already comes back as it is, without a copy.
func (n *Normalizer) Normalize(path string) (string, error) {
	if path == "" || path[0] != '/' {
		return "", ErrNoSlash
	}
	work := false
	for i := range len(path) {
		c := path[i]
		if n.class[c]&refused != 0 {
			return "", ErrByte
		}
		if c == '%' || c == '.' || c == '/' && i > 0 && path[i-1] == '/' {
			work = true
		}
	}
	if !work {
		return path, nil
	}
	decoded, err := n.decode(path)
	if err != nil {
		return "", err
	}
	return removeDots(decoded)
}

// decode decodes what is not reserved. decoded bytes are what they say: a
// decoded "." or "/" counts in removeDots ("/" is reserved, so it never is).
func (n *Normalizer) decode(path string) (string, error) {
	if strings.IndexByte(path, '%') < 0 {
		return path, nil
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' {
			out = append(out, c)
			continue
		}
		if i+2 >= len(path) {
			return "", ErrPercent
		}
		hi, lo := unhex(path[i+1]), unhex(path[i+2])
		if hi > 15 || lo > 15 {
			return "", ErrPercent
		}
		b := hi<<4 | lo
		switch {
		case b == 0:
			return "", ErrNul
		case n.class[b]&reserved != 0:
			out = append(out, '%', upper(path[i+1]), upper(path[i+2]))
		default:
			out = append(out, b)
		}
		i += 2
	}
	return string(out), nil
}

// removeDots removes dot segments and merges slashes.
func removeDots(path string) (string, error) {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "//") {
		return path, nil
	}
	out := make([]byte, 0, len(path))
	rest := path
	for rest != "" {
		// rest begins with a slash.
		end := strings.IndexByte(rest[1:], '/') + 1
		segment := rest
		if end > 0 {
			segment, rest = rest[:end], rest[end:]
		} else {
			rest = ""
		}
		switch segment {
		case "/":
			if rest != "" {
				continue // one of two slashes
			}
			out = append(out, '/')
		case "/.":
			if rest == "" {
				out = append(out, '/')
			}
		case "/..":
			at := bytes.LastIndexByte(out, '/')
			if at < 0 {
				return "", ErrAboveRoot
			}
			out = out[:at]
			if rest == "" {
				out = append(out, '/')
			}
		default:
			out = append(out, segment...)
		}
	}
	return string(out), nil
}

// Escape makes a normalised path safe to stand in a request line: bytes that
// are neither reserved nor unreserved are percent-encoded
// (kong/tools/uri.lua:escape).
func (n *Normalizer) Escape(path string) string {
	for i := range len(path) {
		if n.class[path[i]]&literal == 0 {
			return n.escape(path, i)
		}
	}
	return path
}

func (n *Normalizer) escape(path string, from int) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, from, len(path)+16)
	copy(out, path)
	for i := from; i < len(path); i++ {
		c := path[i]
		if n.class[c]&literal != 0 {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// Join gives the path that the upstream is asked for: base is the service's
// path ("" counts as "/"), path the request's normalised path, matched the part
// of it that the route matched; stripped says whether that part goes
// (kong/router/utils.lua:get_upstream_uri_v0 and sanitize_uri_postfix).
func Join(base, path, matched string, stripped bool) string {
	if base == "" {
		base = "/"
	}
	if !stripped {
		return joinWhole(base, path)
	}
	if matched == "" {
		matched = "/"
	}
	cut := min(len(matched), len(path))
	rest := sanitize(path[cut:])
	if base == "/" && len(rest) == len(path)-cut && path[cut-1] == '/' {
		return path[cut-1:] // the slash before the rest is there already
	}
	if base[len(base)-1] == '/' {
		return joinSlash(base, path, rest)
	}
	switch {
	case rest == "" && len(path) > 1 && path[len(path)-1] == '/':
		return base + "/"
	case rest == "":
		return base
	case rest[0] == '/':
		return base + rest
	default:
		return base + "/" + rest
	}
}

// joinWhole puts base before a path that keeps all it has.
func joinWhole(base, path string) string {
	switch {
	case base == "/":
		return path
	case base[len(base)-1] == '/':
		return base + path[1:]
	case path == "/":
		return base
	default:
		return base + path
	}
}

func joinSlash(base, path, rest string) string {
	switch {
	case rest == "" && (base == "/" || path[len(path)-1] == '/'):
		return base
	case rest == "":
		return base[:len(base)-1]
	case rest[0] == '/' && base == "/":
		return rest
	case rest[0] == '/':
		return base[:len(base)-1] + rest
	default:
		return base + rest
	}
}

// sanitize keeps what is left of a stripped path from climbing:
// "/foo../bar" stripped of "/foo" is not "../bar".
func sanitize(rest string) string {
	switch {
	case rest == "." || rest == "..":
		return ""
	case strings.HasPrefix(rest, "./"):
		return rest[2:]
	case strings.HasPrefix(rest, "../"):
		return rest[3:]
	}
	return rest
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'f' {
		return c - 'a' + 'A'
	}
	return c
}
