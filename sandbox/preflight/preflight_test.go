package preflight

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// machine is a machine in any state; the zero one is sound.
type machine struct {
	engine               engine.Engine
	noEngine             error
	skew                 time.Duration
	images               []string
	unreachable          error
	nodes                []engine.Node
	files, env           map[string]string
	free                 int64
	unwritable, taken    string
	localhost            []string
	watchers, noBinaries error
	others               []string
	columns              int
	ours                 bool
	m                    Machine
}

func sound() *machine {
	return &machine{
		engine: engine.Engine{Name: "docker", Info: engine.Info{ServerVersion: "28.2.2", Architecture: "amd64", CgroupVersion: "2", Memory: 16e9, CPUs: 4, Driver: "overlay2", Root: "/var/lib/docker"}},
		images: []string{"kindest/node:v1"}, free: 100e9, localhost: []string{"127.0.0.1", "::1"}, columns: 120,
		files: map[string]string{"/proc/sys/fs/inotify/max_user_watches": "524288\n", "/proc/sys/fs/inotify/max_user_instances": "1024\n", "/proc/net/route": ""},
		env:   map[string]string{"HOME": "/home/ann", "TERM": "xterm", "LANG": "C.UTF-8"},
		m:     Machine{OS: "linux", Arch: "amd64", State: "/home/ann/.local/state/gwctl", Sandbox: "default", Port: 8000},
	}
}

func (m *machine) Engine(context.Context) (*engine.Engine, error) {
	if m.noEngine != nil {
		return nil, m.noEngine
	}
	return &m.engine, nil
}

func (m *machine) EngineTime(context.Context) (theirs, ours time.Time, err error) {
	return time.Unix(1000, 0).Add(m.skew), time.Unix(1000, 0), nil
}
func (m *machine) NodeImages(context.Context) ([]string, error)     { return m.images, m.noEngine }
func (m *machine) Reachable(context.Context) error                  { return m.unreachable }
func (m *machine) Nodes(context.Context) ([]engine.Node, error)     { return m.nodes, nil }
func (m *machine) User() int                                        { return 1000 }
func (m *machine) Env(name string) string                           { return m.env[name] }
func (m *machine) Free(string) (int64, error)                       { return m.free, nil }
func (m *machine) Lookup(context.Context, string) ([]string, error) { return m.localhost, nil }
func (m *machine) Watchers() error                                  { return m.watchers }
func (m *machine) OnPath(string) []string                           { return append([]string{"/usr/bin/gwctl"}, m.others...) }
func (m *machine) Self() string                                     { return "/usr/bin/gwctl" }
func (m *machine) Images() error                                    { return m.noBinaries }
func (m *machine) Terminal() (is bool, columns, rows int)           { return true, m.columns, 36 }
func (m *machine) Ours(context.Context) bool                        { return m.ours }
func (m *machine) Machine() Machine                                 { return m.m }

func (m *machine) File(path string) (string, error) {
	text, ok := m.files[path]
	if !ok {
		return "", errors.New("not there")
	}
	return text, nil
}

func (m *machine) Writable(dir string) error {
	if m.unwritable != "" && strings.HasPrefix(dir, m.unwritable) {
		return errors.New("read-only file system")
	}
	return nil
}

func (m *machine) Listen(_ context.Context, address string) error {
	if address == m.taken {
		return errors.New("address already in use")
	}
	return nil
}

func TestSound(t *testing.T) {
	t.Parallel()
	list := Examine(t.Context(), Checks(), sound())
	for _, f := range list {
		if f.Verdict != OK && f.ID != "REGISTRY" {
			t.Errorf("%s: %s %s", f.ID, f.Verdict, f.Message)
		}
		if f.Advice != "" {
			t.Errorf("%s advises though all is well: %s", f.ID, f.Advice)
		}
	}
	if len(list) < 18 || Worst(list) != hint.OK {
		t.Errorf("got %d checks and code %d", len(list), Worst(list))
	}
}

