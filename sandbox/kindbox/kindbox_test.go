package kindbox

import (
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestClusterConfig: what a sandbox needs is merged into the user's own config.
func TestClusterConfig(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, config string }{
		{"none", ""},
		{"workers", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n  extraPortMappings:\n  - {containerPort: 1, hostPort: 2}\n- role: worker\n  image: other:1\n"},
		{"network", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {podSubnet: 10.1.0.0/16}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := ""
			if tt.config != "" {
				path = filepath.Join(t.TempDir(), "kind.yaml")
				if err := os.WriteFile(path, []byte(tt.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := readConfig(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := clusterConfig(c, "kindest/node:test", 8000)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", tt.name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("config differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadClusterConfig(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"an unknown field": "kind: Cluster\nnods: []\n",
		"no control plane": "kind: Cluster\nnodes: [{role: worker}]\n",
		"no YAML":          "{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "kind.yaml")
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readConfig(path)
			var h *hint.Hint
			if !errors.As(err, &h) || h.ID != "BAD_KIND_CONFIG" || !strings.Contains(h.Message, path) {
				t.Errorf("got %v, want BAD_KIND_CONFIG that names the file", err)
			}
		})
	}
}

// TestExplain matches what engines, kind and nodes say against the causes.
func TestExplain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		said string
		id   string
		code hint.Code
	}{
		{"docker: Error response from daemon: driver failed programming external connectivity: Bind for 127.0.0.1:8000 failed: port is already allocated.", "PORT_IN_USE", hint.PortInUse},
		{"write /var/lib/docker/overlay2/x: no space left on device", "DISK_FULL", hint.Resources},
		{"Failed to create control group inotify object: Too many open files", "INOTIFY", hint.Resources},
		{"kubelet is configured to not run on a host using cgroup v1", "CGROUP", hint.Preflight},
		{"running kind with rootless provider requires setting systemd property \"Delegate=yes\"", "ROOTLESS", hint.Preflight},
		{"OCI runtime create failed: unable to apply caps: operation not permitted", "CAPABILITY", hint.Preflight},
		{"Error: statfs /lib/modules: no such file or directory", "NO_MODULES", hint.Preflight},
		{"Error: runc: runc create failed: error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: OCI permission denied", "RLIMIT", hint.Preflight},
		{"Memory cgroup out of memory: Killed process 12 (kube-apiserver)", "MEMORY", hint.Resources},
		{"proxyconnect tcp: dial tcp 10.0.0.1:3128: i/o timeout", "PROXY", hint.Network},
		{"could not find an available, non-overlapping IPv4 address pool among the defaults", "IP_POOL", hint.Network},
		{"Error response from daemon: No command specified.", "WRONG_IMAGE", hint.Preflight},
		{"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "ENGINE_DOWN", hint.NoEngine},
		{"error execution phase wait-control-plane: timed out", "KUBELET", hint.Broken},
		{"something that nobody has seen yet", "CLUSTER_FAILED", hint.Broken},
	}
	seen := map[string]bool{"CLUSTER_FAILED": true}
	for _, tt := range tests {
		seen[tt.id] = true
		t.Run(tt.id, func(t *testing.T) {
			t.Parallel()
			fault := &createFault{"command failed", "first\n" + tt.said + "\n"}
			err := New(Options{Name: "default"}).explain(fault, fault.text, "nothing here", fault.output)
			var h *hint.Hint
			if !errors.As(err, &h) || h.ID != tt.id || h.Code != tt.code || h.Advice == "" {
				t.Errorf("got %#v, want %s with code %d and advice", err, tt.id, tt.code)
			}
			if !strings.HasSuffix(err.Error(), tt.said) {
				t.Errorf("the error %q does not end with what was said", err)
			}
		})
	}
	for _, c := range causes() {
		if !seen[c.id] {
			t.Errorf("no test makes %s", c.id)
		}
		if _, err := regexp.Compile(c.pattern); err != nil {
			t.Errorf("%s: %v", c.id, err)
		}
	}
}

// TestExplainNames: what is advised is about this sandbox, its node and its engine.
func TestExplainNames(t *testing.T) {
	t.Parallel()
	const kubelet, taken = "error execution phase wait-control-plane: timed out", "port is already allocated"
	on := func(name, program string) *Box {
		b := New(Options{Name: name})
		b.engine = &engine.Engine{Name: program}
		return b
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"default", on("default", "docker").explain(errors.New(kubelet)), "gwctl up --retain keeps the node; then: docker exec gwctl-control-plane journalctl -u kubelet"},
		{"named", on("demo-2", "podman").explain(errors.New(kubelet)), "gwctl up --name demo-2 --retain keeps the node; then: podman exec gwctl-demo-2-control-plane journalctl -u kubelet"},
		{"new cluster", on("demo-2", "docker").explain(errors.New(taken)), "choose another port for clients: gwctl up --name demo-2 --port N, or end the program that has it"},
		{"cluster that is there", on("demo-2", "docker").again(errors.New(taken), &state{Port: 8000}), "end the program that has port 8000, then gwctl up --name demo-2;\n" +
			"or make it anew on another: gwctl down --name demo-2, then gwctl up --name demo-2 --port N"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if h, ok := errors.AsType[*hint.Hint](tt.err); !ok || h.Advice != tt.want {
				t.Errorf("got %#v, want the advice %q", tt.err, tt.want)
			}
		})
	}
	here := on("demo-2", "podman").here()
	for _, c := range causes() {
		if got := here.Replace(c.advice); strings.ContainsAny(got, "{}") {
			t.Errorf("%s advises %s", c.id, got)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	b := New(Options{Dir: t.TempDir(), Name: "default"})
	if s, err := b.readState(); s != nil || err != nil {
		t.Errorf("nothing remembered gives %v, %v", s, err)
	}
	want := &state{Cluster: "gwctl", Engine: "docker", Port: 8000, Creating: true, Inventory: []cluster.Ref{{Kind: "Service", Name: "a"}}}
	if err := b.writeState(want); err != nil {
		t.Fatal(err)
	}
	got, err := b.readState()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state differs (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(b.path(stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.readState(); !errors.Is(err, hint.New("BAD_STATE", hint.Broken, "", "")) {
		t.Errorf("a broken file gives %v, want BAD_STATE", err)
	}
}

func TestFreePort(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	if got, err := freePort(t.Context(), Want{Ports: []int{taken, 0}}); err != nil || got == taken || got == 0 {
		t.Errorf("got %d, %v, want another port than %d", got, err, taken)
	}
	if _, err := freePort(t.Context(), Want{Ports: []int{taken}, Fixed: true}); !errors.Is(err, hint.New("PORT_IN_USE", hint.PortInUse, "", "")) {
		t.Errorf("got %v, want PORT_IN_USE", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"default": "gwctl", "demo-2": "gwctl-demo-2"} {
		if b := New(Options{Name: name}); b.Cluster() != want || b.Context() != "kind-"+want {
			t.Errorf("sandbox %s has cluster %s and context %s, want %s", name, b.Cluster(), b.Context(), want)
		}
	}
}

// TestTake: what is asked for now wins over what is remembered, and is remembered.
func TestTake(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		had      state
		opts     Options
		class    string
		replicas int
		changed  bool
	}{
		{"nothing of nothing", state{}, Options{}, "kong", 0, true},
		{"nothing new", state{Class: "mine", Replicas: 3}, Options{}, "mine", 3, false},
		{"another class", state{Class: "mine", Replicas: 3}, Options{Class: "kong"}, "kong", 3, true},
		{"one gateway again", state{Class: "mine", Replicas: 3}, Options{Replicas: 1}, "mine", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.had
			if changed := s.take(tt.opts); s.Class != tt.class || s.Replicas != tt.replicas || changed != tt.changed {
				t.Errorf("class %q, %d replicas, changed: %t; want %q, %d, %t", s.Class, s.Replicas, changed, tt.class, tt.replicas, tt.changed)
			}
		})
	}
}

// TestSiblingsNetwork: the network that was made with another sandbox is everybody's
// to remove, for the last one takes it along.
func TestSiblingsNetwork(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		other string
		want  bool
	}{
		"made with the other": {`{"cluster":"gwctl-a","engine":"docker","network":true}`, true},
		"somebody else's":     {`{"cluster":"gwctl-a","engine":"docker"}`, false},
		"of another engine":   {`{"cluster":"gwctl-a","engine":"podman","network":true}`, false},
		"what cannot be read": {`{`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "a"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "a", stateFile), []byte(tt.other), 0o600); err != nil {
				t.Fatal(err)
			}
			b := New(Options{Dir: filepath.Join(dir, "b"), Name: "b"})
			b.engine = &engine.Engine{Name: "docker"}
			if got := b.siblingsNetwork(); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
