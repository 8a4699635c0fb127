package kongfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// object is a map whose keys are written in the order in which they were put.
type object []member

type member struct {
	key   string
	value any
}

// put adds a key.
func (o *object) put(key string, v any) { *o = append(*o, member{key, v}) }

// some adds a key unless the value is the zero one of its type or is empty.
func (o *object) some(key string, v any) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	case object:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	case map[string]any:
		if len(v) == 0 {
			return
		}
	}
	o.put(key, v)
}

// inline is YAML that stands on the line of its key.
type inline string

// oneLine writes a short list of simple texts on one line.
func oneLine(list []string) (string, bool) {
	n := 0
	for _, s := range list {
		if n += len(s) + 2; !plain(s) || n > 80 {
			return "", false
		}
	}
	return "[" + strings.Join(list, ", ") + "]", len(list) > 0
}

// emitter writes YAML: block style, two spaces, every text that another reader
// might take for something else in quotes.
type emitter struct{ b strings.Builder }

// value writes a value after "key:" or "-". indent is that of what is inside it.
func (e *emitter) value(v any, indent int, inList bool) {
	switch v := v.(type) {
	case object:
		e.members(v, indent, inList)
	case map[string]any:
		e.members(sorted(v), indent, inList)
	case map[string][]string:
		e.members(sorted(v), indent, inList)
	case inline:
		e.b.WriteString(" " + string(v) + "\n")
	case []string:
		if one, ok := oneLine(v); ok {
			e.b.WriteString(" " + one + "\n")
			return
		}
		e.list(anyOf(v), indent, inList)
	case []object:
		e.list(anyOf(v), indent, inList)
	case []any:
		e.list(v, indent, inList)
	case string:
		e.b.WriteString(" " + scalar(v) + "\n")
	case nil:
		e.b.WriteString(" null\n")
	default: // numbers and booleans
		fmt.Fprintf(&e.b, " %v\n", v)
	}
}

// sorted makes an object of a map.
func sorted[T any](m map[string]T) object {
	o := make(object, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o.put(k, m[k])
	}
	return o
}

func anyOf[T any](list []T) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = list[i]
	}
	return all
}

func (e *emitter) members(o object, indent int, inList bool) {
	if len(o) == 0 {
		e.b.WriteString(" {}\n")
		return
	}
	for i, m := range o {
		switch {
		case i > 0 || !inList:
			if i == 0 && indent > 0 {
				e.b.WriteByte('\n')
			}
			e.b.WriteString(strings.Repeat("  ", indent))
		default:
			e.b.WriteByte(' ') // the first key stands beside the dash
		}
		key := scalar(m.key)
		if len(key) > 200 { // YAML wants a long key told apart
			key = "? " + key + "\n" + strings.Repeat("  ", indent)
		}
		e.b.WriteString(key + ":")
		e.value(m.value, indent+1, false)
	}
}

func (e *emitter) list(all []any, indent int, inList bool) {
	if len(all) == 0 {
		e.b.WriteString(" []\n")
		return
	}
	if !inList {
		indent-- // a list stands as far in as its key
	}
	for i, v := range all {
		if i > 0 || !inList {
			if i == 0 {
				e.b.WriteByte('\n')
			}
			e.b.WriteString(strings.Repeat("  ", indent))
		} else {
			e.b.WriteByte(' ')
		}
		e.b.WriteByte('-')
		e.value(v, indent+1, true)
	}
}

// scalar writes a text, in quotes unless it can be nothing but text.
func scalar(s string) string {
	if plain(s) {
		return s
	}
	if strings.ContainsAny(s, `"\`) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '\'' }) {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		b.WriteString(escaped(r))
	}
	b.WriteByte('"')
	return b.String()
}

// escaped writes a character between double quotes.
func escaped(r rune) string {
	switch {
	case r == '"' || r == '\\':
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case unicode.IsPrint(r):
		return string(r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08X`, r)
	}
	return fmt.Sprintf(`\u%04X`, r)
}

// plain says that a text needs no quotes: it begins with a letter or a slash,
// holds letters, digits, spaces and a few signs, and is no word of YAML's; or it
// is a UUID.
func plain(s string) bool {
	if len(s) == 36 && uuidRule(s) == "" {
		return true
	}
	if s == "" || len(s) > 100 || s[0] != '/' && s[0] != '_' && !(s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(rune(s[i])) && strings.IndexByte("._-/ ", s[i]) < 0 {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null", "_":
		return false
	}
	_, err := strconv.ParseFloat(s, 64) // inf, nan
	return err != nil
}
