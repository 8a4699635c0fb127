package clusterbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/image"
	"github.com/gwctl/gwctl/sandbox/step"
)

// Options are what a Box needs.
type Options struct {
	// Dir is the sandbox's directory; it exists and is private to the user.
	Dir, Name string
	// Command are the arguments under which this program calls Forward.
	Command []string
	// Kubeconfig and Context name the cluster; "" stands for what kubectl takes.
	Kubeconfig, Context string
	// Registry is where images are pushed to and pulled from.
	Registry string
	// ServiceType is ClusterIP (when empty), NodePort or LoadBalancer.
	ServiceType string
	Class       string
	KeepCRDs    bool
	Replicas    int
	// NoWait passes over what waits for pods.
	NoWait bool
	// Forget lets Down remove only what is on this machine.
	Forget bool
}

// Want is how the sandbox should be.
type Want struct {
	// Ports are tried in order, 0 being any free one; Fixed says that the first
	// must be it.
	Ports     []int
	Fixed     bool
	Manifests string
}

// aliveTimeout bounds the first question to a cluster.
const aliveTimeout = 10 * time.Second

// Box is a sandbox in a cluster that was there.
type Box struct {
	opts     Options
	conn     *cluster.Conn
	inside   *deploy.Inside
	state    *state
	fresh    bool // nothing was remembered
	started  bool
	plan     deploy.Plan
	kong     bool
	problems []problem.Problem
	left     []string
}

// New describes a box; it touches nothing.
func New(o Options) *Box { return &Box{opts: o} }

// Up tells what there is to do.
func (b *Box) Up(want Want) []step.Step {
	return []step.Step{
		{ID: "cluster", Title: "Cluster", Run: func(ctx context.Context, t *step.Task) error { return b.preflight(ctx, t, want) }, Undo: b.undo},
		{ID: "images", Title: "Images", Run: b.images},
		{ID: "chart", Title: "Gateway", Run: b.install},
		{ID: "ready", Title: "Gateway's pods", Run: func(ctx context.Context, t *step.Task) error { return b.inside.Ready(ctx, t) }},
		{ID: "manifests", Title: "Manifests", Run: func(ctx context.Context, t *step.Task) error { return b.manifests(ctx, t, want) }},
		{ID: "way", Title: "Way in", Run: func(ctx context.Context, t *step.Task) error { return b.open(ctx, t, want) }},
	}
}

// preflight reaches the cluster and refuses what cannot work before anything is
// made.
func (b *Box) preflight(ctx context.Context, t *step.Task, want Want) (err error) {
	if want.Manifests != "" {
		if err := deploy.Exists(want.Manifests); err != nil {
			return err
		}
		if b.plan.KongFile, b.problems, b.kong, err = deploy.KongFile(want.Manifests); err != nil {
			return err
		}
	}
	if b.state, err = b.readState(); err != nil {
		return err
	}
	b.fresh = b.state == nil
	if b.fresh {
		b.state = &state{}
	}
	if err := b.take(); err != nil {
		return err
	}
	if err := b.connect(ctx); err != nil {
		return err
	}
	if b.fresh {
		if err := b.foreign(ctx, want); err != nil {
			return err
		}
		// Whatever ends this up, down has to know it, and the next up does not ask
		// again whose it is.
		b.state.add([]cluster.Ref{{APIVersion: "v1", Kind: "Namespace", Name: deploy.Namespace}})
	}
	version, err := b.conn.Typed.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking the cluster for its version: %w", err)
	}
	t.Say("context %s, Kubernetes %s", b.state.Context, version.GitVersion)
	return b.writeState(b.state)
}

// take lets what was asked for now win over what is remembered.
func (b *Box) take() error {
	kubeconfig := b.opts.Kubeconfig
	if kubeconfig != "" { // later commands run elsewhere
		abs, err := filepath.Abs(kubeconfig)
		if err != nil {
			return fmt.Errorf("finding %s: %w", kubeconfig, err)
		}
		kubeconfig = abs
	}
	s := b.state
	s.Kubeconfig = cmp.Or(kubeconfig, s.Kubeconfig)
	s.Context = cmp.Or(b.opts.Context, s.Context)
	s.Registry = cmp.Or(b.opts.Registry, s.Registry)
	s.ServiceType = cmp.Or(b.opts.ServiceType, s.ServiceType, "ClusterIP")
	s.Class = cmp.Or(b.opts.Class, s.Class, deploy.DemoClass)
	s.Replicas = cmp.Or(b.opts.Replicas, s.Replicas)
	s.KeepCRDs = s.KeepCRDs || b.opts.KeepCRDs
	return nil
}

