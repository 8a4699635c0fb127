package kongfile

import (
	"net/netip"
	"strconv"
	"strings"
)

// Kinds of addresses (kong/tools/ip.lua:hostname_type).
const (
	isName = iota
	isIPv4
	isIPv6
)

// address takes a host and an optional port apart as kong/tools/ip.lua:normalize_ip
// does. port is -1 when there is none; reason is "" for a sound address.
func address(s string) (kind, port int, reason string) {
	host, digits := s, ""
	switch colons := strings.Count(s, ":"); {
	case colons > 1:
		return ipv6(s)
	case colons == 1:
		host, digits, _ = strings.Cut(s, ":")
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			return isName, -1, "is not a host name or an address"
		}
	}
	if port = portOf(digits); port > 65535 {
		return isName, port, "has a port above 65535"
	}
	if strings.Trim(host, "0123456789.") == "" && host != "" {
		return isIPv4, port, ipv4Rule(host)
	}
	return isName, port, hostNameRule(host)
}

func portOf(digits string) int {
	if digits == "" {
		return -1
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 65536 // out of range
	}
	return n
}

func ipv4Rule(s string) string {
	parts := strings.Split(s, ".")
	ok := len(parts) == 4
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		ok = ok && err == nil && len(p) <= 3 && n <= 255
	}
	if !ok {
		return "is not an IPv4 address"
	}
	return ""
}

func ipv6(s string) (kind, port int, reason string) {
	port = -1
	if strings.HasPrefix(s, "[") {
		inner, rest, closed := strings.Cut(s[1:], "]")
		digits, hasPort := strings.CutPrefix(rest, ":")
		switch {
		case !closed || !hasPort && rest != "" || strings.Trim(digits, "0123456789") != "":
			return isIPv6, -1, "is not an IPv6 address"
		case hasPort:
			if port = portOf(digits); port > 65535 {
				return isIPv6, port, "has a port above 65535"
			}
		}
		s = inner
	}
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" || strings.Contains(s, ".") {
		return isIPv6, port, "is not an IPv6 address"
	}
	return isIPv6, port, ""
}

func hostNameRule(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("-._", r) }) {
		return "is not a host name or an address"
	}
	labels := strings.Split(s, ".")
	for i, l := range labels {
		if strings.HasSuffix(l, "-") || l == "" && i != len(labels)-1 {
			return "is not a host name: its labels must not be empty or end in -"
		}
	}
	return ""
}

// hostRule is typedefs.host: a host without a port.
func hostRule(s string) string {
	_, port, reason := address(s)
	if port >= 0 {
		return "must not have a port; use the field port for it"
	}
	return reason
}

// hostPortRule is typedefs.host_with_optional_port.
func hostPortRule(s string) string {
	_, _, reason := address(s)
	return reason
}

// upstreamNameRule is validate_name of kong/db/schema/entities/upstreams.lua.
func upstreamNameRule(s string) string {
	kind, port, reason := address(s)
	switch {
	case reason != "":
		return "must be a host name: it " + reason
	case kind != isName:
		return "must be a host name, not an IP address"
	case port >= 0:
		return "must not have a port; targets have one"
	}
	return ""
}

// routeHostRule is the element of typedefs.hosts.
func routeHostRule(s string) string {
	switch strings.Count(s, "*") {
	case 0:
		return hostPortRule(s)
	case 1:
		if strings.HasPrefix(s, "*.") || strings.HasSuffix(s, ".*") {
			return hostPortRule(strings.Replace(s, "*", "abc", 1))
		}
		return "must have its wildcard as the first or the last label, as in *.example.com"
	}
	return "must not have more than one wildcard"
}

// sniRule is typedefs.wildcard_host, the element of a route's snis.
func sniRule(s string) string {
	if n := strings.Count(s, "*"); n > 1 {
		return "must not have more than one wildcard"
	} else if n == 1 && s[0] != '*' && s[len(s)-1] != '*' {
		return "must have its wildcard at the beginning or at the end"
	}
	kind, port, reason := address(strings.Replace(s, "*", "wildcard", 1))
	switch {
	case port >= 0:
		return "must not have a port"
	case reason != "":
		return reason
	case kind != isName:
		return "must be a name, not an IP address"
	}
	return ""
}

// addressRangeRule is typedefs.ip_or_cidr.
func addressRangeRule(s string) string {
	_, err := netip.ParseAddr(s)
	if _, rangeErr := netip.ParsePrefix(s); err != nil && rangeErr != nil {
		return "is not an IP address or a CIDR range"
	}
	return ""
}
