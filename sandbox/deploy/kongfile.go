package deploy

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/kongfile"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// KongFile reads a kong.yml; ok is false for what is none. A file that a gateway
// would refuse is an error that names every fault. What leads to this machine's
// loopback, which is the pod's own there, is a problem.
func KongFile(path string) (text []byte, problems []problem.Problem, ok bool, err error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil, nil, false, err
	}
	raw, err := os.ReadFile(path)
	if err != nil || !kongfile.IsKongFile(raw) {
		return nil, nil, false, err
	}
	cfg, faults := kongfile.Parse(raw, path, kongfile.Options{Kinds: plugins.All(), Decode: snapshot.DecodeConfig})
	if cfg == nil {
		var lines []string
		for _, p := range faults {
			lines = append(lines, p.String())
		}
		return nil, nil, true, hint.New("BAD_KONG_FILE", hint.Preflight, "the kong.yml cannot be served", strings.Join(lines, "\n"))
	}
	for _, s := range cfg.Services {
		if loopback(s.Host) {
			problems = append(problems, s.Source.Problem(problem.Warning, "host",
				fmt.Sprintf("%s is the gateway's own pod in a cluster, not this machine: use --runtime local", s.Host)))
		}
	}
	for _, u := range cfg.Upstreams {
		for _, t := range u.Targets {
			if host, _, err := net.SplitHostPort(t.Target); err == nil && loopback(host) {
				problems = append(problems, u.Source.Problem(problem.Warning, "targets",
					fmt.Sprintf("%s is the gateway's own pod in a cluster, not this machine: use --runtime local", t.Target)))
			}
		}
	}
	return raw, problems, true, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
