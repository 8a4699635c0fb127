package kongfile

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (r *reader) textValue(f *field, n *yaml.Node) (string, bool) {
	if !isText(n) {
		quote := ""
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			quote = "; put it in quotes"
		}
		r.fault(n.Line, "must be text, not %s%s", describe(n), quote)
		return "", false
	}
	if r.lenient() {
		return n.Value, true
	}
	if n.Value == "" {
		r.fault(n.Line, "must not be empty")
		return "", false
	}
	if f.oneOf != nil && !slices.Contains(f.oneOf, n.Value) {
		r.fault(n.Line, "must be one of %s, not %s", strings.Join(f.oneOf, ", "), short(n.Value))
		return "", false
	}
	if f.rule != nil {
		if reason := f.rule(n.Value); reason != "" {
			r.fault(n.Line, "%s %s", short(n.Value), reason)
			return "", false
		}
	}
	return n.Value, true
}

// short quotes a text, what is too long of it left out.
func short(s string) string {
	if runes := []rune(s); len(runes) > 80 {
		s = string(runes[:80]) + "…"
	}
	return strconv.Quote(s)
}

func (r *reader) number(f *field, n *yaml.Node) any {
	if f.shape == anInteger {
		return r.wholeNumber(f, n)
	}
	x, ok := float(n)
	switch {
	case !ok:
		r.fault(n.Line, "must be a number, not %s", describe(n))
	case !r.lenient() && f.max != 0 && (x < f.min || x > f.max):
		r.fault(n.Line, "must be %.0f to %.0f, not %s", f.min, f.max, n.Value)
	case f.shape == aTime && x <= 0:
		r.fault(n.Line, "must be a time in seconds since 1970")
	default:
		return x
	}
	return nil
}

func (r *reader) wholeNumber(f *field, n *yaml.Node) any {
	x, ok := float(n)
	i, whole := integer(n)
	switch {
	case !ok || x != math.Trunc(x):
		r.fault(n.Line, "must be a whole number, not %s", describeNumber(n))
	case whole && r.lenient():
		return i
	case len(f.codes) > 0 && !slices.Contains(f.codes, i):
		r.fault(n.Line, "must be one of %s, not %s", strings.ReplaceAll(strings.Trim(fmt.Sprint(f.codes), "[]"), " ", ", "), n.Value)
	case f.max != 0 && (x < f.min || x > f.max):
		r.fault(n.Line, "must be %.0f to %.0f, not %s", f.min, f.max, n.Value)
	case !whole:
		r.fault(n.Line, "is too large a number")
	default:
		return i
	}
	return nil
}

func describeNumber(n *yaml.Node) string {
	if d := describe(n); d != "a number" {
		return d
	}
	return n.Value
}

func (r *reader) boolean(n *yaml.Node) any {
	b, ok := truth(n.Value)
	if n.Kind != yaml.ScalarNode || tagOf(n) != "!!bool" || !ok {
		r.fault(n.Line, "must be true or false, not %s", describe(n))
		return nil
	}
	return b
}
