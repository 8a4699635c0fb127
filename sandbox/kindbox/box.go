package kindbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
	"github.com/gwctl/gwctl/sandbox/private"
	"github.com/gwctl/gwctl/sandbox/step"
)

// Options are what a Box needs.
type Options struct {
	// Dir is the sandbox's directory; it exists and is private to the user.
	Dir  string
	Name string
	// Version is this program's own.
	Version string
	// Command are the arguments under which this program calls Create.
	Command []string
	// Image is the node image that was asked for, Config a kind config to merge.
	Image, Config string
	// Retain keeps nodes that did not come up.
	Retain bool
	// Offline asks no registry.
	Offline bool
	// Bundle is a bundle's path or http address, "" for none.
	Bundle string
	// Class is the ingress class; when empty the one that the sandbox has, else
	// deploy.DemoClass.
	Class string
	// Replicas is how many gateways run, 0 for as many as the sandbox has, else one.
	Replicas int
	// NoWait passes over what waits for pods.
	NoWait bool
	// SwitchContext makes the cluster the current context of the user's own
	// kubeconfig, too.
	SwitchContext bool
	// Forget lets Down remove only what is on this machine, where no engine answers.
	Forget bool
}

// Want is how the sandbox should be.
type Want struct {
	// Ports are tried in order, 0 being any free one; Fixed says that the first
	// must be it.
	Ports []int
	Fixed bool
	// Manifests are the user's own, "" for the demo.
	Manifests string
}

// Box is a sandbox in a kind cluster.
type Box struct {
	opts    Options
	engine  *engine.Engine
	image   string
	config  *v1alpha4.Cluster // the user's own
	nodes   []engine.Node
	images  []*image.Image
	inside  *deploy.Inside
	made    bool // the cluster was created here
	started bool
	loaded  bool
	plan    deploy.Plan
	kong    bool
	bundled string // the bundle's node image
	pinned  string // the node image that kind was released with
	problem []problem.Problem
	left    []string
	kept    bool
}

// New describes a box; it touches nothing.
func New(o Options) *Box {
	return &Box{opts: o, pinned: DefaultImage}
}

// Cluster is the kind cluster's name.
func (b *Box) Cluster() string {
	if b.opts.Name == "default" {
		return "gwctl"
	}
	return "gwctl-" + b.opts.Name
}

// Context is the name of its context in a kubeconfig.
func (b *Box) Context() string { return "kind-" + b.Cluster() }

// Kubeconfig is the path of its own kubeconfig.
func (b *Box) Kubeconfig() string { return b.path(kubeconfigFile) }

// Up tells what there is to do.
func (b *Box) Up(want Want) []step.Step {
	steps := []step.Step{
		{ID: "engine", Title: "Container engine", Run: func(ctx context.Context, t *step.Task) error { return b.preflight(ctx, t, want) }},
	}
	if b.opts.Bundle != "" {
		steps = append(steps, step.Step{ID: "bundle", Title: "Bundle", Run: b.unpack})
	}
	return append(steps, []step.Step{
		{ID: "node-image", Title: "Node image", Run: b.findImage},
		{ID: "cluster", Title: "Cluster", Run: func(ctx context.Context, t *step.Task) error { return b.ensureCluster(ctx, t, want) }, Undo: b.undo},
		{ID: "images", Title: "Images", Run: b.load},
		{ID: "chart", Title: "Gateway", Run: b.install},
		{ID: "ready", Title: "Gateway's pods", Run: func(ctx context.Context, t *step.Task) error { return b.inside.Ready(ctx, t) }},
		{ID: "manifests", Title: "Manifests", Run: func(ctx context.Context, t *step.Task) error { return b.manifests(ctx, t, want) }},
	}...)
}

