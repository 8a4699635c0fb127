package kongfile

import (
	"math"
	"strconv"

	"go.yaml.in/yaml/v3"
)

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle

// tagOf gives the type of a scalar as Kong's reader sees it, which knows the
// booleans of YAML 1.1 (lyaml, lib/lyaml/implicit.lua: yes and on, but not y).
func tagOf(n *yaml.Node) string {
	tag := n.ShortTag()
	switch {
	case tag == "!!str" && n.Style&quoted == 0:
		if _, ok := truth(n.Value); ok {
			return "!!bool"
		}
	case tag == "!!timestamp":
		return "!!str"
	}
	return tag
}

func truth(s string) (value, ok bool) {
	switch s {
	case "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE":
		return true, true
	case "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && tagOf(n) == "!!str" }

// integer reads a whole number, also one that is written as 5.0 or 1e3, as
// Kong's numbers have one type.
func integer(n *yaml.Node) (int64, bool) {
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	if tagOf(n) == "!!int" {
		if len(n.Value) > 0 && (len(n.Value) == 1 || n.Value[0] != '0') {
			if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
				return i, true
			}
		}
		var i int64
		return i, n.Decode(&i) == nil
	}
	f, ok := float(n)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func float(n *yaml.Node) (float64, bool) {
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	if tag := tagOf(n); tag != "!!int" && tag != "!!float" {
		return 0, false
	}
	var f float64
	if n.Decode(&f) != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// describe names what n is, never what it says.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
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
