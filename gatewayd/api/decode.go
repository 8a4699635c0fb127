package api

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"

	"github.com/gwctl/gwctl/gatewayd/problem"
)

// Object is one object that a document held.
type Object struct {
	// Value is the object, with its namespace filled in. Where Broken is set,
	// fields that could not be read are zero.
	Value Resource
	// Line is where it begins in the document, 1-based.
	Line int
	// Broken is the first fault found in it, "" for none. What a broken object
	// guards must not be served as if the object were sound.
	Broken string
}

// Decoded is what one document held.
type Decoded struct {
	Objects []Object
	// Problems have lines of the document and no file.
	Problems []problem.Problem
}

// Decoder decodes documents. It remembers what it has learnt of Go types, so
// one Decoder should serve many documents; it may serve several goroutines.
type Decoder struct {
	kinds  map[string]kind
	fields sync.Map // reflect.Type → map[string][]int
}

// NewDecoder returns a Decoder.
func NewDecoder() *Decoder {
	d := &Decoder{kinds: map[string]kind{}}
	for _, k := range kinds() {
		d.kinds[k.name] = k
	}
	return d
}

// Decode reads the text of one document, strictly: every unknown, duplicate and
// mistyped field is a problem. Equal texts give equal results.
func (d *Decoder) Decode(text []byte) Decoded {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Decoded{Problems: []problem.Problem{syntaxProblem(err)}}
	}
	var out Decoded
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		w := &walker{dec: d, budget: maxAliased}
		d.object(w, root.Content[0], &out)
	}
	return out
}

// syntaxProblem turns "yaml: line 3: did not find expected key" into a problem.
// The parser's messages quote no values.
func syntaxProblem(err error) problem.Problem {
	msg, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if num, after, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(num); err == nil {
				msg, line = after, n
			}
		}
	}
	return problem.Problem{
		Severity: problem.Error, Object: "document", Line: line,
		Reason: "is not YAML: " + msg + "; look at the indentation and the quotes around this line",
	}
}

// object decodes the object at n, or the objects of the v1 List there.
func (d *Decoder) object(w *walker, n *yaml.Node, out *Decoded) {
	if n = w.resolve(n); n == nil || n.Kind != yaml.MappingNode {
		line := 1
		if n != nil {
			line = n.Line
		}
		out.Problems = append(out.Problems, problem.Problem{
			Severity: problem.Error, Object: "document", Line: line,
			Reason: "must be an object with apiVersion, kind and metadata",
		})
		return
	}
	head := peek(w, n)
	if head.kind == "List" && head.apiVersion == "v1" {
		d.list(w, n, out)
		return
	}
	k, known := d.kinds[head.kind]
	if !known || k.apiVersion != head.apiVersion {
		out.Problems = append(out.Problems, head.foreign(k, known))
		return
	}
	if k.cluster {
		head.namespace = ""
	} else if head.namespace == "" {
		head.namespace = "default"
	}
	w.begin()
	r := k.make()
	w.value(n, reflect.ValueOf(r).Elem())
	if w.spent {
		w.fault(n.Line, "aliases stand for too many values; write them out")
	}
	w.checkMeta(n, r, k)
	if s, ok := r.(*corev1.Secret); ok {
		foldStringData(s)
	}
	o := Object{Value: r, Line: n.Line}
	name := objectName(head.kind, head.namespace, head.name)
	for i, f := range w.faults {
		if i == 0 {
			o.Broken = strings.TrimPrefix(f.field+": "+f.reason, ": ")
		}
		out.Problems = append(out.Problems, problem.Problem{
			Severity: problem.Error, Object: name, Field: f.field, Reason: f.reason, Line: f.line,
		})
	}
	if r.GetName() != "" {
		out.Objects = append(out.Objects, o)
	}
}

// list decodes the items of a v1 List.
func (d *Decoder) list(w *walker, n *yaml.Node, out *Decoded) {
	if w.depth++; w.depth > maxDepth {
		return
	}
	defer func() { w.depth-- }()
	for key, val := range w.pairs(n) {
		switch key.Value {
		case "apiVersion", "kind", "metadata":
		case "items":
			if val = w.resolve(val); val == nil || val.Kind != yaml.SequenceNode {
				out.Problems = append(out.Problems, problem.Problem{
					Severity: problem.Error, Object: "List", Field: "items", Reason: "must be a list", Line: key.Line,
				})
				continue
			}
			for _, item := range val.Content {
				d.object(w, item, out)
			}
		default:
			out.Problems = append(out.Problems, problem.Problem{
				Severity: problem.Error, Object: "List", Field: key.Value, Reason: "unknown field; remove it", Line: key.Line,
			})
		}
	}
}

// foldStringData does what the API server does on writing: stringData wins over
// data and is not kept.
func foldStringData(s *corev1.Secret) {
	if len(s.StringData) == 0 {
		return
	}
	if s.Data == nil {
		s.Data = make(map[string][]byte, len(s.StringData))
	}
	for k, v := range s.StringData {
		s.Data[k] = []byte(v)
	}
	s.StringData = nil
}

// header is what must be known of an object before it can be decoded.
type header struct {
	apiVersion, kind, namespace, name string
	line                              int
}

func peek(w *walker, n *yaml.Node) header {
	h := header{line: n.Line}
	for key, val := range w.pairs(n) {
		if val = w.resolve(val); val == nil {
			continue
		}
		switch key.Value {
		case "apiVersion":
			h.apiVersion = scalar(val)
		case "kind":
			h.kind = scalar(val)
		case "metadata":
			for key, val := range w.pairs(val) {
				switch key.Value {
				case "name":
					h.name = scalar(w.resolve(val))
				case "namespace":
					h.namespace = scalar(w.resolve(val))
				}
			}
		}
	}
	return h
}

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// foreign is the problem of an object that is not read.
func (h header) foreign(k kind, known bool) problem.Problem {
	p := problem.Problem{
		Severity: problem.Error, Object: objectName(h.kind, h.namespace, h.name), Line: h.line,
	}
	switch {
	case h.kind == "":
		p.Object, p.Field, p.Reason = "document", "kind", "is missing; every object needs apiVersion, kind and metadata"
	case h.apiVersion == "":
		p.Field, p.Reason = "apiVersion", "is missing"
		if known {
			p.Reason += "; write " + k.apiVersion
		}
	case known:
		p.Field, p.Reason = "apiVersion", fmt.Sprintf("must be %s for kind %s", k.apiVersion, k.name)
	case ours(h.apiVersion):
		p.Severity, p.Reason = problem.Warning, h.kind+" is not supported yet; the gateway serves without it"
	default:
		p.Severity, p.Reason = problem.Warning, "objects of this kind are not read; it has no effect on the gateway"
	}
	return p
}
