package report

import (
	"strings"

	netv1 "k8s.io/api/networking/v1"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// classAnnotation says whose an object of Kong's group is.
const classAnnotation = "kubernetes.io/ingress.class"

// findings is a result, by the names of objects.
type findings struct {
	class    string
	set      source.Set
	objects  map[string]api.Resource
	problems map[string][]problem.Problem
	served   map[string]bool   // plugins and consumers that came out as entities
	broken   map[string]string // and why some of them answer 500
}

func newFindings(res *Result, class string) *findings {
	x := &findings{
		class: class, set: res.Set, objects: map[string]api.Resource{}, problems: map[string][]problem.Problem{},
		served: map[string]bool{}, broken: map[string]string{},
	}
	s := res.Set
	add(x, s.Services)
	add(x, s.Secrets)
	add(x, s.EndpointSlices)
	add(x, s.Ingresses)
	add(x, s.IngressClasses)
	add(x, s.Plugins)
	add(x, s.ClusterPlugins)
	add(x, s.Consumers)
	add(x, s.ConsumerGroups)
	add(x, s.UpstreamPolicies)
	add(x, s.KongIngresses)
	for _, p := range res.Problems {
		x.problems[p.Object] = append(x.problems[p.Object], p)
	}
	if res.Config == nil {
		return x
	}
	note := func(object, broken string) {
		x.served[object] = true
		if broken != "" && x.broken[object] == "" {
			x.broken[object] = broken
		}
	}
	for i := range res.Config.Plugins {
		note(res.Config.Plugins[i].Source.Object, res.Config.Plugins[i].Broken)
	}
	for _, c := range res.Config.Consumers {
		note(c.Source.Object, c.Broken)
	}
	return x
}

func add[T api.Resource](x *findings, items []source.Item[T]) {
	for _, i := range items {
		x.objects[api.Name(i.Object)] = i.Object
	}
}

// foreign tells whether an object is of another class, so that somebody else
// writes to it.
func (x *findings) foreign(o api.Resource) bool {
	class := o.GetAnnotations()[classAnnotation]
	if in, ok := o.(*netv1.Ingress); ok && class == "" && in.Spec.IngressClassName != nil {
		class = *in.Spec.IngressClassName
	}
	return class != "" && class != x.class
}

// text says a problem without the object, which whoever reads it looks at.
func text(p problem.Problem) string {
	if p.Field == "" {
		return p.Reason
	}
	return p.Field + ": " + p.Reason
}

// texts joins those of one severity.
func (x *findings) texts(object string, severity problem.Severity) string {
	var parts []string
	for _, p := range x.problems[object] {
		if p.Severity == severity {
			parts = append(parts, text(p))
		}
	}
	return strings.Join(parts, "\n")
}

// cut shortens text to a number of bytes, at the end of a letter.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