// preflight finds the engine and refuses what cannot work before anything is
// made.
func (b *Box) preflight(ctx context.Context, t *step.Task, want Want) (err error) {
	if want.Manifests != "" {
		if err := deploy.Exists(want.Manifests); err != nil {
			return err
		}
		var text []byte
		if text, b.problem, b.kong, err = deploy.KongFile(want.Manifests); err != nil {
			return err
		}
		b.plan.KongFile = text
	}
	if err = b.findEngine(ctx); err != nil {
		return err
	}
	if b.opts.Bundle == "" { // else it brings them
		store, err := b.store()
		if err != nil {
			return err
		}
		if _, err := store.Images(b.engine.Info.Architecture); err != nil {
			return err
		}
	}
	i := b.engine.Info
	t.Say("%s %s, %d CPUs, %.1f GB", b.engine.Name, i.ServerVersion, i.CPUs, float64(i.Memory)/1e9)
	return nil
}

// survey reads what is remembered and which nodes there are.
func (b *Box) survey(ctx context.Context) (*state, error) {
	s, err := b.readState()
	if err != nil {
		return nil, err
	}
	b.nodes, err = b.engine.Nodes(ctx, b.Cluster())
	return s, err
}

// ensureCluster creates the cluster, takes it up or heals it.
func (b *Box) ensureCluster(ctx context.Context, t *step.Task, want Want) error {
	s, err := b.survey(ctx)
	if err != nil {
		return err
	}
	switch {
	case s == nil && len(b.nodes) > 0:
		return hint.New("CLUSTER_EXISTS", hint.Broken, "there is a kind cluster "+b.Cluster()+" that is not this sandbox's",
			"remove it, if nobody needs it: kind delete cluster --name "+b.Cluster()+"; or choose another --name")
	case s != nil && (s.Creating || len(b.nodes) == 0):
		if err := b.clear(ctx, s); err != nil {
			return err
		}
		if len(b.nodes) > 0 {
			t.Warn("an earlier up was ended; what it had begun was cleared", "")
		}
	case s != nil:
		if err := b.checkPort(s, want); err != nil {
			return err
		}
		return b.takeUp(ctx, t, s)
	}
	return b.create(ctx, t, want)
}

// checkPort refuses another port than the cluster has.
func (b *Box) checkPort(s *state, want Want) error {
	if !want.Fixed || want.Ports[0] == s.Port {
		return nil
	}
	return hint.New("PORT_FIXED", hint.Usage, fmt.Sprintf("the cluster's port is %d; kind cannot change it", s.Port),
		fmt.Sprintf("make it anew: gwctl down%s, then gwctl up%s --port %d", b.flag(), b.flag(), want.Ports[0]))
}

// create creates the cluster.
func (b *Box) create(ctx context.Context, t *step.Task, want Want) error {
	port, err := freePort(ctx, want)
	if err != nil {
		return err
	}
	if b.config == nil { // the cluster has gone since its image was looked up
		if b.config, err = readConfig(b.opts.Config); err != nil {
			return err
		}
	}
	config, err := clusterConfig(b.config, b.image, port)
	if err != nil {
		return err
	}
	s := &state{
		Cluster: b.Cluster(), Engine: b.engine.Name, Image: b.image, Port: port, Creating: true, Created: time.Now(),
		Network: !b.engine.Network(ctx, "kind") || b.siblingsNetwork(),
	}
	if err := b.writeState(s); err != nil {
		return err
	}
	b.made, b.started = true, true
	err = b.spawn(ctx, order{
		Cluster: s.Cluster, Engine: s.Engine, Kubeconfig: b.Kubeconfig(), Lock: b.path(lockFile), Config: config, Retain: b.opts.Retain,
	}, func(text string) { t.Progress("%s", text) })
	if fault, ok := errors.AsType[*createFault](err); ok {
		logs := b.nodeLogs(ctx)
		return b.explain(fault, append([]string{fault.text, fault.output}, logs...)...)
	}
	if err != nil {
		return err
	}
	if b.nodes, err = b.engine.Nodes(ctx, b.Cluster()); err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	if len(want.Ports) > 0 && want.Ports[0] != 0 && port != want.Ports[0] {
		t.Warn(fmt.Sprintf("port %d is taken, %d is used instead", want.Ports[0], port), "--port chooses another")
	}
	s.Creating = false
	t.Say("%s created, %d node(s), clients on 127.0.0.1:%d", s.Cluster, len(b.nodes), port)
	if err := b.writeState(s); err != nil {
		return err
	}
	return b.switchContext(s)
}

