package deploy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/sandbox/cluster"
)

const (
	// Selector finds the gateways' pods in Namespace.
	Selector = "app.kubernetes.io/name=gatewayd,app.kubernetes.io/instance=" + Release
	// adminPort and proxyPort are those of a pod.
	adminPort, proxyPort = 8001, 8000
	tokenSecret          = Release + "-admin"
	// askTimeout bounds one question to a gateway.
	askTimeout = 5 * time.Second
	// servedEvery is how often gateways are asked whether they serve a change yet.
	servedEvery = 50 * time.Millisecond
)

// Gateway is one pod of the gateway's.
type Gateway struct {
	Pod      string
	Started  time.Time
	Restarts int
	Token    string
	// Dial leads to the admin listener, Admin names it.
	Dial  cluster.Dial
	Admin string
	// Status is what it says of itself.
	Status admin.Status
}

// Client asks the gateway's admin listener.
func (g Gateway) Client() *admin.Client { return admin.NewClientOver(g.Admin, g.Token, g.Dial) }

// ErrNoGateway says that no pod of the gateway takes traffic.
var ErrNoGateway = errors.New("no gateway is ready")

// Gateways finds the gateways that take traffic, sorted by name, and asks each
// for its status.
func Gateways(ctx context.Context, conn *cluster.Conn) ([]Gateway, error) {
	pods, err := conn.Pods(ctx, Namespace, Selector)
	if err != nil {
		return nil, err
	}
	secret, err := conn.Typed.CoreV1().Secrets(Namespace).Get(ctx, tokenSecret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the gateways' token: %w", err)
	}
	var list []Gateway
	for i := range pods {
		p := &pods[i]
		if !cluster.Ready(p) {
			continue
		}
		g := Gateway{
			Pod: p.Name, Started: p.CreationTimestamp.Time, Token: string(secret.Data["token"]),
			Dial: conn.Dialer(Namespace, p.Name, adminPort), Admin: p.Name + ":" + strconv.Itoa(adminPort),
		}
		for _, c := range p.Status.ContainerStatuses {
			g.Restarts += int(c.RestartCount)
		}
		list = append(list, g)
	}
	if len(list) == 0 {
		return nil, ErrNoGateway
	}
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i := range list {
		all.Go(func() { list[i].Status, errs[i] = ask(ctx, list[i]) })
	}
	all.Wait()
	return list, errors.Join(errs...)
}

func ask(ctx context.Context, g Gateway) (admin.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return g.Client().Status(ctx)
}

// readKinds are the kinds that a gateway tells of under /status.
func readKinds() map[string]bool {
	return map[string]bool{
		"Ingress": true, "Service": true, "KongPlugin": true, "KongClusterPlugin": true, "KongConsumer": true,
	}
}

// Served waits until every gateway serves these objects, in these versions or
// newer ones, and those that are gone no more. Kinds that a gateway does not read
// are not waited for.
func Served(ctx context.Context, conn *cluster.Conn, live []*cluster.Object, gone []cluster.Ref) error {
	kinds := readKinds()
	want := map[string]int64{}
	for _, o := range live {
		if kinds[o.GetKind()] || credential(o) {
			want[cluster.RefOf(o).String()] = version(o.GetResourceVersion())
		}
	}
	backed := backed(live)
	not := map[string]bool{}
	for _, ref := range gone {
		if _, again := want[ref.String()]; !again {
			not[ref.String()] = true
		}
	}
	again := time.NewTicker(servedEvery)
	defer again.Stop()
	var missing error
	for {
		list, err := Gateways(ctx, conn)
		if err == nil {
			if missing = errors.Join(unserved(list, want, not), untargeted(list, backed)); missing == nil {
				return nil
			}
		} else {
			missing = err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting until the objects are served: %w; at last: %w", context.Cause(ctx), missing)
		}
	}
}

// unserved tells what some gateway does not serve yet.
func unserved(list []Gateway, want map[string]int64, not map[string]bool) error {
	for _, g := range list {
		served := index(g.Status.Objects)
		for name, v := range want {
			if got, ok := served[name]; !ok || got < v {
				return fmt.Errorf("%s does not serve %s yet", g.Pod, name)
			}
		}
		for name := range not {
			if _, ok := served[name]; ok {
				return fmt.Errorf("%s serves %s still", g.Pod, name)
			}
		}
	}
	return nil
}

// backed lists the Services among the objects that select pods of a Deployment
// among them, as the beginning of what gateways call theirs.
func backed(live []*cluster.Object) []string {
	var list []string
	for _, s := range live {
		selector, ok, _ := unstructured.NestedStringMap(s.Object, "spec", "selector")
		if s.GetKind() != "Service" || !ok {
			continue
		}
		for _, d := range live {
			labels, _, _ := unstructured.NestedStringMap(d.Object, "spec", "template", "metadata", "labels")
			replicas, given, _ := unstructured.NestedInt64(d.Object, "spec", "replicas")
			if d.GetKind() == "Deployment" && d.GetNamespace() == s.GetNamespace() && (!given || replicas > 0) && contains(labels, selector) {
				list = append(list, s.GetNamespace()+"."+s.GetName()+".")
				break
			}
		}
	}
	return list
}

func contains(labels, selector map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// untargeted tells which of the Services some gateway has no target for yet:
// pods are ready a little before gateways learn of them.
func untargeted(list []Gateway, services []string) error {
	for _, g := range list {
		for _, s := range g.Status.Services {
			for _, name := range services {
				if strings.HasPrefix(s.Name, name) && len(s.Targets) == 0 {
					return fmt.Errorf("%s knows no target of %s yet", g.Pod, s.Name)
				}
			}
		}
	}
	return nil
}

func index(objects []entity.Object) map[string]int64 {
	m := make(map[string]int64, len(objects))
	for _, o := range objects {
		m[o.Name] = version(o.Version)
	}
	return m
}

// version makes a number of a resourceVersion: API servers promise that those of
// one kind can be compared (KEP-5504).
func version(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// credential reports whether an object is a Secret that gateways read.
func credential(o *cluster.Object) bool {
	return o.GetKind() == "Secret" && o.GetLabels()["konghq.com/credential"] != ""
}
