package lesson

import (
	"fmt"
	"strconv"
	"strings"
)

// ParsePath reads the part of JSONPath that leads to one value: fields after
// dots or in brackets and quotes, numbers of list entries in brackets; braces
// around it may be left away: {.metadata.annotations['konghq.com/plugins']}. Its
// elements are strings and ints.
func ParsePath(text string) ([]any, error) {
	rest := strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	var out []any
	for rest != "" {
		var part string
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			part, rest = rest[1:1+end], rest[1+end:]
			if part == "" {
				return nil, fmt.Errorf("reading the path %q: a field has no name", text)
			}
			out = append(out, part)
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, fmt.Errorf("reading the path %q: a bracket is not closed", text)
			}
			part, rest = rest[1:end], rest[end+1:]
			if len(part) >= 2 && part[0] == '\'' && part[len(part)-1] == '\'' {
				out = append(out, part[1:len(part)-1])
				continue
			}
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("reading the path %q: [%s] is neither a number nor a 'name'", text, part)
			}
			out = append(out, n)
		default:
			return nil, fmt.Errorf("reading the path %q: it must go on with . or [ before %q", text, rest)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("reading the path %q: it leads nowhere; write as in {.config.minute}", text)
	}
	return out, nil
}
