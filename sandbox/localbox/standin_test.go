package localbox

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/source"
	"github.com/gwctl/gwctl/gatewayd/source/files"
)

// read reads manifests as the gateway's source does.
func read(t *testing.T, text string) source.Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := files.Read(path)
	if err != nil || len(set.Problems) > 0 {
		t.Fatalf("got %v, %v", set.Problems, err)
	}
	return set
}

func standinsFor(t *testing.T, grace time.Duration) *standins {
	t.Helper()
	s := newStandins(slog.New(slog.DiscardHandler), grace)
	t.Cleanup(func() { s.close(time.Second) })
	return s
}

const (
	service    = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: ns}\nspec: {selector: {app: a}, ports: [{name: web, port: 80, targetPort: http}, {port: 81, targetPort: 9}]}\n---\n"
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: ns}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, tier: front}}, spec: {containers: [{name: c, image: i}]}}}\n---\n"
)

func replicasOf(n int) string {
	return strings.Replace(deployment, "spec: {selector", fmt.Sprintf("spec: {replicas: %d, selector", n), 1)
}

func TestWhoGetsStandIns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, manifests string
		want            int
	}{
		{"a Service whose Deployment is there", service + deployment, 1},
		{"three replicas", service + replicasOf(3), 3},
		{"no replicas", service + replicasOf(0), 0},
		{"too many replicas", service + replicasOf(1000), maxReplicas},
		{"two Deployments", service + replicasOf(2) + strings.Replace(deployment, "name: d,", "name: e,", 1), 3},
		{"no Deployment", service, 0},
		{"a Deployment elsewhere", service + strings.Replace(deployment, "namespace: ns", "namespace: other", 1), 0},
		{"a Deployment with other labels", service + strings.Replace(deployment, "labels: {app: a,", "labels: {app: b,", 1), 0},
		{"no selector", strings.Replace(service, "selector: {app: a}, ", "", 1) + deployment, 0},
		{"an external name", strings.Replace(service, "selector:", "type: ExternalName, externalName: example.com, selector:", 1) + deployment, 0},
		{
			"Endpoints are there",
			service + deployment + "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a, namespace: ns}\n", 0,
		},
		{
			"an EndpointSlice is there",
			service + deployment + "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, namespace: ns, labels: {kubernetes.io/service-name: a}}\naddressType: IPv4\nendpoints: []\n", 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := read(t, tt.manifests)
			before := in.Len()
			got := standinsFor(t, time.Hour).extend(in)
			if n := got.Len() - before; n != tt.want || in.Len() != before || len(got.Problems) > 0 {
				t.Errorf("got %d stand-ins and problems %v, want %d and none; the set went from %d to %d",
					n, got.Problems, tt.want, before, in.Len())
			}
		})
	}
}

// TestStandInsServe: every port of the Service leads to a stand-in that answers
// under the Service's name; stand-ins are kept, and go when they are no longer
// wanted.
func TestStandInsServe(t *testing.T) {
	t.Parallel()
	s := standinsFor(t, 0)
	addresses := func(set source.Set) []string {
		var out []string
		for _, item := range s.extend(set).EndpointSlices {
			e := item.Object
			if len(e.Ports) != 2 || *e.Ports[0].Name != "web" || *e.Ports[1].Name != "" || *e.Ports[0].Port != *e.Ports[1].Port {
				t.Errorf("got ports %v, want both of the Service's on one", e.Ports)
			}
			out = append(out, fmt.Sprintf("%s:%d", e.Endpoints[0].Addresses[0], *e.Ports[0].Port))
		}
		return out
	}
	two := addresses(read(t, service+replicasOf(2)))
	if len(two) != 2 || two[0] == two[1] {
		t.Fatalf("got %v, want two addresses", two)
	}
	for i, address := range two {
		res, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if want := fmt.Sprintf("a-%d", i); res.Header.Get("X-Echo-Instance") != want || !strings.Contains(string(body), `"service":"a"`) {
			t.Errorf("got instance %q, body %s; want %q of service a", res.Header.Get("X-Echo-Instance"), body, want)
		}
	}
	three := addresses(read(t, service+replicasOf(3)))
	if diff := cmp.Diff(two, three[:2]); diff != "" {
		t.Errorf("stand-ins were not kept (-want +got):\n%s", diff)
	}
	addresses(read(t, service))
	for again := time.NewTicker(time.Millisecond); ; <-again.C {
		s.mu.Lock()
		left := len(s.running)
		s.mu.Unlock()
		if left == 0 {
			break
		}
	}
	s.wg.Wait()
	if answers(t.Context(), two[0]) {
		t.Error("a stand-in that nobody wants still listens")
	}
}

// TestStandInComesBack: one that is wanted again while it lives on stays.
func TestStandInComesBack(t *testing.T) {
	t.Parallel()
	s := standinsFor(t, time.Hour)
	with, without := read(t, service+deployment), read(t, service)
	first := s.extend(with).EndpointSlices[0].Origin.Version
	s.extend(without)
	if got := s.extend(with).EndpointSlices[0].Origin.Version; got != first {
		t.Errorf("got %s, want %s again", got, first)
	}
}
