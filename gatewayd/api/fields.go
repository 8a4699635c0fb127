package api

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fieldsOf gives the JSON names of t's fields and where each is; embedded
// structs without a name lend theirs.
func (d *Decoder) fieldsOf(t reflect.Type) map[string][]int {
	if m, ok := d.fields.Load(t); ok {
		return m.(map[string][]int) //nolint:forcetypeassert // nothing else is stored
	}
	m := map[string][]int{}
	collectFields(t, nil, m)
	d.fields.Store(t, m)
	return m
}

func collectFields(t reflect.Type, at []int, into map[string][]int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		index := append(append([]int(nil), at...), i)
		if name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct {
			collectFields(f.Type, index, into)
			continue
		}
		if name == "" {
			name = f.Name
		}
		into[name] = index
	}
}

// checkMeta reports a name or namespace that Kubernetes would not take, and
// fills in the namespace.
func (w *walker) checkMeta(n *yaml.Node, r Resource, k kind) {
	field := func(name, reason string) {
		w.path = append(w.path[:0], segment{name: "metadata", kind: '.'}, segment{name: name, kind: '.'})
		w.fault(n.Line, reason)
		w.path = w.path[:0]
	}
	switch name := r.GetName(); {
	case name == "" && r.GetGenerateName() != "":
		field("name", "is missing; generateName works in a cluster alone, write a name")
	case name == "":
		if !slices.ContainsFunc(w.faults, func(f fault) bool { return f.field == "metadata.name" || f.field == "metadata" }) {
			field("name", "is missing")
		}
	case !subdomain(name):
		field("name", "must be lower-case letters, digits, - and . (at most 253), beginning and ending with a letter or digit")
	}
	switch ns := r.GetNamespace(); {
	case k.cluster:
		r.SetNamespace("")
	case ns == "":
		r.SetNamespace("default")
	case !label(ns):
		field("namespace", "must be lower-case letters, digits and - (at most 63), beginning and ending with a letter or digit")
	}
}

// subdomain tells whether s is a DNS subdomain (RFC 1123).
func subdomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !alnumHyphen(part) {
			return false
		}
	}
	return true
}

// label tells whether s is a DNS label (RFC 1123).
func label(s string) bool { return len(s) <= 63 && alnumHyphen(s) }

func alnumHyphen(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