// TestFindings: each cause is found, by its own check alone, with its advice.
func TestFindings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id      string
		change  func(*machine)
		verdict Verdict
		code    hint.Code
		says    string
	}{
		{"ENGINE", func(m *machine) { m.noEngine = errors.New("no container engine is installed") }, Fail, hint.NoEngine, "no container engine"},
		{"ENGINE_VERSION", func(m *machine) { m.engine.Info.ServerVersion = "19.03.1" }, Fail, hint.NoEngine, "older than 20.10"},
		{"ENGINE_VERSION", func(m *machine) { m.engine.Info.ServerVersion = "odd" }, Warn, hint.NoEngine, "cannot be read"},
		{"CGROUP", func(m *machine) { m.engine.Info.CgroupVersion = "1" }, Warn, hint.Preflight, "cgroup v1"},
		{"ROOTLESS", func(m *machine) {
			m.engine.Info.Rootless = true
			m.files["/sys/fs/cgroup/user.slice/user-1000.slice/cgroup.controllers"] = "memory pids\n"
		}, Fail, hint.Preflight, "cpu is not delegated"},
		{"SNAP", func(m *machine) { m.engine.Info.Snap = true }, Fail, hint.Preflight, "TMPDIR"},
		{"ENGINE_INIT", func(m *machine) { m.files["/etc/docker/daemon.json"] = `{ "init": true }` }, Fail, hint.Preflight, "init"},
		{"MEMORY", func(m *machine) { m.engine.Info.Memory = 1e9 }, Fail, hint.Resources, "1.0 GB"},
		{"MEMORY", func(m *machine) { m.engine.Info.Memory = 2e9 }, Warn, hint.Resources, "2.0 GB"},
		{"DISK", func(m *machine) { m.free = 1e9 }, Fail, hint.Resources, "1.0 GB free"},
		{"EMULATION", func(m *machine) { m.engine.Info.Architecture = "arm64" }, Warn, hint.Preflight, "arm64 on a machine of amd64"},
		{"CLOCK", func(m *machine) { m.skew = -time.Minute }, Warn, hint.Preflight, "off by 1m0s"},
		{"NODE_IMAGE", func(m *machine) { m.images, m.m.Offline = nil, true }, Fail, hint.Network, "none may be pulled"},
		{"CLUSTER", func(m *machine) { m.nodes = []engine.Node{{Name: "n", State: "exited"}} }, Warn, hint.Broken, "n is exited"},
		{"IMAGES", func(m *machine) { m.noBinaries = errors.New("no binary of echo") }, Fail, hint.Preflight, "no binary of echo"},
		{"INOTIFY", func(m *machine) { m.watchers = errors.New("too many open files") }, Fail, hint.Resources, "too many open files"},
		{"INOTIFY", func(m *machine) { m.files["/proc/sys/fs/inotify/max_user_instances"] = "128\n" }, Warn, hint.Resources, "max_user_instances is 128"},
		{"PORT", func(m *machine) { m.taken = "127.0.0.1:8000" }, Warn, hint.PortInUse, "8000 is taken"},
		{"SUBNET", func(m *machine) {
			m.files["/proc/net/route"] = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU\neth0 00000000 0100000A 3 0 0 0 00000000 0\ntun0 0000600A 00000000 1 0 0 0 0000FFFF 0\n"
		}, Warn, hint.Network, "tun0, which has 10.96.0.0/16"},
		{"PROXY", func(m *machine) { m.env["https_proxy"] = "http://p:1" }, Warn, hint.Network, "NO_PROXY lacks 127.0.0.1, localhost"},
		{"LOCALHOST", func(m *machine) { m.localhost = []string{"::1"} }, Warn, hint.Network, "means ::1 alone"},
		{"LOOPBACK", func(m *machine) { m.taken = "127.0.0.1:0" }, Fail, hint.Network, "in use"},
		{"STATE", func(m *machine) { m.unwritable = "/home/ann/.local" }, Fail, hint.Preflight, "read-only"},
		{"KUBECONFIG", func(m *machine) { m.unwritable = "/home/ann/.kube" }, Warn, hint.Preflight, "read-only"},
		{"NAME_CLASH", func(m *machine) { m.others = []string{"/opt/gwctl"} }, Warn, hint.Preflight, "/opt/gwctl"},
		{"TERMINAL", func(m *machine) { m.columns = 60 }, Warn, hint.Preflight, "60x36"},
	}
	for _, tt := range tests {
		t.Run(tt.id+" "+tt.says, func(t *testing.T) {
			t.Parallel()
			m := sound()
			tt.change(m)
			list := Examine(t.Context(), Checks(), m)
			for _, f := range list {
				switch {
				case f.ID == tt.id:
					if f.Verdict != tt.verdict || f.Code != tt.code || !strings.Contains(f.Message, tt.says) || f.Advice == "" {
						t.Errorf("got %+v, want %s with code %d and %q", f, tt.verdict, tt.code, tt.says)
					}
				case f.Verdict == Fail || f.Verdict == Warn:
					t.Errorf("%s complains too: %s", f.ID, f.Message)
				}
			}
			if want := map[bool]hint.Code{true: tt.code, false: hint.OK}[tt.verdict == Fail]; Worst(list) != want {
				t.Errorf("got exit code %d, want %d", Worst(list), want)
			}
		})
	}
}

