package translate

import (
	"fmt"
	"strings"

	netv1 "k8s.io/api/networking/v1"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// defaultClassAnnotation stands on the IngressClass for objects without one.
const defaultClassAnnotation = "ingressclass.kubernetes.io/is-default-class"

// route is a route in the making.
type route struct {
	entity.Route
	service *service
}

// ingress is an Ingress in the making.
type ingress struct {
	source.Item[*netv1.Ingress]
	src      entity.Source
	template entity.Route // what the annotations say
	prefix   string       // of paths that are regular expressions
	plugins  []pluginRef
}

func (t *translator) translateIngresses(set source.Set) {
	for _, c := range set.IngressClasses {
		if c.Object.Name != t.class {
			continue
		}
		t.defaultClass = c.Object.Annotations[defaultClassAnnotation] == "true"
		if c.Object.Spec.Parameters != nil {
			t.warn(c.Source(), "spec.parameters", "IngressClassParameters is not supported yet; served without it")
		}
	}
	var fallback string // the Ingress whose defaultBackend is served
	for _, item := range ordered(set.Ingresses) {
		if !t.serves(item) {
			continue
		}
		in := t.ingress(item)
		for i, rule := range item.Object.Spec.Rules {
			t.rule(in, rule, fmt.Sprintf("spec.rules[%d]", i))
		}
		if item.Object.Spec.DefaultBackend == nil {
			continue
		}
		// One for the whole gateway, the oldest Ingress's
		// (internal/dataplane/translator/translate_ingress.go).
		if fallback != "" {
			t.warn(in.src, "spec.defaultBackend", "is not served: that of "+fallback+" is, and there is one for the whole gateway")
			continue
		}
		fallback = in.src.Object
		t.defaultBackend(in, *item.Object.Spec.DefaultBackend)
	}
}

// serves tells whether an Ingress is of our class (internal/store/store.go,
// ListIngressesV1). One of another class is somebody else's and no problem.
func (t *translator) serves(item source.Item[*netv1.Ingress]) bool {
	if class := item.Object.Annotations[classAnnotation]; class != "" {
		return class == t.class
	}
	if class := item.Object.Spec.IngressClassName; class != nil {
		return *class == t.class
	}
	if !t.defaultClass {
		t.warn(item.Source(), "spec.ingressClassName", "is missing, so nothing serves it; write ingressClassName: "+t.class)
	}
	return t.defaultClass
}

// ours tells whether an object of Kong's group is of our class
// (internal/store/store.go, getIngressClassHandling).
func (t *translator) ours(annotations map[string]string) bool {
	class := annotations[classAnnotation]
	return class == t.class || class == "" && t.defaultClass
}

func (t *translator) ingress(item source.Item[*netv1.Ingress]) *ingress {
	in := &ingress{Item: item, src: item.Source()}
	in.template = entity.NewRoute()
	in.template.StripPath, in.template.PreserveHost = false, true
	in.template.Source = in.src
	t.unreadable(&in.template.Broken, in.src, item.Origin)
	annotations := item.Object.Annotations
	t.checkAnnotations(&in.template.Broken, in.src, onIngress, annotations)
	t.routeAnnotations(in, annotations)
	in.plugins = t.pluginRefs(&in.template.Broken, in.src, item.Object.Namespace, annotations)
	if len(item.Object.Spec.TLS) > 0 {
		t.warn(in.src, "spec.tls", "is not supported yet; served without TLS")
	}
	return in
}

func (t *translator) rule(in *ingress, rule netv1.IngressRule, field string) {
	if rule.Host != "" && !validHost(rule.Host) {
		t.fail(new(string), in.src, field+".host", "must be a lower-case host name, as example.com or *.example.com; the rule is not served")
		return
	}
	if rule.HTTP == nil || len(rule.HTTP.Paths) == 0 {
		t.warn(in.src, field+".http", "has no paths, so the rule serves nothing")
		return
	}
	for j, p := range rule.HTTP.Paths {
		at := fmt.Sprintf("%s.http.paths[%d]", field, j)
		r := t.routeTo(in, rule.Host, p.Backend, at+".backend")
		t.path(in, r, p, at)
	}
}

// routeTo finds or makes the route of one host and backend: all paths that share
// both are one (internal/dataplane/translator/subtranslator/ingress.go).
func (t *translator) routeTo(in *ingress, host string, backend netv1.IngressBackend, field string) *route {
	ns, ing := in.Object.Namespace, in.Object.Name
	shown := strings.ReplaceAll(host, "*", "_")
	if backend.Service == nil {
		r := t.route(in, fmt.Sprintf("%s.%s.%s.%s.resource", ns, ing, resourceName(backend), shown), ns, ing, "", host, field)
		t.fail(&r.Broken, in.src, field, resourceReason(backend))
		return withHost(r, host)
	}
	port := portName(backend.Service.Port)
	r := t.route(in, fmt.Sprintf("%s.%s.%s.%s.%s", ns, ing, backend.Service.Name, shown, port),
		ns, ing, backend.Service.Name, host, port)
	r.service = t.backend(in, *backend.Service, field+".service")
	return withHost(r, host)
}

func withHost(r *route, host string) *route {
	if host != "" && len(r.Hosts) == 0 {
		r.Hosts = []string{host}
	}
	return r
}

func (t *translator) defaultBackend(in *ingress, backend netv1.IngressBackend) {
	ns, ing := in.Object.Namespace, in.Object.Name
	r := t.route(in, ns+"."+ing, ns, ing)
	r.Paths = []string{"/"}
	if backend.Service == nil {
		t.fail(&r.Broken, in.src, "spec.defaultBackend", resourceReason(backend))
		return
	}
	r.service = t.backend(in, *backend.Service, "spec.defaultBackend.service")
}

// route returns the route that parts name, making it if need be. called is the
// controller's name for it, which dots in its parts may make ambiguous.
func (t *translator) route(in *ingress, called string, parts ...string) *route {
	id := entity.ID("routes", parts...)
	for _, n := range []string{called, called + "." + id[:8]} {
		r, taken := t.routes[n]
		if taken && r.ID == id {
			return r
		}
		if taken {
			continue
		}
		r = &route{Route: in.template}
		r.ID, r.Name = id, n
		t.routes[n] = r
		for _, ref := range in.plugins {
			t.useOnRoute(ref, in, r)
		}
		return r
	}
	return &route{} // two SHA-1 sums alike in name and prefix: does not happen
}

func resourceName(b netv1.IngressBackend) string {
	if b.Resource == nil {
		return "none"
	}
	return strings.ToLower(b.Resource.Kind) + "-" + b.Resource.Name
}

func resourceReason(b netv1.IngressBackend) string {
	if b.Resource == nil {
		return "must name a service"
	}
	return "names a " + b.Resource.Kind + "; only a service is supported"
}

// validHost tells whether h is a host name, perhaps with *. in front.
func validHost(h string) bool {
	h = strings.TrimPrefix(h, "*.")
	if h == "" || len(h) > 253 {
		return false
	}
	for part := range strings.SplitSeq(h, ".") {
		if part == "" || len(part) > 63 || part[0] == '-' || part[len(part)-1] == '-' ||
			strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
