package translate

import (
	"strings"

	netv1 "k8s.io/api/networking/v1"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// regexPrefix marks a path as a regular expression in an Ingress, which cannot
// hold a path without a slash in front; Kong's own mark is "~".
const regexPrefix = "/~"

// path adds one path of an Ingress to its route.
func (t *translator) path(in *ingress, r *route, p netv1.HTTPIngressPath, field string) {
	path := flatten(p.Path)
	if path == "" {
		path = "/"
	}
	kind := netv1.PathTypeImplementationSpecific
	if p.PathType == nil {
		t.warn(in.src, field+".pathType", "is missing, which Kubernetes refuses; taken as ImplementationSpecific")
	} else {
		kind = *p.PathType
	}
	if path[0] != '/' {
		t.fail(&r.Broken, in.src, field+".path", "must begin with /")
		path = "/" + path
	}
	regex := in.prefix != "" && strings.HasPrefix(path, in.prefix)
	if regex && kind != netv1.PathTypeImplementationSpecific {
		t.warn(in.src, field+".path", "begins with "+in.prefix+
			" but is no regular expression, as only pathType ImplementationSpecific has them; it is matched letter by letter")
	}
	switch kind {
	case netv1.PathTypeExact:
		r.Matches = append(r.Matches, entity.PathMatch{Type: "exact", Value: path})
	case netv1.PathTypePrefix:
		r.Matches = append(r.Matches, entity.PathMatch{Type: "prefix", Value: "/" + strings.Trim(path, "/")})
	case netv1.PathTypeImplementationSpecific:
		if regex {
			path = "~" + strings.TrimPrefix(path, in.prefix)
		}
		r.Paths = append(r.Paths, path)
	default:
		t.fail(&r.Broken, in.src, field+".pathType", "must be Exact, Prefix or ImplementationSpecific")
		r.Matches = append(r.Matches, entity.PathMatch{Type: "prefix", Value: "/" + strings.Trim(path, "/")})
	}
}

// flatten makes one slash of several
// (internal/dataplane/translator/subtranslator/ingress.go, flattenMultipleSlashes).
func flatten(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
