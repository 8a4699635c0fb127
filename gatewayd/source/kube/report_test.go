package kube_test

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/api/v1beta1"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
	"github.com/gwctl/gwctl/gatewayd/source/kube/report"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// counting counts the writes of a client.
type counting struct {
	client.Client
	writes atomic.Int64
}

func (c *counting) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	c.writes.Add(1)
	return c.Client.Create(ctx, o, opts...)
}

func (c *counting) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	c.writes.Add(1)
	return c.Client.Patch(ctx, o, p, opts...)
}

func (c *counting) Status() client.SubResourceWriter { return countingStatus{c.Client.Status(), c} }

type countingStatus struct {
	client.SubResourceWriter
	c *counting
}

func (s countingStatus) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	s.c.writes.Add(1)
	return s.SubResourceWriter.Patch(ctx, o, p, opts...)
}

// reporting is a gateway without a proxy: it reads a namespace, and reports.
func reporting(t *testing.T, cfg *rest.Config, ns string, publish client.ObjectKey) (*report.Reporter, *counting) {
	t.Helper()
	src, err := kube.New(kube.Options{Config: cfg, Namespaces: []string{ns}})
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Client: src.Client()}
	r := report.New(report.Options{
		Client: c, Class: "kong", Publish: publish, Instance: "gw-1", Retry: 200 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- src.Run(ctx, func(set source.Set) {
			cfg := translate.Translate(set, translate.Options{Kinds: plugins.All()})
			r.Report(report.Result{Set: set, Config: cfg, Problems: compiled(cfg).Problems})
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the source ended with %v", err)
		}
	})
	return r, c
}

