package translate

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// addresses lists host:port for every ready address behind one port of a
// Service, out of its EndpointSlices, or of its Endpoints where it has none: a
// cluster mirrors these into slices, files need not
// (internal/dataplane/translator/translate_upstreams.go, getEndpoints). What
// could not be read is left out: whether an address is ready may be just that.
func (x index) addresses(svc name, port corev1.ServicePort) []string {
	if slices, ok := x.slices[svc]; ok {
		var out []string
		for _, s := range slices {
			if s.Origin.Broken == "" {
				out = append(out, ofSlice(s.Object, port)...)
			}
		}
		return out
	}
	if e, ok := x.endpoints[svc]; ok && e.Origin.Broken == "" {
		return ofEndpoints(e.Object, port)
	}
	return nil
}

func ofSlice(s *discoveryv1.EndpointSlice, port corev1.ServicePort) []string {
	var out []string
	for _, p := range s.Ports {
		if p.Port == nil || deref(p.Name, "") != port.Name || !sameProtocol(deref(p.Protocol, ""), port.Protocol) {
			continue
		}
		for _, e := range s.Endpoints {
			if len(e.Addresses) > 0 && deref(e.Conditions.Ready, true) {
				out = append(out, join(e.Addresses[0], *p.Port))
			}
		}
	}
	return out
}

func ofEndpoints(e *corev1.Endpoints, port corev1.ServicePort) []string { //nolint:staticcheck // deprecated, still written
	var out []string
	for _, subset := range e.Subsets {
		for _, p := range subset.Ports {
			if p.Name != port.Name || !sameProtocol(p.Protocol, port.Protocol) {
				continue
			}
			for _, a := range subset.Addresses {
				out = append(out, join(a.IP, p.Port))
			}
		}
	}
	return out
}

func join(host string, port int32) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }

// sameProtocol compares two protocols, TCP being what is not written.
func sameProtocol(a, b corev1.Protocol) bool {
	if a == "" {
		a = corev1.ProtocolTCP
	}
	if b == "" {
		b = corev1.ProtocolTCP
	}
	return a == b
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
