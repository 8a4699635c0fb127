package kongfile

import "strings"

// normalize is Kong's normalisation of a path with slashes merged, without its
// refusals (kong/tools/uri.lua:normalize): escapes of bytes that are not reserved
// are decoded, the others put in upper case, dot segments removed.
func normalize(path string) string {
	path = unescape(path, func(c byte) string {
		if strings.IndexByte("!*'();:@&=+$,/?%#[]", c) >= 0 {
			return ""
		}
		return string([]byte{c})
	})
	if path == "" || path == "/" || !strings.Contains(path, ".") && !strings.Contains(path, "//") {
		return path
	}
	var out []string
	for path != "" {
		rest, up := dotSegment(path)
		if up {
			out = out[:max(len(out)-1, 0)]
		}
		if rest == path {
			end := len(path)
			if i := strings.IndexByte(path[1:], '/'); i >= 0 {
				end = i + 1
			}
			out, rest = append(out, path[:end]), path[end:]
		}
		path = rest
	}
	return strings.Join(out, "")
}

// dotSegment takes a dot segment or a doubled slash off the beginning of a path;
// up says that the segment before it goes too.
func dotSegment(path string) (rest string, up bool) {
	switch path {
	case "/.":
		return "/", false
	case "/..":
		return "/", true
	case ".", "..":
		return "", false
	}
	for _, begin := range []struct {
		with string
		take int
		up   bool
	}{{"../", 3, false}, {"./", 2, false}, {"/./", 2, false}, {"/../", 3, true}, {"//", 1, false}} {
		if strings.HasPrefix(path, begin.with) {
			return path[begin.take:], begin.up
		}
	}
	return path, false
}

// unescape replaces the escapes of a path by what decode gives for their byte;
// those for which it gives "" stay, in upper case.
func unescape(path string, decode func(c byte) string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			b.WriteByte(path[i])
			continue
		}
		if s := decode(unhex(path[i+1])<<4 | unhex(path[i+2])); s != "" {
			b.WriteString(s)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// migratePath makes a path of formats before 3.0 into one of 3.0, where a regular
// expression begins with "~" and nothing is decoded any more
// (kong/db/migrations/migrate_path_280_300.lua).
func migratePath(path string) string {
	plain := !strings.ContainsFunc(path, func(r rune) bool {
		return !alphanumeric(r) && !strings.ContainsRune(".-_~/%", r)
	})
	if plain {
		return normalize(path)
	}
	return "~" + unescape(path, func(c byte) string {
		switch {
		case strings.IndexByte("!#$%&'()*+,/:;=?@[]", c) >= 0:
			return ""
		case strings.IndexByte(`.^-{}\|`, c) >= 0:
			return `\` + string([]byte{c})
		}
		return string([]byte{c})
	})
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
