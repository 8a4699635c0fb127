package preflight

import (
	"time"

	"github.com/gwctl/gwctl/sandbox/hint"
)

const (
	known     = "https://kind.sigs.k8s.io/docs/user/known-issues"
	rootless  = "https://kind.sigs.k8s.io/docs/user/rootless"
	localHint = "\nor run without a cluster: gwctl up --runtime local"

	// What a sandbox needs, in bytes.
	minDisk, minState, minMemory, goodMemory = 3e9, 50e6, 1.5e9, 3e9
	// What a node needs of inotify, as kind's known issues have it.
	minWatches, minInstances = 65536, 256
	// maxSkew is how far the engine's clock may be off.
	maxSkew = 5 * time.Second
)

// Checks lists what is looked at, in the order in which it is shown.
func Checks() []Check {
	return append(engineChecks(), machineChecks()...)
}

func engineChecks() []Check {
	return []Check{
		{ID: "ENGINE", Title: "container engine", Code: hint.NoEngine, Advice: "install and start Docker, Podman or nerdctl," + localHint, Look: lookEngine},
		{ID: "ENGINE_VERSION", Title: "its version", Code: hint.NoEngine, Advice: "update it: kind needs Docker 20.10, Podman 4.0 or nerdctl 1.7", URL: rootless, Look: lookVersion},
		{
			ID: "CGROUP", Title: "control groups", Code: hint.Preflight, URL: known + "#failure-to-create-cluster-with-cgroups-v2",
			Advice: "move the machine to cgroup v2; until then use a node image that allows v1 (scripts/node-image does)", Look: lookCgroup,
		},
		{ID: "ROOTLESS", Title: "rights of the engine", Code: hint.Preflight, URL: rootless, Advice: "delegate cgroups to your user: Delegate=yes for user@.service", Look: lookRootless},
		{ID: "SNAP", Title: "engine out of a snap", Code: hint.Preflight, URL: known + "#docker-installed-with-snap", Advice: "set TMPDIR to a directory below your home, or install Docker's own package", Look: lookSnap},
		{ID: "ENGINE_INIT", Title: "init of containers", Code: hint.Preflight, URL: known + "#docker-init-daemon-config", Advice: `remove "init": true from the engine's daemon.json and restart it`, Look: lookInit},
		{ID: "MEMORY", Title: "memory of the engine", Code: hint.Resources, Advice: "give it 3 GB (Docker Desktop: Settings, Resources)," + localHint, Look: lookMemory},
		{ID: "DISK", Title: "disk of the engine", Code: hint.Resources, Advice: "make room: docker system df, docker system prune", Look: lookDisk},
		{ID: "IMAGE_STORE", Title: "store of images", Code: hint.Preflight, Advice: "nothing to do: images are loaded one platform at a time", URL: "https://github.com/kubernetes-sigs/kind/issues/3795", Look: lookStore},
		{ID: "EMULATION", Title: "processor of the engine", Code: hint.Preflight, Advice: "use an engine of this machine's own architecture: emulated clusters are slow and break", Look: lookArch},
		{ID: "CLOCK", Title: "clock of the engine", Code: hint.Preflight, Advice: "set the clocks (a machine that slept: restart the engine); tokens and windows depend on them", Look: lookClock},
		{ID: "NODE_IMAGE", Title: "node image", Code: hint.Network, Advice: "bring one: gwctl up --bundle FILE, or build one: scripts/node-image/build.sh", Look: lookImage},
		{ID: "CLUSTER", Title: "cluster of this sandbox", Code: hint.Broken, Advice: "gwctl up heals it; gwctl down removes it", Look: lookCluster},
	}
}

func machineChecks() []Check {
	return []Check{
		{ID: "IMAGES", Title: "binaries for images", Code: hint.Preflight, Advice: "build them: make build", Look: lookBinaries},
		{ID: "INOTIFY", Title: "inotify", Code: hint.Resources, URL: known + "#pod-errors-due-to-too-many-open-files", Advice: "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512", Look: lookInotify},
		{ID: "PORT", Title: "port for clients", Code: hint.PortInUse, Advice: "nothing to do: another port is picked; or name one: gwctl up --port N", Look: lookPort},
		{ID: "SUBNET", Title: "addresses of pods and services", Code: hint.Network, URL: known + "#local-subnet-clashes", Advice: "disconnect the VPN that has them, or choose others in a kind config (networking.podSubnet, serviceSubnet): gwctl up --config FILE", Look: lookSubnets},
		{ID: "PROXY", Title: "proxy variables", Code: hint.Network, URL: known + "#pod-network-issues-behind-a-proxy", Advice: "let NO_PROXY hold 127.0.0.1, localhost, .svc, .cluster.local, 10.96.0.0/16 and 10.244.0.0/16", Look: lookProxy},
		{ID: "REGISTRY", Title: "registry of node images", Code: hint.Network, Advice: "nothing is pulled where a node image is there, or with --bundle FILE", Look: lookRegistry},
		{ID: "LOCALHOST", Title: "localhost", Code: hint.Network, Advice: "let localhost mean 127.0.0.1 in /etc/hosts; gwctl itself uses 127.0.0.1", Look: lookLocalhost},
		{ID: "LOOPBACK", Title: "127.0.0.1", Code: hint.Network, Advice: "bring the loopback interface up: ip link set lo up", Look: lookLoopback},
		{ID: "STATE", Title: "directory of sandboxes", Code: hint.Preflight, Advice: "make it yours and writable, or choose another: XDG_STATE_HOME=/path/to/a/directory", Look: lookState},
		{ID: "KUBECONFIG", Title: "your kubeconfig", Code: hint.Preflight, Advice: "only --switch-context writes to it; gwctl kubeconfig names the sandbox's own", Look: lookKubeconfig},
		{ID: "NAME_CLASH", Title: "other programs called gwctl", Code: hint.Preflight, URL: "https://github.com/kubernetes-sigs/gwctl", Advice: "call this one by its path, or put its directory first in PATH", Look: lookClash},
		{ID: "TERMINAL", Title: "terminal", Code: hint.Preflight, Advice: "lessons want 80x24 and a UTF-8 locale; gwctl tutorial --plain needs neither", Look: lookTerminal},
	}
}
