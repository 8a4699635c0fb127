package kindbox

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// cause is a known reason why a cluster does not come up.
type cause struct {
	id      string
	code    hint.Code
	message string
	// advice has {flag} for the sandbox's --name, {engine} for the engine's program
	// and {node} for the node of the control plane.
	advice string
	url    string
	// pattern is looked for in what kind, the engine and the node's log say. It
	// is compiled where it is used, as most runs need none.
	pattern string
}

const knownIssues = "https://kind.sigs.k8s.io/docs/user/known-issues"

// causes lists what is known, the most telling first.
func causes() []cause { return slices.Concat(causesHere(), causesInside()) }

// causesHere are those of the machine and its engine.
func causesHere() []cause {
	return []cause{
		{
			"PORT_IN_USE", hint.PortInUse, "a port that the cluster needs is taken by another program",
			"choose another port for clients: gwctl up{flag} --port N, or end the program that has it", "",
			`(?i)port is already allocated|address already in use|bind: (permission denied|an attempt was made)|ports are not available`,
		},
		{
			"DISK_FULL", hint.Resources, "a disk is full: the container engine's, or that of the sandbox's directory",
			"make room ({engine} images tells what images take; {engine} system prune frees what nothing uses), or choose\n" +
				"another place for the sandbox: XDG_STATE_HOME=/path/to/a/directory gwctl up{flag}",
			knownIssues + "#failing-to-apply-overlay-network", `(?i)no space left on device|disk quota exceeded|ImageGCFailed|eviction manager: must evict pod.*ephemeral-storage`,
		},
		{
			"INOTIFY", hint.Resources, "the machine is out of inotify watches or instances, which every node needs",
			"sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
			knownIssues + "#pod-errors-due-to-too-many-open-files", `(?i)too many open files|inotify_init|failed to create (fs)?notify watcher|inotify watch limit|fanotify`,
		},
		{
			"CGROUP", hint.Preflight, "the node cannot set up its control groups",
			"use a container engine on cgroup v2 ({engine} info tells), or, on cgroup v1, a node image that allows it",
			knownIssues + "#failure-to-create-cluster-with-cgroups-v2", `(?i)cgroup v1 (support|is)|kubelet is configured to not run on a host using cgroup v1|failed to (create|apply) cgroup|cgroup.*(read-only|permission denied)|no such file.*cgroup\.controllers`,
		},
		{
			"ROOTLESS", hint.Preflight, "the container engine runs without root's rights and may not do what a node needs",
			"delegate cgroups to your user as the page says, or use an engine that runs as root",
			"https://kind.sigs.k8s.io/docs/user/rootless", `(?i)running kind with rootless provider requires|Delegate=yes|rootless.*(cgroup|not supported)`,
		},
		{
			"CAPABILITY", hint.Preflight, "the container engine may not start privileged containers",
			"run it on a machine, not inside a container that was given fewer rights; or use: gwctl up{flag} --runtime local", "",
			`(?i)unable to apply caps|operation not permitted.*(caps|mount)|privileged mode is incompatible|exec: operation not permitted`,
		},
		{
			"NO_MODULES", hint.Preflight, "the machine has no /lib/modules, which every node mounts",
			"make one, an empty one will do: sudo mkdir -p /lib/modules", "", `/lib/modules: no such file or directory`,
		},
		{
			"RLIMIT", hint.Preflight, "the container engine may not give its containers the limits that it wants to",
			"name those that it may give (ulimit -Hn tells N), in /etc/containers/containers.conf:\n" +
				"[containers] default_ulimits = [\"nofile=N:N\", \"nproc=N:N\"]; or run it with more rights", "", `error setting rlimit`,
		},
	}
}

// causesInside are those of the cluster, and what is rarely more than a guess.
func causesInside() []cause {
	return []cause{
		{
			"MEMORY", hint.Resources, "there is not enough memory for the cluster",
			"give the container engine at least 2 GB (Docker Desktop: Settings, Resources), or use: gwctl up{flag} --runtime local", "",
			`(?i)out of memory|oom-?kill|cannot allocate memory|signal: killed`,
		},
		{
			"PROXY", hint.Network, "a proxy stands between the cluster and itself",
			"let NO_PROXY hold 127.0.0.1, localhost, .svc, .cluster.local, 10.96.0.0/16, 10.244.0.0/16 and the nodes' names, then gwctl up{flag}",
			knownIssues + "#pod-network-issues-behind-a-proxy", `(?i)proxyconnect tcp|Proxy Authentication Required|407 Proxy`,
		},
		{
			"IP_POOL", hint.Network, "the container engine has no addresses left for a network of its own",
			"remove networks that nobody uses ({engine} network prune), or give the engine more (default-address-pools in daemon.json)",
			knownIssues + "#local-subnet-clashes", `(?i)all predefined address pools have been fully subnetted|could not find an available, non-overlapping IPv4 address pool|Pool overlaps`,
		},
		{
			"WRONG_IMAGE", hint.Preflight, "the node image is not one that kind can use",
			"name one of kindest/node, or one that scripts/node-image made; leave --image away to have the right one picked", "",
			`(?i)no command specified|executable file not found.*(entrypoint|systemctl|kubeadm)|no such file or directory.*(/kind/version|kubeadm)|exec format error|could not find a log line that matches "Reached target|/kind/version: No such file|entrypoint.*(not found|no such file)|manifest unknown|invalid reference format|unable to find user`,
		},
		{
			"ENGINE_DOWN", hint.NoEngine, "the container engine stopped answering",
			"start it again, then gwctl up{flag}: what was begun is taken up or cleared", "",
			`(?i)cannot connect to the docker daemon|is the docker daemon running|error during connect|connection refused.*docker`,
		},
		{
			"KUBELET", hint.Broken, "the node's kubelet did not start",
			"gwctl up{flag} --retain keeps the node; then: {engine} exec {node} journalctl -u kubelet", "",
			`(?i)kubelet-start.*(timed? ?out)|The kubelet is not (running|healthy)|wait-control-plane.*timed out|timed out waiting for the condition`,
		},
	}
}

// here puts this sandbox's names into advice.
func (b *Box) here() *strings.Replacer {
	program := "docker"
	if b.engine != nil {
		program = b.engine.Name
	}
	return strings.NewReplacer("{flag}", b.flag(), "{engine}", program, "{node}", b.Cluster()+"-control-plane")
}

// explain matches what was said against the causes.
func (b *Box) explain(err error, said ...string) error {
	here := b.here()
	for _, c := range causes() {
		re := regexp.MustCompile(c.pattern)
		if slices.ContainsFunc(append([]string{err.Error()}, said...), re.MatchString) {
			h := hint.New(c.id, c.code, c.message, here.Replace(c.advice))
			h.URL = c.url
			return h.Because(err)
		}
	}
	return hint.New("CLUSTER_FAILED", hint.Broken, "the cluster did not come up", here.Replace(
		"gwctl doctor{flag} looks for reasons; gwctl up{flag} --retain keeps the nodes to look at; gwctl up{flag} --runtime local needs no cluster")).Because(err)
}

// again explains why the nodes of a cluster that is there do not start again. Its
// port is fixed.
func (b *Box) again(err error, s *state) error {
	err = b.explain(err)
	if h, ok := errors.AsType[*hint.Hint](err); ok && h.ID == "PORT_IN_USE" {
		h.Advice = fmt.Sprintf("end the program that has port %d, then gwctl up%s;\nor make it anew on another: gwctl down%s, then gwctl up%s --port N",
			s.Port, b.flag(), b.flag(), b.flag())
	}
	return err
}