// siblingsNetwork says whether the engine's network was made with another sandbox
// that is still there: whoever goes last takes it along.
func (b *Box) siblingsNetwork() bool {
	list, _ := filepath.Glob(filepath.Join(filepath.Dir(b.opts.Dir), "*", stateFile)) // the pattern is sound
	for _, path := range list {
		var s state
		if ok, err := private.Read(path, &s); ok && err == nil && s.Network && s.Engine == b.engine.Name {
			return true
		}
	}
	return false
}

func (b *Box) connect() error {
	conn, err := cluster.Open(b.Kubeconfig(), b.Context())
	if err != nil {
		return err
	}
	b.inside = &deploy.Inside{Conn: conn, NoWait: b.opts.NoWait}
	s, err := b.readState()
	if s != nil {
		b.inside.Class = s.Class
	}
	return err
}

// take lets what was asked for now win over what is remembered, and reports whether
// something else is remembered now.
func (s *state) take(o Options) bool {
	was := *s
	s.Class = cmp.Or(o.Class, s.Class, deploy.DemoClass)
	s.Replicas = cmp.Or(o.Replicas, s.Replicas)
	return s.Class != was.Class || s.Replicas != was.Replicas
}

// freePort picks the first port that nobody listens on.
func freePort(ctx context.Context, want Want) (int, error) {
	for _, port := range want.Ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			port = l.Addr().(*net.TCPAddr).Port
			return port, l.Close()
		}
		if want.Fixed {
			return 0, hint.New("PORT_IN_USE", hint.PortInUse, fmt.Sprintf("port %d is taken by another program", port),
				"choose another with --port, or leave --port away: a free one is picked then").Because(err)
		}
	}
	return 0, hint.New("PORT_IN_USE", hint.PortInUse, "no port is free on 127.0.0.1", "end a program that listens there")
}

// load brings the images into the nodes.
func (b *Box) load(ctx context.Context, t *step.Task) error {
	store, err := b.store()
	if err != nil {
		return err
	}
	if b.images, b.loaded, err = image.Load(ctx, b.engine, b.nodes, store); err != nil {
		return err
	}
	t.Say("%s", image.Told(b.images, b.loaded))
	return nil
}

// install installs the gateway.
func (b *Box) install(ctx context.Context, t *step.Task) error {
	b.plan.Repository, b.plan.Tag = b.images[0].Repository(), b.images[0].Tag
	b.plan.ServiceType, b.plan.NodePort = "NodePort", nodePort
	s, err := b.readState()
	if err != nil {
		return err
	}
	if s.take(b.opts) {
		if err := b.writeState(s); err != nil {
			return err
		}
	}
	b.plan.Class, b.plan.CreateClass, b.plan.Replicas, b.inside.Class = s.Class, true, s.Replicas, s.Class
	if err := b.inside.Install(ctx, t, b.plan); err != nil {
		return err
	}
	b.started = b.started || b.inside.Changed
	return nil
}

// manifests brings in the demo or the user's own.
func (b *Box) manifests(ctx context.Context, t *step.Task, want Want) error {
	s, err := b.readState()
	if err != nil {
		return err
	}
	if b.loaded && !b.made {
		if err := b.inside.RestartEcho(ctx); err != nil {
			return err
		}
	}
	if want.Manifests == "" {
		return b.inside.Demo(ctx, t)
	}
	before := s.Inventory
	if before == nil { // the demo was there before, if anything was
		demo, err := deploy.Demo()
		if err != nil {
			return err
		}
		before = deploy.Refs(demo)
	}
	if b.kong {
		_, err = deploy.Prune(ctx, b.inside.Conn, before, nil)
		t.Say("%s", want.Manifests)
		s.Inventory = []cluster.Ref{}
	} else {
		s.Inventory, err = b.inside.Own(ctx, t, want.Manifests, before)
	}
	return errors.Join(err, b.writeState(s))
}

// Problems are those of the manifests that no gateway can see.
func (b *Box) Problems() []problem.Problem { return b.problem }

// Started reports whether Up had to create or start something.
func (b *Box) Started() bool { return b.started }