// connect opens the cluster and makes sure that it is the one that is remembered.
func (b *Box) connect(ctx context.Context) error {
	if b.state == nil {
		s, err := b.readState()
		if err != nil {
			return err
		}
		if s == nil {
			return errors.New("nothing is remembered of a cluster")
		}
		b.state = s
	}
	conn, err := cluster.Open(b.state.Kubeconfig, b.state.Context)
	if err != nil {
		return hint.New("NO_CONTEXT", hint.Preflight, fmt.Sprintf("the context %q cannot be used", b.state.Context),
			"kubectl config get-contexts lists those that there are").Because(err)
	}
	if b.state.Context == "" { // the current one may be another tomorrow
		raw, err := conn.Getter().ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return fmt.Errorf("finding the current context: %w", err)
		}
		b.state.Context = raw.CurrentContext
	}
	if err := conn.Alive(ctx, aliveTimeout); err != nil {
		return hint.New("CLUSTER_UNREACHABLE", hint.Network, fmt.Sprintf("the cluster of context %q does not answer", b.state.Context),
			"see that it runs and that you may use it: kubectl --context "+b.state.Context+" get --raw /readyz\n"+
				"if it is gone for good: gwctl down --forget"+b.flag()).Because(err)
	}
	ns, err := conn.Typed.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("finding out which cluster it is: %w", err)
	}
	if uid := string(ns.UID); b.state.UID == "" {
		b.state.UID = uid
	} else if b.state.UID != uid {
		return hint.New("OTHER_CLUSTER", hint.Broken, fmt.Sprintf("the context %q leads to another cluster than when the sandbox was made", b.state.Context),
			"if the old cluster is gone: gwctl down --forget"+b.flag()+", then gwctl up; else mend the context, or choose another --name")
	}
	b.conn = conn
	b.inside = &deploy.Inside{Conn: conn, KeepCRDs: b.state.KeepCRDs, NoWait: b.opts.NoWait, Making: b.making, Class: b.state.Class}
	if b.state.Registry != "" {
		b.inside.Echo, err = b.pulled("echo")
	}
	return err
}

// flag names the sandbox in commands that are told.
func (b *Box) flag() string {
	if b.opts.Name == "default" {
		return ""
	}
	return " --name " + b.opts.Name
}

func (b *Box) making(list []cluster.Ref) error {
	b.state.add(list)
	return b.writeState(b.state)
}

// foreign refuses what another owns.
func (b *Box) foreign(ctx context.Context, want Want) error {
	for _, x := range []struct {
		ref    cluster.Ref
		id     string
		advice string
		skip   bool
	}{
		{
			cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: deploy.Namespace},
			"FOREIGN_RELEASE",
			"another gwctl has installed a gateway here: gwctl down where it was brought up; if nobody remembers it, by hand:\n" + b.state.byHand(), false,
		},
		{
			cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass", Name: b.state.Class},
			"FOREIGN_CLASS",
			"serve a class of its own: --ingress-class gwctl, or use a cluster of its own: gwctl up --runtime kind", b.kong,
		},
		{
			cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: deploy.DemoNamespace},
			"FOREIGN_NAMESPACE",
			"serve what is in it with --manifests, or remove it: kubectl delete namespace " + deploy.DemoNamespace, want.Manifests != "",
		},
	} {
		if x.skip {
			continue
		}
		_, there, err := b.conn.Get(ctx, x.ref)
		if err != nil {
			return err
		}
		if there {
			return hint.New(x.id, hint.Preflight, "the cluster has "+x.ref.String()+" already", x.advice)
		}
	}
	return nil
}