// TestPort: a port that the sandbox has is no fault, whether it can be listened on
// or not; a look that took too long is told of.
func TestPort(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		ours  bool
		taken string
		want  Verdict
		says  string
	}{
		{"free", t.Context(), false, "", OK, "8000 is free"},
		{"taken by the sandbox", t.Context(), true, "127.0.0.1:8000", OK, "8000, the sandbox's"},
		{"the sandbox's, with no listener", t.Context(), true, "", OK, "8000, the sandbox's"},
		{"taken by another", t.Context(), false, "127.0.0.1:8000", Warn, "8000 is taken"},
		{"taken, nobody knows", ended, false, "127.0.0.1:8000", Warn, "whether by the sandbox could not be found out"},
		{"free, nobody knows", ended, false, "", OK, "8000 is free"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := sound()
			m.ours, m.taken = tt.ours, tt.taken
			v, says, advice := lookPort(tt.ctx, m)
			if v != tt.want || !strings.Contains(says, tt.says) {
				t.Errorf("got %s %q, want %s %q", v, says, tt.want, tt.says)
			}
			if late := strings.Contains(says, "found out"); late != (advice != "") {
				t.Errorf("%q with the advice %q", says, advice)
			}
		})
	}
}

// TestHere: the checks of this machine end, whatever it is.
func TestHere(t *testing.T) {
	t.Parallel()
	h := &Here{M: Machine{OS: "linux", Arch: "amd64", State: t.TempDir(), Port: 8000, Offline: true}, Cluster: "gwctl-none"}
	seen := map[string]bool{}
	for _, f := range Examine(t.Context(), Checks(), h) {
		if f.Message == "" || seen[f.ID] {
			t.Errorf("%+v says nothing, or is there twice", f)
		}
		seen[f.ID] = true
		if f.ID == "STATE" && f.Verdict != OK {
			t.Errorf("a directory of the test's own: %s", f.Message)
		}
	}
}

// TestSlow: a check that hangs does not hold the others up.
func TestSlow(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hang := Check{ID: "HANG", Look: func(context.Context, Probe) (Verdict, string, string) { select {} }}
	if got := Examine(ctx, []Check{hang}, sound()); got[0].Verdict != Warn || !strings.Contains(got[0].Message, "could not be found out") {
		t.Errorf("got %+v", got[0])
	}
}
