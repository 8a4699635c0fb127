package translate

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// serviceKey names one port of one Service: that is what Kong's ingress
// controller makes a service and an upstream of.
type serviceKey struct {
	name
	port string
}

// service is a service and its upstream in the making.
type service struct {
	entity.Service
	upstream entity.Upstream
	broken   string // why all its routes answer 500
	missing  fault  // why there is nothing to send requests to, for every Ingress that names it
}

// fault is a reason and the field, below the reference, that it is about.
type fault struct{ field, reason string }

// portName names a port as the controller does
// (internal/dataplane/kongstate/types.go, CanonicalString).
func portName(p netv1.ServiceBackendPort) string {
	switch {
	case p.Number != 0:
		return strconv.Itoa(int(p.Number))
	case p.Name != "":
		return p.Name
	}
	return "implicitPort"
}

// backend finds or makes the service that an Ingress names, and reports there
// if it is not in the set.
func (t *translator) backend(in *ingress, b netv1.IngressServiceBackend, field string) *service {
	key := serviceKey{name{in.Object.Namespace, b.Name}, portName(b.Port)}
	s, ok := t.services[key]
	if !ok {
		s = t.service(key, b.Port, in.src)
		t.services[key] = s
	}
	if s.missing.reason != "" {
		t.problems = append(t.problems, in.src.Problem(problem.Error, field+s.missing.field, s.missing.reason))
	}
	return s
}

func (t *translator) service(key serviceKey, want netv1.ServiceBackendPort, from entity.Source) *service {
	s := &service{Service: entity.NewService(), upstream: entity.NewUpstream()}
	s.Name = key.namespace + "." + key.name.name + "." + key.port
	s.ID = entity.ID("services", key.namespace, key.name.name, key.port)
	s.Host = key.name.name + "." + key.namespace + "." + key.port + ".svc"
	s.Path = "/"
	s.Source = from
	s.upstream.Name, s.upstream.ID = s.Host, entity.ID("upstreams", key.namespace, key.name.name, key.port)
	s.upstream.Source = from

	item, ok := t.index.services[key.name]
	if !ok {
		s.missing = fault{".name", "names Service " + key.name.String() + ", which does not exist, so it answers 503; create it or correct the name"}
		s.upstream.Unavailable = "Service " + key.name.String() + " does not exist"
		return s
	}
	src := item.Source()
	s.Source, s.upstream.Source = src, src
	t.unreadable(&s.broken, src, item.Origin)
	t.checkAnnotations(&s.broken, src, onService, item.Object.Annotations)
	t.serviceAnnotations(s, src, item.Object.Annotations)
	for _, ref := range t.pluginRefs(&s.broken, src, key.namespace, item.Object.Annotations) {
		t.useOnService(ref, src, s)
	}
	port, reason := findPort(item.Object, want)
	if reason != "" {
		s.missing = fault{".port", reason + ", so it answers 503"}
		s.upstream.Unavailable = "Service " + key.name.String() + " has no such port"
		return s
	}
	s.Port = int(port.Port)
	t.targets(s, item, port)
	return s
}

// serviceAnnotations applies the annotations of a Service
// (internal/dataplane/kongstate/{service,upstream}.go).
func (t *translator) serviceAnnotations(s *service, src entity.Source, annotations map[string]string) {
	a := reader{t: t, src: src, broken: &s.broken, all: annotations}
	a.value("protocol", func(p string) string {
		switch p {
		case "http":
			return ""
		case "https", "grpc", "grpcs", "ws", "wss", "tls", "tcp", "udp", "tls_passthrough":
			return p + " is not supported yet; http is"
		}
		return "must be http"
	})
	a.value("path", func(p string) string {
		if !strings.HasPrefix(p, "/") {
			return "must begin with /"
		}
		s.Path = p
		return ""
	})
	a.value("host-header", func(h string) string {
		if h == "" || strings.ContainsAny(h, " \t\r\n/,") {
			return "must be a host name"
		}
		s.upstream.HostHeader = h
		return ""
	})
	const maxMillis = 1<<31 - 2
	a.integer("connect-timeout", &s.ConnectTimeout, 1, maxMillis)
	a.integer("read-timeout", &s.ReadTimeout, 1, maxMillis)
	a.integer("write-timeout", &s.WriteTimeout, 1, maxMillis)
	a.integer("retries", &s.Retries, 0, 32767)
	switch v, ok := annotations[serviceUpstream]; {
	case !ok || v == "false":
	case v == "true":
		t.warn(src, annotationField(serviceUpstream), "is not supported yet; requests go to the addresses behind the Service instead of its own")
	default:
		t.fail(&s.broken, src, annotationField(serviceUpstream), `must be "true" or "false"`)
	}
}

// findPort finds the port of a Service that an Ingress means
// (internal/dataplane/translator/translate_upstreams.go, findPort).
func findPort(svc *corev1.Service, want netv1.ServiceBackendPort) (corev1.ServicePort, string) {
	if svc.Spec.Type == corev1.ServiceTypeExternalName {
		if want.Number == 0 {
			return corev1.ServicePort{}, "must be a number, as Service " + svc.Name + " is an external name and names no ports"
		}
		return corev1.ServicePort{Port: want.Number}, ""
	}
	if want.Number == 0 && want.Name == "" {
		if len(svc.Spec.Ports) != 1 {
			return corev1.ServicePort{}, fmt.Sprintf("is missing, and Service %s has %d ports", svc.Name, len(svc.Spec.Ports))
		}
		return svc.Spec.Ports[0], ""
	}
	for _, p := range svc.Spec.Ports {
		if want.Number != 0 && p.Port == want.Number || want.Number == 0 && (p.Name == want.Name ||
			p.TargetPort.Type == intstr.String && p.TargetPort.StrVal == want.Name) {
			return p, ""
		}
	}
	var has []string
	for _, p := range svc.Spec.Ports {
		has = append(has, strings.TrimSuffix(fmt.Sprintf("%d (%s)", p.Port, p.Name), " ()"))
	}
	if len(has) == 0 {
		has = []string{"none"}
	}
	return corev1.ServicePort{}, fmt.Sprintf("names port %s, which Service %s has not; it has %s", portName(want), svc.Name, strings.Join(has, ", "))
}

// targets fills the upstream with the addresses behind a Service.
func (t *translator) targets(s *service, item source.Item[*corev1.Service], port corev1.ServicePort) {
	svc := item.Object
	var addresses []string
	if svc.Spec.Type == corev1.ServiceTypeExternalName {
		if svc.Spec.ExternalName != "" {
			addresses = []string{net.JoinHostPort(svc.Spec.ExternalName, strconv.Itoa(int(port.Port)))}
		}
	} else {
		addresses = t.index.addresses(name{svc.Namespace, svc.Name}, port)
	}
	seen := map[string]bool{}
	for _, a := range addresses {
		if seen[a] {
			continue
		}
		seen[a] = true
		s.upstream.Targets = append(s.upstream.Targets, entity.Target{
			ID: entity.ID("targets", s.upstream.ID, a), Target: a, Weight: entity.DefaultWeight,
		})
	}
	if len(addresses) == 0 {
		s.upstream.Unavailable = "nothing stands behind Service " + svc.Namespace + "/" + svc.Name
		t.warn(s.Source, "", fmt.Sprintf(
			"has no ready address for port %d, so its routes answer 503; give it an EndpointSlice, or start what it selects", port.Port))
	}
}
