package kube_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
)

// patience bounds the wait for something that must come true.
const patience = 20 * time.Second

// watching is a source that runs.
type watching struct {
	*kube.Source
	sets chan source.Set
}

// watch runs a source until the test ends.
func watch(t *testing.T, cfg *rest.Config, namespaces ...string) *watching {
	t.Helper()
	src, err := kube.New(kube.Options{Config: cfg, Namespaces: namespaces, Retry: 200 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{src, make(chan source.Set, 1)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- src.Run(ctx, func(s source.Set) {
			select {
			case <-w.sets: // nobody has taken the last
			default:
			}
			w.sets <- s
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the source ended with %v", err)
		}
	})
	return w
}

// until waits for a set that is as wanted.
func (w *watching) until(t *testing.T, what string, ok func(source.Set) bool) source.Set {
	t.Helper()
	limit := time.After(patience)
	var last source.Set
	for {
		select {
		case last = <-w.sets:
			if ok(last) {
				return last
			}
		case <-limit:
			t.Fatalf("%s did not come true; the last is a %v with %v and problems %v", what, last, last.Objects(), last.Problems)
		}
	}
}

func has(set source.Set, name string) bool {
	return slices.ContainsFunc(set.Objects(), func(o entity.Object) bool { return o.Name == name })
}

// namespace makes one that no other test uses.
func namespace(t *testing.T, cl client.Client, name string) {
	t.Helper()
	err := cl.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
}

// create makes objects, one YAML document each.
func create(t *testing.T, cl client.Client, docs ...string) {
	t.Helper()
	for _, doc := range docs {
		if err := cl.Create(t.Context(), parse(t, doc)); err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
	}
}

// TestSecrets: labelled Secrets and named ones are in the set, others are not;
// a change of a named one is seen, and managed fields are not held.
func TestSecrets(t *testing.T) {
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	namespace(t, cl, "secrets")
	create(
		t, cl,
		"apiVersion: v1\nkind: Secret\nmetadata: {name: labelled, namespace: secrets, labels: {konghq.com/credential: key-auth}}\nstringData: {key: a}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: named, namespace: secrets}\nstringData: {config: '{}'}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: secrets}\nstringData: {a: b}\n",
	)
	w := watch(t, cluster.Config, "secrets")
	set := w.until(t, "the first set", func(source.Set) bool { return true })
	if has(set, "Secret secrets/named") || has(set, "Secret secrets/other") || !has(set, "Secret secrets/labelled") {
		t.Errorf("got %v, want the labelled Secret alone", set.Objects())
	}
	if f := set.Secrets[0].Object.ManagedFields; f != nil {
		t.Errorf("managed fields are held: %v", f)
	}
	create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p, namespace: secrets}\nplugin: key-auth\nconfigFrom: {secretKeyRef: {name: named, key: config}}\n")
	w.until(t, "the named Secret", func(s source.Set) bool { return has(s, "Secret secrets/named") && !has(s, "Secret secrets/other") })

	var named corev1.Secret
	if err := cl.Get(t.Context(), client.ObjectKey{Namespace: "secrets", Name: "named"}, &named); err != nil {
		t.Fatal(err)
	}
	named.Data = map[string][]byte{"config": []byte(`{"key_names":["x"]}`)}
	if err := cl.Update(t.Context(), &named); err != nil {
		t.Fatal(err)
	}
	set = w.until(t, "the changed Secret", func(s source.Set) bool {
		i := slices.IndexFunc(s.Secrets, func(i source.Item[*corev1.Secret]) bool { return i.Object.Name == "named" })
		return i >= 0 && s.Secrets[i].Origin.Version == named.ResourceVersion
	})
	if err := cl.Delete(t.Context(), &named); err != nil {
		t.Fatal(err)
	}
	w.until(t, "no such Secret", func(s source.Set) bool { return !has(s, "Secret secrets/named") })
	_ = set
}

// TestNamespaces: only those that were asked for are read.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	for _, ns := range []string{"watched-a", "watched-b", "unwatched"} {
		namespace(t, cl, ns)
		create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p, namespace: "+ns+"}\nplugin: key-auth\n")
	}
	w := watch(t, cluster.Config, "watched-a", "watched-b")
	set := w.until(t, "both plugins", func(s source.Set) bool { return len(s.Plugins) == 2 })
	if has(set, "KongPlugin unwatched/p") {
		t.Errorf("got %v, want nothing of namespace unwatched", set.Objects())
	}
	create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: q, namespace: watched-b}\nplugin: key-auth\n")
	w.until(t, "the third plugin", func(s source.Set) bool { return len(s.Plugins) == 3 })
}

