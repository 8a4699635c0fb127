package lesson

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// doc is a YAML document inside a lesson's file, read strictly.
type doc struct {
	*report
	// base is added to the document's lines to get the file's.
	base int
}

func (d *doc) fault(n *yaml.Node, format string, args ...any) { d.at(n.Line+d.base, format, args...) }

// parse reads the text; nil when it is empty or no YAML.
func (d *doc) parse(text, what string) *yaml.Node {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		line, msg := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if rest, ok := strings.CutPrefix(msg, "line "); ok {
			if num, after, ok := strings.Cut(rest, ": "); ok {
				if n, err := strconv.Atoi(num); err == nil {
					line, msg = n, after
				}
			}
		}
		d.at(d.base+line, "%s is not YAML: %s", what, msg)
		return nil
	}
	if len(root.Content) == 0 {
		d.at(d.base+1, "%s is empty", what)
		return nil
	}
	d.plain(root.Content[0])
	return root.Content[0]
}

// fields calls for every field of a mapping what reads it. It tells of unknown
// and duplicate ones.
func (d *doc) fields(n *yaml.Node, what string, read map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, "%s must be fields: %s", what, list(slices.Sorted(maps.Keys(read))))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		f := read[key.Value]
		switch {
		case f == nil:
			d.fault(key, "%s has no field %q; it has %s", what, key.Value, list(slices.Sorted(maps.Keys(read))))
		case seen[key.Value]:
			d.fault(key, "field %q is there twice", key.Value)
		default:
			f(value)
		}
		seen[key.Value] = true
	}
}

// pairs calls each for every pair of a mapping whose keys are free.
func (d *doc) pairs(n *yaml.Node, what string, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		d.fault(n, "%s must be a mapping with an entry at least", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if seen[n.Content[i].Value] {
			d.fault(n.Content[i], "%s: %q is there twice", what, n.Content[i].Value)
			continue
		}
		seen[n.Content[i].Value] = true
		each(n.Content[i], n.Content[i+1])
	}
}

// text reads a scalar.
func (d *doc) text(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.Contains(n.Value, "\n") && n.Style == 0 {
			d.fault(n, "must be text")
			return
		}
		*into = n.Value
	}
}

// script reads a command, or a script of several lines.
func (d *doc) script(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
			d.fault(n, "must be a command, or a script behind |")
			return
		}
		*into = strings.TrimSpace(n.Value)
	}
}

// oneOf reads one of some words.
func (d *doc) oneOf(into *string, words ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		d.text(into)(n)
		if !slices.Contains(words, n.Value) {
			d.fault(n, "%q is not known; use %s", n.Value, list(words))
		}
	}
}

// number reads a whole number between least and most.
func (d *doc) number(into *int, least, most int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
			d.fault(n, "%q must be a number from %d to %d", n.Value, least, most)
			return
		}
		*into = v
	}
}

// words reads a list of texts.
func (d *doc) words(into *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			d.fault(n, "must be a list, as in [a, b]")
			return
		}
		for _, e := range n.Content {
			var s string
			d.text(&s)(e)
			*into = append(*into, s)
		}
	}
}

// span reads a duration of at most a minute and a half.
func (d *doc) span(into *time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v <= 0 || v > maxWait {
			d.fault(n, "%q must be a duration up to %s, as in 10s", n.Value, maxWait)
			return
		}
		*into = v
	}
}

// maxWait bounds what a lesson may wait for.
const maxWait = 90 * time.Second
