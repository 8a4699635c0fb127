package snapshot

import (
	"net"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/balance"
)

// splitTarget splits "host:port"; without a port it is 8000, as Kong's targets
// have it (kong/db/dao/targets.lua through kong/tools/ip.lua).
func splitTarget(s string) (string, int) {
	if host, port, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.Atoi(port); err == nil {
			return host, n
		}
	}
	return strings.Trim(s, "[]"), 8000
}

func target(host string, port, weight int) balance.Target {
	host = strings.Trim(host, "[]")
	return balance.Target{
		Address: net.JoinHostPort(host, strconv.Itoa(port)), Host: host, Port: port, Weight: weight,
	}
}