// cable is a TCP proxy to the API server that can be cut.
type cable struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	conns    []net.Conn
}

func lay(t *testing.T, to string) *cable {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, to: to}
	t.Cleanup(func() { l.Close(); c.set(true) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	return c
}

func (c *cable) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer to.Close()
	c.mu.Lock()
	if c.cut {
		c.mu.Unlock()
		return
	}
	c.conns = append(c.conns, from, to)
	c.mu.Unlock()
	go func() { _, _ = io.Copy(to, from); to.Close() }()
	_, _ = io.Copy(from, to)
}

// set cuts the cable, and every connection with it, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// TestAPIServerAway: nothing is sent while the API server is away, so what came
// last stays; what has changed meanwhile comes when it is back. A source that
// starts without it waits.
func TestAPIServerAway(t *testing.T) {
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	namespace(t, cl, "away")
	create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p, namespace: away}\nplugin: key-auth\n")
	host := strings.Trim(strings.TrimPrefix(cluster.Config.Host, "https:"), "/")
	c := lay(t, host)
	cfg := rest.CopyConfig(cluster.Config)
	cfg.Host = "https://" + c.listener.Addr().String()
	c.set(true)
	w := watch(t, cfg, "away")
	select {
	case s := <-w.sets:
		t.Fatalf("got %v while the API server is away, want nothing", s)
	case <-time.After(time.Second):
	}
	c.set(false)
	w.until(t, "the first set", func(s source.Set) bool { return len(s.Plugins) == 1 })

	c.set(true)
	create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: q, namespace: away}\nplugin: key-auth\n")
	select {
	case s := <-w.sets:
		t.Fatalf("got %v while the API server is away, want nothing", s)
	case <-time.After(1500 * time.Millisecond):
	}
	if last := w.Last(); len(last.Plugins) != 1 {
		t.Errorf("got %v, want the set from before", last)
	}
	c.set(false)
	w.until(t, "what changed meanwhile", func(s source.Set) bool { return len(s.Plugins) == 2 })
}

// TestCRDsMissing: what is missing is named, the rest is served, and it is read
// as soon as it is there.
func TestCRDsMissing(t *testing.T) {
	t.Parallel()
	kubetest.Need(t, cluster)
	bare := kubetest.Bare(t)
	cl := bare.Client(t)
	create(t, cl, "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\nspec: {ports: [{port: 80}]}\n")
	w := watch(t, bare.Config)
	set := w.until(t, "the first set", func(s source.Set) bool { return has(s, "Service default/s") })
	want := []string{
		"error: CustomResourceDefinition kongclusterplugins.configuration.konghq.com: is not installed, so no KongClusterPlugin is read; install the chart's CRDs (helm does, without --skip-crds)",
		"warning: CustomResourceDefinition kongconsumergroups.configuration.konghq.com: is not installed, so no KongConsumerGroup is read; install the chart's CRDs (helm does, without --skip-crds)",
	}
	got := texts(set.Problems)
	if len(got) != 6 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got problems\n%s\nwant six, the first\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	bare.InstallCRDs(t)
	create(t, cl, "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p, namespace: default}\nplugin: key-auth\n")
	w.until(t, "the plugin", func(s source.Set) bool { return len(s.Problems) == 0 && has(s, "KongPlugin default/p") })
}
