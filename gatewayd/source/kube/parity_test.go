package kube_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// skipped are translation cases that an API server cannot be asked to hold.
func skipped() map[string]string {
	return map[string]string{
		"fuzz": "inputs of the fuzzer, not manifests",
	}
}

// refused are the objects of the cases that the API server does not take, each
// with a part of its text. They are left out of the files too.
func refused() map[string][]string {
	return map[string][]string{
		"class: Ingress demo/annotation-wins":               {"must match `ingressClassName` when both are specified"},
		"consumers-bad: KongConsumer demo/nameless":         {"Need to provide either username or custom_id"},
		"consumers-bad: KongConsumer demo/twice":            {`credentials[1]: Duplicate value: "twice"`},
		"demo: EndpointSlice api-gateway-demo/echo-1-local": {"may not be in the loopback range"},
		"demo: EndpointSlice api-gateway-demo/echo-2-local": {"may not be in the loopback range"},
		"endpoints: EndpointSlice demo/slices-2":            {"must be an IPv4 address"},
		"hosts: Ingress demo/in":                            {"a lowercase RFC 1123 subdomain", "a wildcard DNS-1123 subdomain"},
		"paths: Ingress demo/bad-type":                      {`Unsupported value: "Fuzzy"`},
		"paths: Ingress demo/in":                            {"must not contain '//'", "pathType must be specified"},
		"plugin-config-bad: KongPlugin demo/both":           {"Using both config and configFrom fields is not allowed."},
		"plugin-config-bad: KongPlugin demo/empty-ref":      {"should be at least 1 chars long"},
		"plugin-config-bad: KongPlugin demo/not-object":     {"config in body must be of type object"},
		"plugin-config-bad: KongPlugin demo/patch-and-from": {"Using both configFrom and configPatches fields is not allowed."},
		"plugin-config-bad: KongPlugin demo/patch-pointer":  {"should match '^(/.*)?$'"},
		"paths: Ingress demo/no-slash":                      {"must be an absolute path"},
		"plugin-fields: KongPlugin demo/bad-phase":          {"can name plugins for the phase access alone"},
		"plugin-fields: KongPlugin demo/bad-protocol":       {`Unsupported value: "gopher"`},
		"plugin-fields: KongPlugin demo/no-name":            {"plugin in body should be at least 1 chars long"},
		"ports: Ingress demo/in":                            {"port name or number is required"},
		"resource-backend: Ingress demo/in":                 {"resource or service backend is required"},
	}
}

// rounded are the objects that an API server changes: it holds numbers as 64-bit
// integers or floating point.
func rounded() map[string]bool {
	return map[string]bool{"plugin-config: KongPlugin demo/defaults": true}
}

// TestParity: every translation case gives the same entities, problems and
// revision out of files and out of a real API server.
func TestParity(t *testing.T) { //nolint:tparallel // cases share names in one cluster
	t.Parallel()
	cl := kubetest.Need(t, cluster).Client(t)
	ins, err := filepath.Glob("../../translate/testdata/*/in.yaml")
	if err != nil || len(ins) < 20 {
		t.Fatalf("got %d cases, error %v", len(ins), err)
	}
	ins = append(ins, "../../translate/testdata/article", "../../../manifests/demo")
	unseen := refused()
	for _, in := range ins {
		name := filepath.Base(filepath.Dir(in))
		if filepath.Ext(in) == "" {
			name = filepath.Base(in)
		}
		if skipped()[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) { parity(t, cl, in, name, unseen) })
	}
	for _, name := range slices.Sorted(maps.Keys(unseen)) {
		t.Errorf("%s was to be refused and was not there, or was taken", name)
	}
}

