package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
)

var cluster *kubetest.Cluster

func TestMain(m *testing.M) {
	kubetest.Main(m, func(c *kubetest.Cluster) { cluster = c })
}

// output is what a command prints, to be read while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// objects have an external name for a Service, as an API server takes no
// EndpointSlice with loopback addresses.
const objects = `apiVersion: v1
kind: Service
metadata: {name: up, namespace: default}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: good, namespace: default, annotations: {konghq.com/plugins: auth}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /good, pathType: Prefix, backend: {service: {name: up, port: {number: PORT}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: bad, namespace: default, annotations: {konghq.com/plugins: limit}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /bad, pathType: Prefix, backend: {service: {name: up, port: {number: PORT}}}}]}}]
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: auth, namespace: default}
plugin: key-auth
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: default}
plugin: rate-limiting
config: {minute: -1}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ann, namespace: default, annotations: {kubernetes.io/ingress.class: kong}}
username: ann
credentials: [ann-key]
---
apiVersion: v1
kind: Secret
metadata: {name: ann-key, namespace: default, labels: {konghq.com/credential: key-auth}}
stringData: {key: open-sesame}
`

// TestServeKubernetes serves what stands in a cluster: one bad plugin costs its
// own route alone and says so on the object, and the Lease is given back at the end.
func TestServeKubernetes(t *testing.T) {
	cl := kubetest.Need(t, cluster).Client(t)
	up := proxytest.NewUpstream(t, nil)
	for doc := range strings.SplitSeq(strings.ReplaceAll(objects, "PORT", fmt.Sprint(up.Port)), "---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &u.Object); err != nil {
			t.Fatal(err)
		}
		if err := cl.Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("POD_NAMESPACE", "default")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log := &output{}
	c := serveCommand()
	c.SetErr(log)
	c.SetArgs([]string{
		"--kubernetes", "--kubeconfig", cluster.Kubeconfig(t), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--health", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0", "--webhook-service", "default/hook", "--instance", "gw-1",
	})
	done := make(chan error, 1)
	go func() { done <- c.ExecuteContext(ctx) }()

	proxy := "http://" + wait(t, func() string {
		m := regexp.MustCompile(`proxy=(\S+)`).FindStringSubmatch(log.String())
		if m == nil {
			return ""
		}
		return m[1]
	})
	wait(t, func() string { // until a configuration is served, connections wait
		if strings.Contains(log.String(), "a configuration is served") {
			return "yes"
		}
		return ""
	})
	for path, want := range map[string]int{"/good": 401, "/good?apikey=open-sesame": 200, "/bad": 500} {
		if got := get(t, proxy+path); got != want {
			t.Errorf("%s: got status %d, want %d", path, got, want)
		}
	}
	plugin := &api.KongPlugin{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "limit"}}
	said := wait(t, func() string {
		if err := cl.Get(t.Context(), client.ObjectKeyFromObject(plugin), plugin); err != nil {
			t.Fatal(err)
		}
		if len(plugin.Status.Conditions) == 0 {
			return ""
		}
		return plugin.Status.Conditions[0].Message
	})
	if want := "config.minute: must be above 0 and at most 2^53"; said != want {
		t.Errorf("the condition says %q, want %q", said, want)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("got error %v, want none at the end", err)
	}
	var lease coordinationv1.Lease
	if err := cl.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "gatewayd"}, &lease); err != nil {
		t.Fatal(err)
	}
	if h := lease.Spec.HolderIdentity; h != nil && *h != "" {
		t.Errorf("the Lease is held by %q still", *h)
	}
}

// wait asks until there is an answer.
func wait(t *testing.T, ask func() string) string {
	t.Helper()
	limit := time.Now().Add(60 * time.Second)
	for {
		if got := ask(); got != "" {
			return got
		}
		if time.Now().After(limit) {
			t.Fatal("did not come true within a minute")
		}
		<-time.After(50 * time.Millisecond)
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestServeFlags: what cannot be meant is refused, with what would be right.
func TestServeFlags(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	t.Setenv("KUBECONFIG", "")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	file := t.TempDir() + "/kubeconfig"
	text := "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                                  "at least one of the flags in the group [config kubernetes] is required",
		"--kubernetes --config x":           "none of the others can be; [config kubernetes] were all set",
		"--kubernetes":                      "run in a pod, or give --kubeconfig",
		"--kubernetes --kubeconfig " + file: "POD_NAMESPACE is not set",
		"--kubernetes --leader-elect=false --publish-service proxy --kubeconfig " + file: `--publish-service "proxy": must be NAMESPACE/NAME`,
	} {
		c := serveCommand()
		c.SilenceUsage, c.SilenceErrors = true, true
		c.SetErr(io.Discard)
		c.SetArgs(strings.Fields(args))
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want one with %q", args, err, want)
		}
	}
}