// run runs f until the test or stop ends it.
func run(t *testing.T, f func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// eventually asks until the answer is as wanted.
func eventually[T any](t *testing.T, want T, ask func() T) {
	t.Helper()
	limit := time.Now().Add(patience)
	for {
		got := ask()
		diff := cmp.Diff(want, got)
		if diff == "" {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("did not come true (-want +got):\n%s", diff)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// say prints the condition of an object.
func say(t *testing.T, cl client.Client, o client.Object) string {
	t.Helper()
	if err := cl.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		return err.Error()
	}
	var list []metav1.Condition
	switch o := o.(type) {
	case *api.KongPlugin:
		list = o.Status.Conditions
	case *api.KongClusterPlugin:
		list = o.Status.Conditions
	case *api.KongConsumer:
		list = o.Status.Conditions
	case *v1beta1.KongConsumerGroup:
		list = o.Status.Conditions
	case *v1beta1.KongUpstreamPolicy:
		for _, a := range o.Status.Ancestors {
			list = append(list, a.Conditions...)
		}
	}
	c := meta.FindStatusCondition(list, report.Programmed)
	if c == nil {
		return "none"
	}
	if c.ObservedGeneration != o.GetGeneration() {
		return "of another generation"
	}
	return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
}

// told lists the events of a namespace.
func told(t *testing.T, cl client.Client, ns string) []string {
	t.Helper()
	var list corev1.EventList
	if err := cl.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range list.Items {
		out = append(out, fmt.Sprintf("%s %s/%s %s %s (%d)", e.Type, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Reason, e.Message, e.Count))
	}
	sort.Strings(out)
	return out
}

const backend = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %s, namespace: %s, annotations: {konghq.com/plugins: "%s"}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /%[1]s, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`

// TestReport: what became of objects stands on them: conditions, events and the
// address. When nothing changes, nothing is written; what is mended says so.
func TestReport(t *testing.T) {
	t.Parallel()
	const ns = "report"
	cl := kubetest.Need(t, cluster).Client(t)
	namespace(t, cl, ns)
	kong := "apiVersion: configuration.konghq.com/v1\nkind: %s\nmetadata: {name: %s, namespace: report, annotations: {kubernetes.io/ingress.class: %s}}\n%s\n"
	create(
		t, cl,
		"apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: report}\nspec: {ports: [{port: 80}]}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: proxy, namespace: report}\nspec: {type: LoadBalancer, ports: [{port: 80}], externalIPs: [192.0.2.9]}\n",
		fmt.Sprintf(backend, "good", ns, "limit"), fmt.Sprintf(backend, "bad", ns, "faulty"),
		fmt.Sprintf(kong, "KongPlugin", "limit", "kong", "plugin: rate-limiting\nconfig: {minute: 5}"),
		fmt.Sprintf(kong, "KongPlugin", "faulty", "kong", "plugin: rate-limiting\nconfig: {minute: -1}"),
		fmt.Sprintf(kong, "KongPlugin", "spare", "kong", "plugin: key-auth"),
		fmt.Sprintf(kong, "KongConsumer", "ann", "kong", "username: ann"),
		fmt.Sprintf(kong, "KongConsumer", "bob", "kong", "username: bob\ncredentials: [gone]"),
		fmt.Sprintf(kong, "KongConsumer", "eve", "other", "username: eve"),
		fmt.Sprintf(kong, "KongIngress", "old", "kong", ""),
		"apiVersion: configuration.konghq.com/v1beta1\nkind: KongConsumerGroup\nmetadata: {name: gold, namespace: report}\n",
		"apiVersion: configuration.konghq.com/v1beta1\nkind: KongUpstreamPolicy\nmetadata: {name: lc, namespace: report}\nspec: {algorithm: least-connections}\n",
	)
	r, writes := reporting(t, cluster.Config, ns, client.ObjectKey{Namespace: ns, Name: "proxy"})
	stop := run(t, r.Run)
	in := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, Name: name} }
	conditions := func() map[string]string {
		return map[string]string{
			"limit":  say(t, cl, &api.KongPlugin{ObjectMeta: in("limit")}),
			"faulty": say(t, cl, &api.KongPlugin{ObjectMeta: in("faulty")}),
			"spare":  say(t, cl, &api.KongPlugin{ObjectMeta: in("spare")}),
			"ann":    say(t, cl, &api.KongConsumer{ObjectMeta: in("ann")}),
			"bob":    say(t, cl, &api.KongConsumer{ObjectMeta: in("bob")}),
			"eve":    say(t, cl, &api.KongConsumer{ObjectMeta: in("eve")}),
			"gold":   say(t, cl, &v1beta1.KongConsumerGroup{ObjectMeta: in("gold")}),
			"lc":     say(t, cl, &v1beta1.KongUpstreamPolicy{ObjectMeta: in("lc")}),
		}
	}
	const (
		minute  = "config.minute: must be above 0 and at most 2^53"
		missing = "credentials[0]: names Secret report/gone, which does not exist; create it or correct the name"
	)
	want := map[string]string{
		"limit":  "True Programmed: The gateway serves it.",
		"faulty": "False Invalid: " + minute,
		"spare":  "Unknown Pending: Nothing that the gateway serves names it yet.",
		"ann":    "True Programmed: The gateway serves it.",
		"bob":    "False Invalid: " + missing,
		"eve":    "none",
		"gold":   "False NotSupported: KongConsumerGroup is not supported yet; the gateway serves without it",
		"lc":     "False NotSupported: KongUpstreamPolicy is not supported yet; the gateway serves without it",
	}
	eventually(t, want, conditions)
	events := []string{
		"Warning KongConsumer/bob KongConfigurationTranslationFailed " + missing + " (1)",
		"Warning KongConsumerGroup/gold KongConfigurationWarning KongConsumerGroup is not supported yet; the gateway serves without it (1)",
		"Warning KongIngress/old KongConfigurationWarning KongIngress is not supported yet; the gateway serves without it (1)",
		"Warning KongPlugin/faulty KongConfigurationTranslationFailed " + minute + " (1)",
		"Warning KongUpstreamPolicy/lc KongConfigurationWarning KongUpstreamPolicy is not supported yet; the gateway serves without it (1)",
	}
	eventually(t, events, func() []string { return told(t, cl, ns) })
	addresses := func() []string {
		var out []string
		for _, name := range []string{"good", "bad"} {
			var i netv1.Ingress
			if err := cl.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, &i); err != nil {
				t.Fatal(err)
			}
			for _, a := range i.Status.LoadBalancer.Ingress {
				out = append(out, name+" "+a.IP+a.Hostname)
			}
		}
		return out
	}
	eventually(t, []string{"good 192.0.2.9", "bad 192.0.2.9"}, addresses)

	var svc corev1.Service
	if err := cl.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "proxy"}, &svc); err != nil {
		t.Fatal(err)
	}
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: "lb.example.com"}}
	if err := cl.Status().Update(t.Context(), &svc); err != nil {
		t.Fatal(err)
	}
	eventually(t, []string{"good lb.example.com", "good 192.0.2.9", "bad lb.example.com", "bad 192.0.2.9"}, addresses)

	// Once everything stands, another leader has nothing to write.
	stop()
	<-time.After(600 * time.Millisecond) // what was written comes back through the watch
	before := writes.writes.Load()
	stop = run(t, r.Run)
	<-time.After(600 * time.Millisecond)
	if n := writes.writes.Load() - before; n > int64(len(events)) {
		t.Errorf("a new leader wrote %d times, want no more than the %d events that stand there already", n, len(events))
	}
	if diff := cmp.Diff(events, told(t, cl, ns)); diff != "" {
		t.Errorf("a new leader told something twice (-want +got):\n%s", diff)
	}

	// Mended, it says so; broken again, the event's count rises.
	change := func(name, config string) {
		t.Helper()
		p := &api.KongPlugin{ObjectMeta: in(name)}
		if err := cl.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			t.Fatal(err)
		}
		p.Config = []byte(config)
		if err := cl.Update(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	change("faulty", `{"minute":7}`)
	want["faulty"] = "True Programmed: The gateway serves it."
	eventually(t, want, conditions)
	change("faulty", `{"minute":-1}`)
	want["faulty"] = "False Invalid: " + minute
	eventually(t, want, conditions)
	events[3] = strings.Replace(events[3], "(1)", "(2)", 1)
	eventually(t, events, func() []string { return told(t, cl, ns) })
	stop()
}

// TestOneWrites: of two gateways the one that leads writes; when it stops, it gives
// the Lease back and the other goes on. A gateway that loses the API server loses
// the Lease, not its last set.
func TestOneWrites(t *testing.T) {
	t.Parallel()
	const ns = "lead"
	cl := kubetest.Need(t, cluster).Client(t)
	namespace(t, cl, ns)
	plugin := "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: %s, namespace: lead}\nplugin: key-auth\n"
	create(t, cl, fmt.Sprintf(plugin, "a"))
	var leading atomic.Int64
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	begin := func(name string) (*counting, func()) {
		r, c := reporting(t, cluster.Config, ns, client.ObjectKey{})
		return c, run(t, func(ctx context.Context) {
			err := report.Lead(ctx, report.LeadOptions{
				Config: cluster.Config, Lease: client.ObjectKey{Namespace: ns, Name: "gatewayd"}, Identity: name, Log: log, Duration: 3 * time.Second,
			}, func(ctx context.Context) {
				if n := leading.Add(1); n > 1 {
					t.Errorf("%d gateways lead at a time", n)
				}
				defer leading.Add(-1)
				r.Run(ctx)
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	first, stopFirst := begin("one")
	pending := "Unknown Pending: Nothing that the gateway serves names it yet."
	get := func(name string) func() string {
		return func() string {
			return say(t, cl, &api.KongPlugin{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}})
		}
	}
	eventually(t, pending, get("a"))
	second, stopSecond := begin("two")
	create(t, cl, fmt.Sprintf(plugin, "b"))
	eventually(t, pending, get("b"))
	if first.writes.Load() < 2 || second.writes.Load() != 0 {
		t.Errorf("got %d writes of the leader and %d of the other, want at least 2 and 0", first.writes.Load(), second.writes.Load())
	}
	stopFirst()
	create(t, cl, fmt.Sprintf(plugin, "c"))
	eventually(t, pending, get("c"))
	if second.writes.Load() == 0 {
		t.Error("the second gateway wrote nothing after the first had gone")
	}
	stopSecond()
	if err := report.Lead(t.Context(), report.LeadOptions{Config: cluster.Config, Log: log}, nil); err == nil || !strings.Contains(err.Error(), "POD_NAMESPACE") {
		t.Errorf("got error %v without a namespace, want one that says what to set", err)
	}
}
