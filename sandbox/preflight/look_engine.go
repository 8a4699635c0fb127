package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
)

func lookEngine(ctx context.Context, p Probe) (Verdict, string, string) {
	e, err := p.Engine(ctx)
	if err != nil {
		advice := ""
		if h, ok := errors.AsType[*hint.Hint](err); ok {
			advice = h.Advice
		}
		return Fail, err.Error(), advice
	}
	return OK, e.Name + " " + e.Info.ServerVersion, ""
}

// withEngine skips a check where no engine answers: ENGINE says so.
func withEngine(ctx context.Context, p Probe, look func(i info) (Verdict, string, string)) (Verdict, string, string) {
	e, err := p.Engine(ctx)
	if err != nil {
		return Skip, "no engine answers", ""
	}
	return look(info{e.Name, e.Info})
}

func lookVersion(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		least := map[string][2]int{"docker": {20, 10}, "podman": {4, 0}, "nerdctl": {1, 7}}[i.name]
		var major, minor int
		if n, _ := fmt.Sscanf(i.ServerVersion, "%d.%d", &major, &minor); n < 2 {
			return Warn, fmt.Sprintf("%q cannot be read", i.ServerVersion), ""
		}
		if major < least[0] || major == least[0] && minor < least[1] {
			return Fail, fmt.Sprintf("%s is older than %d.%d", i.ServerVersion, least[0], least[1]), ""
		}
		return OK, i.ServerVersion, ""
	})
}

func lookCgroup(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		if i.CgroupVersion == "1" {
			return Warn, "cgroup v1, which Kubernetes gives up", ""
		}
		return OK, "cgroup v" + i.CgroupVersion, ""
	})
}

func lookRootless(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		if !i.Rootless {
			return OK, "runs as root", ""
		}
		if i.CgroupVersion == "1" {
			return Fail, "rootless, on cgroup v1", "rootless engines need cgroup v2"
		}
		got, err := p.File(fmt.Sprintf("/sys/fs/cgroup/user.slice/user-%d.slice/cgroup.controllers", p.User()))
		if err == nil && !strings.Contains(got, "cpu") {
			return Fail, "rootless, and cpu is not delegated: " + trimmed(got), ""
		}
		return OK, "rootless, on cgroup v2", ""
	})
}

func lookSnap(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		if !i.Snap {
			return OK, "no", ""
		}
		if p.Env("TMPDIR") == "" {
			return Fail, "it cannot see /tmp, and TMPDIR is not set", ""
		}
		return OK, "yes, TMPDIR is set", ""
	})
}

func lookInit(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		raw, err := p.File("/etc/docker/daemon.json")
		if i.Init || err == nil && strings.Contains(strings.ReplaceAll(raw, " ", ""), `"init":true`) {
			return Fail, "the engine puts an init of its own before that of the node", ""
		}
		return OK, "that of the node", ""
	})
}

func lookMemory(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		text := fmt.Sprintf("%.1f GB", float64(i.Memory)/1e9)
		switch {
		case i.Memory < minMemory:
			return Fail, text, ""
		case i.Memory < goodMemory:
			return Warn, text, ""
		}
		return OK, text, ""
	})
}

func lookDisk(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		free, err := p.Free(i.Root)
		if err != nil || i.Root == "" {
			return Skip, "the engine's disk cannot be seen from here", ""
		}
		text := fmt.Sprintf("%.1f GB free in %s", float64(free)/1e9, i.Root)
		if free < minDisk {
			return Fail, text, ""
		}
		return OK, text, ""
	})
}

func lookStore(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		if i.Driver == "overlayfs" || i.Driver == "io.containerd.snapshotter.v1" {
			return OK, "containerd's (" + i.Driver + ")", ""
		}
		return OK, i.Driver, ""
	})
}

func lookArch(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(i info) (Verdict, string, string) {
		if i.Architecture != p.Machine().Arch {
			return Warn, fmt.Sprintf("%s on a machine of %s", i.Architecture, p.Machine().Arch), ""
		}
		return OK, i.Architecture, ""
	})
}

func lookClock(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(info) (Verdict, string, string) {
		theirs, ours, err := p.EngineTime(ctx)
		if err != nil {
			return Skip, "the engine does not tell", ""
		}
		off := theirs.Sub(ours).Abs()
		if off > maxSkew {
			return Warn, "off by " + off.Round(time.Second).String(), ""
		}
		return OK, "in step", ""
	})
}

func lookImage(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(info) (Verdict, string, string) {
		list, err := p.NodeImages(ctx)
		if err != nil {
			return Warn, err.Error(), ""
		}
		if len(list) > 0 {
			return OK, strings.Join(list, ", "), ""
		}
		if p.Machine().Offline {
			return Fail, "none is here, and none may be pulled", ""
		}
		if err := p.Reachable(ctx); err != nil {
			return Fail, "none is here, and none can be pulled", ""
		}
		return OK, "none is here; up pulls one", ""
	})
}

func lookCluster(ctx context.Context, p Probe) (Verdict, string, string) {
	return withEngine(ctx, p, func(info) (Verdict, string, string) {
		nodes, err := p.Nodes(ctx)
		if err != nil {
			return Warn, err.Error(), ""
		}
		if len(nodes) == 0 {
			return OK, "none", ""
		}
		for _, n := range nodes {
			if n.State != "running" {
				return Warn, n.Name + " is " + n.State, ""
			}
		}
		return OK, fmt.Sprintf("%d node(s), running", len(nodes)), ""
	})
}
