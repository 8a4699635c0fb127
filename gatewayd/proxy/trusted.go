package proxy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// Networks is a set of networks.
type Networks struct{ prefixes []netip.Prefix }

// ParseNetworks reads addresses and CIDR ranges; its error names the one that
// is neither.
func ParseNetworks(texts []string) (Networks, error) {
	var n Networks
	for _, t := range texts {
		if p, err := netip.ParsePrefix(t); err == nil {
			n.prefixes = append(n.prefixes, p.Masked())
			continue
		}
		a, err := netip.ParseAddr(t)
		if err != nil {
			return n, fmt.Errorf("%q is neither an IP address nor a CIDR range", t)
		}
		n.prefixes = append(n.prefixes, netip.PrefixFrom(a, a.BitLen()))
	}
	return n, nil
}

// Contain says whether the address lies in one of the networks.
func (n Networks) Contain(ip string) bool {
	if len(n.prefixes) == 0 {
		return false
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	a = a.Unmap()
	for _, p := range n.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// RealIP says which address a request speaks for, as nginx's realip module does:
// peer, unless it is trusted and header names another. With recursive, the last
// untrusted address of the header counts, else its last.
type RealIP struct {
	Trusted   Networks
	Header    string // X-Real-IP, X-Forwarded-For or another
	Recursive bool
}

// Client returns the client's address.
func (r RealIP) Client(peer string, h *plugin.Header) string {
	if len(r.Trusted.prefixes) == 0 || !r.Trusted.Contain(peer) {
		return peer
	}
	value := h.Get(r.Header)
	if strings.EqualFold(r.Header, "X-Forwarded-For") {
		value = strings.Join(h.Values(r.Header), ",")
	}
	client := peer
	for value != "" {
		i := strings.LastIndexByte(value, ',')
		last := strings.TrimSpace(value[i+1:])
		a, err := netip.ParseAddr(strings.Trim(last, "[]"))
		if err != nil {
			ap, err := netip.ParseAddrPort(last)
			if err != nil {
				return client
			}
			a = ap.Addr()
		}
		client = a.Unmap().String()
		if i < 0 || !r.Recursive || !r.Trusted.Contain(client) {
			return client
		}
		value = value[:i]
	}
	return client
}
