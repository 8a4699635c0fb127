package translate

import (
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
)

const (
	prefix = "konghq.com/"
	// classAnnotation says whose an object is; spec.ingressClassName came later.
	classAnnotation = "kubernetes.io/ingress.class"
	forceSSL        = "ingress.kubernetes.io/force-ssl-redirect"
	serviceUpstream = "ingress.kubernetes.io/service-upstream"
)

// place is a kind of object that an annotation may stand on, as bits.
type place int

const (
	onIngress place = 1 << iota
	onService
	onConsumer
	onPlugin
	onSecret
	anywhere = onIngress | onService | onConsumer | onPlugin | onSecret
)

// effect says what is done about an annotation.
type effect int

const (
	read    effect = iota // it does what Kong's ingress controller does with it
	dropped               // warning: served without it
	refused               // error: what it should have guarded or shaped answers 500
)

// annotation is one annotation under konghq.com/ that Kong ingress controller
// 3.5 knows (internal/annotations/annotations.go).
type annotation struct {
	name   string
	on     place
	effect effect
	note   string // what to know, or to do instead
}

// annotationTable lists them all. A name that ends in "." begins any name.
func annotationTable() map[string]annotation {
	all := []annotation{
		{"plugins", onIngress | onService | onConsumer, read, ""},
		{"strip-path", onIngress, read, ""},
		{"preserve-host", onIngress, read, ""},
		{"methods", onIngress, read, ""},
		{"headers.", onIngress, read, ""},
		{"headers-separator", onIngress, read, ""},
		{"protocols", onIngress, read, ""},
		{"regex-priority", onIngress, read, ""},
		{"regex-prefix", onIngress, read, ""},
		{"https-redirect-status-code", onIngress, read, ""},
		{"path-handling", onIngress, read, ""},
		{"request-buffering", onIngress, read, ""},
		{"response-buffering", onIngress, read, ""},
		{"protocol", onService, read, ""},
		{"path", onService, read, ""},
		{"host-header", onService, read, ""},
		{"connect-timeout", onService, read, ""},
		{"read-timeout", onService, read, ""},
		{"write-timeout", onService, read, ""},
		{"retries", onService, read, ""},

		{"snis", onIngress, refused, "routes by server name need TLS; route by spec.rules[].host"},
		{"client-cert", onService, refused, "certificates towards a Service are still to come"},
		{"tls-verify", onService, refused, "TLS towards a Service is still to come"},
		{"tls-verify-depth", onService, refused, "TLS towards a Service is still to come"},
		{"ca-certificates-secrets", onService, refused, "TLS towards a Service is still to come"},
		{"ca-certificates-configmaps", onService, refused, "TLS towards a Service is still to come"},

		{"tags", anywhere, dropped, ""},
		{"host-aliases", onIngress, dropped, "write a rule for each host"},
		{"rewrite", onIngress, dropped, "paths reach the Service as they are"},
		{"upstream-policy", onService, dropped, "requests are spread round-robin"},
		{"override", onIngress | onService, dropped, "KongIngress is deprecated; use annotations"},
	}
	table := make(map[string]annotation, len(all))
	for _, a := range all {
		table[a.name] = a
	}
	return table
}

// annotationField is the field path of an annotation.
func annotationField(key string) string { return "metadata.annotations[" + key + "]" }

// checkAnnotations reports every konghq.com/ annotation that is not read where
// it stands. Values of those that are read are looked at where they are used.
func (t *translator) checkAnnotations(broken *string, src entity.Source, on place, annotations map[string]string) {
	if len(annotations) == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		field := annotationField(key)
		a, known := t.lookup(rest)
		switch {
		case !known:
			t.fail(broken, src, field, "unknown annotation; "+t.meant(rest))
		case a.on&on == 0:
			t.warn(src, field, "has no effect on this kind of object; it belongs on "+a.on.String())
		case a.effect == refused:
			t.fail(broken, src, field, "is not supported yet: "+a.note)
		case a.effect == dropped:
			reason := "is not supported yet; served without it"
			if a.note != "" {
				reason += ": " + a.note
			}
			t.warn(src, field, reason)
		}
	}
}

func (t *translator) lookup(rest string) (annotation, bool) {
	if a, ok := t.known[rest]; ok && !strings.HasSuffix(rest, ".") {
		return a, true
	}
	if head, name, ok := strings.Cut(rest, "."); ok && name != "" {
		a, ok := t.known[head+"."]
		return a, ok
	}
	return annotation{}, false
}

func (t *translator) meant(rest string) string {
	if best := api.Nearest(rest, slices.Collect(maps.Keys(t.known))); best != "" {
		return "did you mean " + prefix + best + "?"
	}
	return "remove it or correct its name"
}

// String names the kinds, as in "Ingress or Service".
func (p place) String() string {
	var kinds []string
	for i, kind := range []string{"an Ingress", "a Service", "a KongConsumer", "a KongPlugin", "a Secret"} {
		if p&(1<<i) != 0 {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, " or ")
}

// commaList cuts a list at commas and drops spaces and empty parts
// (internal/annotations/annotations.go, extractCommaDelimitedStrings).
func commaList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