func parity(t *testing.T, cl client.Client, in, name string, unseen map[string][]string) {
	set, err := files.Read(in)
	if err != nil {
		t.Fatal(err)
	}
	kept, made := put(t, cl, set, name, unseen)
	spaces := map[string]bool{}
	for _, o := range made {
		if o.GetNamespace() != "" {
			spaces[o.GetNamespace()] = true
		}
	}
	if len(spaces) == 0 {
		spaces["default"] = true
	}
	w := watch(t, cluster.Config, slices.Sorted(maps.Keys(spaces))...)
	got := w.until(t, "all objects", func(s source.Set) bool { return complete(s, kept) })

	names := map[string]bool{}
	for _, i := range all(kept) {
		names[api.Name(i.Object)] = true
	}
	a, b := translated(plain(kept, nil)), translated(plain(got, names))
	if diff := cmp.Diff(printed(t, a), printed(t, b)); diff != "" {
		t.Errorf("entities differ (-files +API server):\n%s", diff)
	}
	sa, sb := compiled(a), compiled(b)
	if sa.Revision != sb.Revision {
		t.Errorf("revisions differ: %s of files, %s of the API server", sa.Revision, sb.Revision)
	}
	if diff := cmp.Diff(texts(sa.Problems), texts(sb.Problems)); diff != "" {
		t.Errorf("problems differ (-files +API server):\n%s", diff)
	}
}

// put creates the objects of a set; kept is the set without those that the API
// server refused and without kinds that a gateway does not read there.
func put(t *testing.T, cl client.Client, set source.Set, name string, unseen map[string][]string) (kept source.Set, made []client.Object) {
	t.Helper()
	slicesOf := map[string]bool{}
	for _, s := range set.EndpointSlices {
		slicesOf[s.Object.Namespace+"/"+s.Object.Labels[discoveryv1.LabelServiceName]] = true
	}
	for _, i := range all(set) {
		if i.Origin.Broken != "" || rounded()[name+": "+api.Name(i.Object)] {
			continue // no client could send it
		}
		o := i.Object.DeepCopyObject().(client.Object)
		kind := api.KindOf(i.Object)
		switch kind {
		case "Namespace", "ConfigMap", "Deployment":
			continue
		case "Endpoints":
			// A cluster's controller mirrors these into slices; here it does not run.
			if slicesOf[o.GetNamespace()+"/"+o.GetName()] {
				continue
			}
			for _, s := range mirror(o.(*corev1.Endpoints)) { //nolint:staticcheck // deprecated, still written
				t.Cleanup(func() { _ = cl.Delete(t.Context(), s) })
				if err := cl.Create(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			kept.Endpoints = append(kept.Endpoints, source.Item[*corev1.Endpoints]{Object: i.Object.(*corev1.Endpoints), Origin: i.Origin}) //nolint:staticcheck // as above
			continue
		}
		if o.GetNamespace() != "" {
			namespace(t, cl, o.GetNamespace())
		}
		key := name + ": " + api.Name(i.Object)
		parts := []client.Object{o}
		if in, ok := o.(*netv1.Ingress); ok && refused()[key] != nil {
			parts = apart(in)
		}
		for _, o := range parts {
			given := o.DeepCopyObject().(api.Resource)
			if err := cl.Create(t.Context(), o); err != nil {
				if !slices.ContainsFunc(refused()[key], func(want string) bool { return strings.Contains(err.Error(), want) }) {
					t.Errorf("%q: the API server refuses it: %v", key, err)
				}
				delete(unseen, key)
				continue
			}
			t.Cleanup(func() {
				if err := cl.Delete(context.WithoutCancel(t.Context()), o); err != nil {
					t.Error(err)
				}
			})
			kept.Add(given, i.Origin)
			made = append(made, o)
		}
	}
	kept.Sort()
	return kept, made
}

// apart gives an Ingress for every path of one that is refused, so that what is
// sound in it is compared all the same.
func apart(in *netv1.Ingress) []client.Object {
	var out []client.Object
	part := func() *netv1.Ingress {
		p := in.DeepCopy()
		p.Name = fmt.Sprintf("%s-%d", in.Name, len(out))
		p.Spec.Rules, p.Spec.DefaultBackend = nil, nil
		out = append(out, p)
		return p
	}
	if in.Spec.DefaultBackend != nil {
		part().Spec.DefaultBackend = in.Spec.DefaultBackend
	}
	for _, rule := range in.Spec.Rules {
		if rule.HTTP == nil {
			part().Spec.Rules = []netv1.IngressRule{rule}
			continue
		}
		for _, path := range rule.HTTP.Paths {
			one := rule
			one.HTTP = &netv1.HTTPIngressRuleValue{Paths: []netv1.HTTPIngressPath{path}}
			part().Spec.Rules = []netv1.IngressRule{one}
		}
	}
	return out
}

// all lists the items of a set.
func all(set source.Set) []source.Item[api.Resource] {
	var out []source.Item[api.Resource]
	out = items(out, set.Namespaces)
	out = items(out, set.ConfigMaps)
	out = items(out, set.Services)
	out = items(out, set.Endpoints)
	out = items(out, set.EndpointSlices)
	out = items(out, set.Secrets)
	out = items(out, set.Ingresses)
	out = items(out, set.IngressClasses)
	out = items(out, set.Deployments)
	out = items(out, set.Plugins)
	out = items(out, set.ClusterPlugins)
	out = items(out, set.Consumers)
	out = items(out, set.ConsumerGroups)
	out = items(out, set.UpstreamPolicies)
	return items(out, set.KongIngresses)
}

func items[T api.Resource](out []source.Item[api.Resource], in []source.Item[T]) []source.Item[api.Resource] {
	for _, i := range in {
		out = append(out, source.Item[api.Resource]{Object: i.Object, Origin: i.Origin})
	}
	return out
}

// mirror makes of Endpoints what the endpointslicemirroring controller makes.
func mirror(e *corev1.Endpoints) []*discoveryv1.EndpointSlice { //nolint:staticcheck // deprecated, still written
	var out []*discoveryv1.EndpointSlice
	for n, subset := range e.Subsets {
		s := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
		s.ObjectMeta = metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-mirror-%d", e.Name, n), Namespace: e.Namespace, Labels: map[string]string{discoveryv1.LabelServiceName: e.Name},
		}
		for _, p := range subset.Ports {
			s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol})
			if p.Protocol == "" {
				s.Ports[len(s.Ports)-1].Protocol = nil
			}
		}
		add := func(list []corev1.EndpointAddress, ready bool) {
			for _, a := range list {
				s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
					Addresses: []string{a.IP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready},
				})
			}
		}
		add(subset.Addresses, true)
		add(subset.NotReadyAddresses, false)
		out = append(out, s)
	}
	return out
}

