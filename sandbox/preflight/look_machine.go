package preflight

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func lookBinaries(_ context.Context, p Probe) (Verdict, string, string) {
	if err := p.Images(); err != nil {
		return Fail, err.Error(), ""
	}
	return OK, "there", ""
}

func lookInotify(_ context.Context, p Probe) (Verdict, string, string) {
	if p.Machine().OS != "linux" {
		return Skip, "only on Linux", ""
	}
	if err := p.Watchers(); err != nil {
		return Fail, "no instances are left: " + err.Error(), ""
	}
	var low []string
	for _, l := range []struct {
		name  string
		least int
	}{{"max_user_watches", minWatches}, {"max_user_instances", minInstances}} {
		raw, err := p.File("/proc/sys/fs/inotify/" + l.name)
		n, convErr := strconv.Atoi(trimmed(raw))
		if err == nil && convErr == nil && n < l.least {
			low = append(low, fmt.Sprintf("%s is %d", l.name, n))
		}
	}
	if len(low) > 0 {
		return Warn, strings.Join(low, ", "), ""
	}
	return OK, "enough", ""
}

// oursTimeout bounds the look for the sandbox, so that PORT can say that it was
// too slow.
const oursTimeout = CheckTimeout - 500*time.Millisecond

func lookPort(ctx context.Context, p Probe) (Verdict, string, string) {
	port := p.Machine().Port
	look, cancel := context.WithTimeout(ctx, oursTimeout)
	defer cancel()
	if p.Ours(look) {
		return OK, fmt.Sprintf("%d, the sandbox's", port), ""
	}
	switch err := p.Listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); {
	case err == nil:
		return OK, fmt.Sprintf("%d is free", port), ""
	case look.Err() != nil:
		return Warn, fmt.Sprintf("%d is taken; whether by the sandbox could not be found out in %s", port, oursTimeout), "gwctl status tells how it stands with the sandbox"
	}
	return Warn, fmt.Sprintf("%d is taken", port), ""
}

// clusterSubnets are kind's for pods and for services.
func clusterSubnets() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("10.96.0.0/16")}
}

func lookSubnets(_ context.Context, p Probe) (Verdict, string, string) {
	raw, err := p.File("/proc/net/route")
	if err != nil {
		return Skip, "this machine's routes cannot be read", ""
	}
	for row := range strings.Lines(raw) {
		f := strings.Fields(row)
		if len(f) < 8 {
			continue
		}
		route, ok := parseRoute(f[1], f[7])
		for _, s := range clusterSubnets() {
			if ok && route.Overlaps(s) {
				return Warn, fmt.Sprintf("%s goes by %s, which has %s", s, f[0], route), ""
			}
		}
	}
	return OK, "free", ""
}

// parseRoute reads destination and mask as /proc/net/route has them, in hex with
// the lowest byte first. The default route is none.
func parseRoute(destination, mask string) (netip.Prefix, bool) {
	d, err := strconv.ParseUint(destination, 16, 32)
	m, err2 := strconv.ParseUint(mask, 16, 32)
	if err != nil || err2 != nil || m == 0 {
		return netip.Prefix{}, false
	}
	bits := 0
	for v := m; v > 0; v >>= 1 {
		bits += int(v & 1) //nolint:gosec // 0 or 1
	}
	a := netip.AddrFrom4([4]byte{byte(d), byte(d >> 8), byte(d >> 16), byte(d >> 24)}) //nolint:gosec // the bytes of a word
	return netip.PrefixFrom(a, bits), true
}

func lookProxy(_ context.Context, p Probe) (Verdict, string, string) {
	either := func(name string) string {
		if v := p.Env(name); v != "" {
			return v
		}
		return p.Env(strings.ToLower(name))
	}
	if either("HTTP_PROXY") == "" && either("HTTPS_PROXY") == "" {
		return OK, "none", ""
	}
	direct := either("NO_PROXY")
	var missing []string
	for _, want := range []string{"127.0.0.1", "localhost"} {
		if !strings.Contains(direct, want) {
			missing = append(missing, want)
		}
	}
	if len(missing) > 0 && direct != "*" {
		return Warn, "NO_PROXY lacks " + strings.Join(missing, ", "), ""
	}
	return OK, "set, and NO_PROXY has loopback", ""
}

func lookRegistry(ctx context.Context, p Probe) (Verdict, string, string) {
	if p.Machine().Offline {
		return Skip, "not asked: --offline", ""
	}
	if list, err := p.NodeImages(ctx); err == nil && len(list) > 0 {
		return Skip, "not asked: a node image is here", ""
	}
	if err := p.Reachable(ctx); err != nil {
		return Warn, err.Error(), ""
	}
	return OK, "answers", ""
}

func lookLocalhost(ctx context.Context, p Probe) (Verdict, string, string) {
	list, err := p.Lookup(ctx, "localhost")
	if err != nil {
		return Warn, err.Error(), ""
	}
	if !slices.Contains(list, "127.0.0.1") {
		return Warn, "means " + strings.Join(list, ", ") + " alone", ""
	}
	return OK, strings.Join(list, ", "), ""
}

func lookLoopback(ctx context.Context, p Probe) (Verdict, string, string) {
	if err := p.Listen(ctx, "127.0.0.1:0"); err != nil {
		return Fail, err.Error(), ""
	}
	return OK, "can be listened on", ""
}

func lookState(_ context.Context, p Probe) (Verdict, string, string) {
	dir := p.Machine().State
	if dir == "" {
		return Fail, "neither HOME nor XDG_STATE_HOME is set", ""
	}
	if err := p.Writable(dir); err != nil {
		return Fail, err.Error(), ""
	}
	if free, err := p.Free(dir); err == nil && free < minState {
		return Fail, fmt.Sprintf("%.0f MB free in %s", float64(free)/1e6, dir), "make room there, or choose another place: XDG_STATE_HOME=/path/to/a/directory"
	}
	return OK, dir, ""
}

func lookKubeconfig(_ context.Context, p Probe) (Verdict, string, string) {
	path := p.Env("KUBECONFIG")
	if path == "" {
		path = filepath.Join(p.Env("HOME"), ".kube", "config")
	}
	path = filepath.SplitList(path)[0]
	if err := p.Writable(filepath.Dir(path)); err != nil {
		return Warn, err.Error(), ""
	}
	return OK, path + ", not touched", ""
}

func lookClash(_ context.Context, p Probe) (Verdict, string, string) {
	var others []string
	for _, path := range p.OnPath("gwctl") {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			real = path
		}
		if real != p.Self() {
			others = append(others, path)
		}
	}
	if len(others) > 0 {
		return Warn, strings.Join(others, ", "), ""
	}
	return OK, "none", ""
}

func lookTerminal(_ context.Context, p Probe) (Verdict, string, string) {
	is, columns, rows := p.Terminal()
	if !is {
		return Skip, "standard output is none", ""
	}
	text := fmt.Sprintf("%dx%d, TERM=%s", columns, rows, p.Env("TERM"))
	utf8 := strings.Contains(strings.ToLower(p.Env("LC_ALL")+p.Env("LC_CTYPE")+p.Env("LANG")), "utf")
	if columns < 80 || rows < 24 || p.Env("TERM") == "dumb" || !utf8 && p.Machine().OS != "windows" {
		return Warn, text, ""
	}
	return OK, text, ""
}