// images brings the images to where the cluster takes them from.
func (b *Box) images(ctx context.Context, t *step.Task) error {
	store, err := image.Open()
	if err != nil {
		return err
	}
	if b.state.Registry != "" {
		return b.push(ctx, t, store)
	}
	name, ok := strings.CutPrefix(b.state.Context, "kind-")
	if !ok {
		return hint.New("NO_REGISTRY", hint.Preflight, "the cluster has to pull the images from somewhere",
			"name a registry that you may push to and that the cluster can pull from: --registry registry.example.com/team")
	}
	e, nodes, err := engine.Holding(ctx, name)
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return hint.New("NO_REGISTRY", hint.Preflight, "the nodes of context "+b.state.Context+" are not on this machine",
			"name a registry that you may push to and that the cluster can pull from: --registry registry.example.com/team")
	}
	list, loaded, err := image.Load(ctx, e, nodes, store)
	if err != nil {
		return err
	}
	b.plan.Repository, b.plan.Tag = list[0].Repository(), list[0].Tag
	t.Say("%s", image.Told(list, loaded))
	return nil
}

func (b *Box) push(ctx context.Context, t *step.Task, store *image.Store) error {
	var refs []string
	for _, p := range image.Programs() {
		ref, err := store.Push(ctx, b.state.Registry, p)
		if err != nil {
			return err
		}
		refs = append(refs, ref)
	}
	i := strings.LastIndex(refs[0], ":")
	b.plan.Repository, b.plan.Tag = refs[0][:i], refs[0][i+1:]
	t.Say("pushed: %s", strings.Join(refs, ", "))
	return nil
}

// pulled names a program's image in the registry.
func (b *Box) pulled(program string) (string, error) {
	store, err := image.Open()
	if err != nil {
		return "", err
	}
	for _, p := range image.Programs() {
		if p.Name == program {
			return store.Ref(b.state.Registry, p)
		}
	}
	return "", fmt.Errorf("there is no program %s", program)
}

func (b *Box) install(ctx context.Context, t *step.Task) error {
	b.plan.ServiceType, b.plan.Class, b.plan.CreateClass, b.plan.Replicas = b.state.ServiceType, b.state.Class, true, b.state.Replicas
	if err := b.inside.Install(ctx, t, b.plan); err != nil {
		return err
	}
	b.started = b.inside.Changed
	return nil
}

func (b *Box) manifests(ctx context.Context, t *step.Task, want Want) (err error) {
	switch {
	case want.Manifests == "":
		return b.inside.Demo(ctx, t)
	case b.kong:
		t.Say("%s", want.Manifests)
		return nil
	}
	// What was there before is changed, not made.
	b.inside.Making = func(list []cluster.Ref) error {
		var missing []cluster.Ref
		for _, ref := range list {
			if _, there, err := b.conn.Get(ctx, ref); err != nil {
				return err
			} else if !there {
				missing = append(missing, ref)
			}
		}
		return b.making(missing)
	}
	mine := b.state.mine()
	b.state.Own, err = b.inside.Own(ctx, t, want.Manifests, mine)
	return errors.Join(err, b.writeState(b.state))
}

// Problems are those of the manifests that no gateway can see.
func (b *Box) Problems() []problem.Problem { return b.problems }

// Started reports whether Up had to install something.
func (b *Box) Started() bool { return b.started }

func (b *Box) undo(ctx context.Context) error {
	if !b.fresh || b.conn == nil {
		return nil
	}
	_, err := b.Down(ctx)
	return err
}

// Inside connects to the cluster and gives the sandbox's part in it.
func (b *Box) Inside() (*deploy.Inside, error) {
	if b.inside == nil {
		ctx, cancel := context.WithTimeout(context.Background(), aliveTimeout)
		defer cancel()
		if err := b.connect(ctx); err != nil {
			return nil, err
		}
	}
	return b.inside, nil
}

// Kubeconfig gives the file, "" for the user's own, and the context.
func (b *Box) Kubeconfig() (path, kubecontext string) {
	if b.state == nil {
		b.state, _ = b.readState()
	}
	if b.state == nil {
		return "", ""
	}
	return b.state.Kubeconfig, b.state.Context
}