// complete tells whether a set has everything that was put; Secrets without the
// label are there only where something names them.
func complete(got, want source.Set) bool {
	have := map[string]bool{}
	for _, o := range got.Objects() {
		have[o.Name] = true
	}
	for _, i := range all(want) {
		s, secret := i.Object.(*corev1.Secret)
		if kind := api.KindOf(i.Object); kind == "Endpoints" || secret && s.Labels["konghq.com/credential"] == "" {
			continue
		}
		if !have[api.Name(i.Object)] {
			return false
		}
	}
	return true
}

// plain gives the objects of a set without what files and an API server cannot
// have in common: places, versions and ages. only, when not nil, are the names of
// those that are kept, for other tests share the cluster.
func plain(set source.Set, only map[string]bool) source.Set {
	var out source.Set
	for _, i := range all(set) {
		if only != nil && !only[api.Name(i.Object)] && api.KindOf(i.Object) != "EndpointSlice" {
			continue
		}
		o := i.Object.DeepCopyObject().(api.Resource)
		o.SetCreationTimestamp(metav1.Time{})
		out.Add(o, source.Origin{Broken: i.Origin.Broken})
	}
	out.Sort()
	return out
}

func translated(set source.Set) *entity.Config {
	cfg := translate.Translate(set, translate.Options{Kinds: plugins.All()})
	cfg.Objects = nil
	return cfg
}

func compiled(cfg *entity.Config) *snapshot.Snapshot {
	return snapshot.Compile(cfg, snapshot.Options{Kinds: plugins.All(), Env: plugin.Env{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Wait:   func(context.Context, time.Duration) error { return nil },
		Shared: func(_ string, open func() (any, error)) (any, error) { return open() },
	}})
}

func printed(t *testing.T, cfg *entity.Config) string {
	t.Helper()
	raw, err := json.MarshalIndent(cfg, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func texts(list []problem.Problem) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}
