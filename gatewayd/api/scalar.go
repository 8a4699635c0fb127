package api

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// tagOf gives the type of a scalar as Kubernetes' YAML reader sees it: that one
// follows YAML 1.1, where a plain yes or off is a boolean.
func tagOf(n *yaml.Node) string {
	tag := n.ShortTag()
	if tag == "!!str" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0 {
		if _, ok := oldBool(n.Value); ok {
			return "!!bool"
		}
	}
	if tag == "!!timestamp" {
		return "!!str"
	}
	return tag
}

// oldBool reads the booleans of YAML 1.1.
func oldBool(s string) (value, ok bool) {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE":
		return true, true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// isKey tells whether n can be the key of a map. Numbers can, for kubectl makes
// text of them; a boolean would become another word.
func isKey(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	tag := tagOf(n)
	return tag == "!!str" || tag == "!!int"
}

// describe names what n is, never what it says.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tagOf(n) {
	case "!!str":
		return "text"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!null":
		return "nothing"
	}
	return "a value of another type"
}

// scalar decodes n into v, which holds text, a boolean or a number.
func (w *walker) scalar(n *yaml.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		w.text(n, v)
	case reflect.Bool:
		b, ok := oldBool(n.Value)
		if n.Kind != yaml.ScalarNode || tagOf(n) != "!!bool" || !ok {
			w.fault(n.Line, "must be true or false, not "+describe(n)+hintUnquote(n, "!!bool"))
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, ok := integer(n)
		if !ok {
			w.fault(n.Line, "must be a whole number, not "+describe(n)+hintUnquote(n, "!!int"))
			return
		}
		if v.OverflowInt(i) {
			w.fault(n.Line, "is too large a number")
			return
		}
		v.SetInt(i)
	default:
		w.fault(n.Line, "has a type that cannot be read")
	}
}

func (w *walker) text(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || tagOf(n) != "!!str" {
		reason := "must be text, not " + describe(n)
		if n.Kind == yaml.ScalarNode {
			reason += "; put it in quotes"
		}
		w.fault(n.Line, reason)
		return
	}
	v.SetString(n.Value)
}

// hintUnquote says so where quotes alone make a value wrong.
func hintUnquote(n *yaml.Node, tag string) string {
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		return ""
	}
	plain := yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}
	if tagOf(&plain) != tag {
		return ""
	}
	return "; take away the quotes"
}

// integer reads a whole number, also one that is written as 5.0 or 1e3.
func integer(n *yaml.Node) (int64, bool) {
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	switch tagOf(n) {
	case "!!int":
		if len(n.Value) == 1 || n.Value[0] != '0' {
			if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
				return i, true
			}
		}
		var i int64
		if err := n.Decode(&i); err != nil {
			return 0, false
		}
		return i, true
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
			return 0, false
		}
		return int64(f), true
	}
	return 0, false
}

// custom decodes n through JSON into a type that reads JSON itself.
func (w *walker) custom(n *yaml.Node, into json.Unmarshaler) {
	before := len(w.faults)
	raw := w.appendJSON(nil, n)
	if len(w.faults) > before {
		return
	}
	if err := into.UnmarshalJSON(raw); err != nil {
		w.fault(n.Line, "must be "+customName(into)+", not "+describe(n))
	}
}

func customName(v any) string {
	switch v.(type) {
	case *resource.Quantity:
		return "a quantity such as 100m or 128Mi"
	case *metav1.Time, *metav1.MicroTime:
		return "a time such as 2026-01-31T12:00:00Z"
	case *metav1.Duration:
		return "a duration such as 30s"
	case *intstr.IntOrString:
		return "a number or a name"
	}
	return "a value of another form"
}

// unknownField says that there is no such field and which one was meant.
func unknownField(key *yaml.Node, fields map[string][]int) string {
	if key.Kind != yaml.ScalarNode {
		return "has a key that is not text"
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	if best := Nearest(key.Value, names); best != "" {
		return "unknown field; did you mean " + best + "?"
	}
	return "unknown field; remove it"
}

// Nearest returns the one of names that word is most likely a slip of, "" where
// none is near: at most two letters off, or alike but for case and hyphens.
func Nearest(word string, names []string) string {
	best, bestDist := "", 3
	slices.Sort(names)
	for _, name := range names {
		d := distance(fold(word), fold(name), bestDist)
		if d < bestDist && d*2 < len(name) {
			best, bestDist = name, d
		}
	}
	return best
}

func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// distance is the number of single edits between a and b, or limit if it is not
// below that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev, cur := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
		}
		prev, cur = cur, prev
	}
	return min(prev[len(b)], limit)
}
