package lesson

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	fence      = "---"
	maxMinutes = 60
	maxID      = 40
)

// cutFront cuts the front matter off. bodyLine is how many lines it takes.
func (r *report) cutFront(text string) (front, body string, bodyLine int) {
	rest, ok := strings.CutPrefix(text, fence+"\n")
	if !ok {
		r.at(1, "a lesson begins with front matter: a line of ---, then format: 1, id, title, summary, minutes, a line of ---")
		return "", text, 0
	}
	front, body, ok = strings.Cut("\n"+rest, "\n"+fence+"\n")
	if !ok {
		r.at(1, "the front matter has no end: write a line of --- behind it")
		return "", "", 0
	}
	front = strings.TrimPrefix(front, "\n")
	return front, body, 2 + strings.Count(front+"\n", "\n")
}

// front reads the front matter.
func (l *Lesson) front(r *report, text string, given map[string]string) {
	d := &doc{r, 1}
	n := d.parse(text, "the front matter")
	if n == nil {
		return
	}
	if format := lookup(n, "format"); format == nil || format.Value != "1" {
		line, is := 2, "there is none"
		if format != nil {
			line, is = format.Line+1, fmt.Sprintf("this is %q", format.Value)
		}
		r.at(line, "this gwctl reads lessons of format 1; %s", is)
		return
	}
	l.Level, l.Needs = "beginner", Needs{Mode: "any", Replicas: 1}
	d.fields(n, "the front matter", map[string]func(*yaml.Node){
		"format":  func(*yaml.Node) {},
		"id":      func(n *yaml.Node) { d.text(&l.ID)(n); d.checkID(n) },
		"title":   d.text(&l.Title),
		"summary": d.text(&l.Summary),
		"level":   d.oneOf(&l.Level, "beginner", "intermediate", "advanced"),
		"minutes": d.number(&l.Minutes, 1, maxMinutes),
		"tags":    d.words(&l.Tags),
		"needs": func(n *yaml.Node) {
			d.fields(n, "needs", map[string]func(*yaml.Node){
				"mode":     d.oneOf(&l.Needs.Mode, "any", "local", "kind", "cluster"),
				"plugins":  d.words(&l.Needs.Plugins),
				"replicas": d.number(&l.Needs.Replicas, 1, 16),
			})
		},
		"params": func(n *yaml.Node) {
			l.Params = map[string]string{}
			d.pairs(n, "params", func(key, value *yaml.Node) {
				var s string
				d.text(&s)(value)
				l.Params[key.Value] = s
			})
		},
	})
	for _, f := range []struct {
		name   string
		absent bool
	}{{"id", l.ID == ""}, {"title", l.Title == ""}, {"summary", l.Summary == ""}, {"minutes", l.Minutes == 0}} {
		if f.absent && lookup(n, f.name) == nil {
			r.at(1, "the front matter has no %s", f.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := l.Params[name]; !ok {
			r.at(1, "the lesson has no param %q; it has %s", name, orNone(slices.Sorted(maps.Keys(l.Params))))
			continue
		}
		l.Params[name] = given[name]
	}
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return list(words)
}

func lookup(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func validID(s string) bool {
	if s == "" || len(s) > maxID || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (d *doc) checkID(n *yaml.Node) {
	if !validID(n.Value) {
		d.fault(n, "%q is no id; use up to %d of a-z, 0-9 and -", n.Value, maxID)
	}
}

// fill puts the params in the place of their {{names}}.
func (l *Lesson) fill(r *report, body string, bodyLine int) string {
	name := regexp.MustCompile(`\{\{\s*([^{}\s]*)\s*\}\}`)
	lines := strings.SplitAfter(body, "\n")
	for i, line := range lines {
		lines[i] = name.ReplaceAllStringFunc(line, func(s string) string {
			key := name.FindStringSubmatch(s)[1]
			value, ok := l.Params[key]
			if !ok {
				r.at(bodyLine+i+1, "there is no param %q; params in the front matter has %s", key, orNone(slices.Sorted(maps.Keys(l.Params))))
			}
			return value
		})
	}
	return strings.Join(lines, "")
}
