package daemon_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

// running is a daemon over a directory of manifests, with one upstream.
type running struct {
	*daemon.Daemon
	dir    string
	up     *proxytest.Upstream
	client *admin.Client
	stop   context.CancelFunc
	done   chan error
}

const manifests = `apiVersion: v1
kind: Service
metadata: {name: up, namespace: demo}
spec: {ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: up, namespace: demo, labels: {kubernetes.io/service-name: up}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{port: PORT}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: routes, namespace: demo, annotations: {konghq.com/plugins: quota}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: up, port: {number: 80}}}}]}}]
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: quota, namespace: demo}
plugin: rate-limiting
config: {minute: 5}
`

func start(t *testing.T, change ...func(*daemon.Options)) *running {
	t.Helper()
	r := &running{dir: t.TempDir(), up: proxytest.NewUpstream(t, nil), done: make(chan error, 1)}
	r.write(t, manifests)
	o := daemon.Options{
		Version: "test", Instance: "gw-a", Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Health: "127.0.0.1:0", Kinds: plugins.All(),
		Provider: daemon.Manifests(files.New([]string{r.dir}, files.Options{}), translate.Options{Kinds: plugins.All()}),
	}
	for _, f := range change {
		f(&o)
	}
	d, err := daemon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.Daemon, r.stop, r.client = d, stop, admin.NewClient(d.AdminAddr(), o.AdminToken)
	go func() { r.done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	})
	<-d.Served()
	return r
}

func (r *running) write(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(r.dir, "all.yaml")
	text = strings.ReplaceAll(text, "PORT", fmt.Sprint(r.up.Port))
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// until asks for the status until it is as wanted.
func (r *running) until(t *testing.T, what string, ok func(admin.Status) bool) admin.Status {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		s, err := r.client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come true; status: %+v", what, s)
		}
	}
}

func (r *running) get(t *testing.T, path string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header
}

func TestStatusAndCounters(t *testing.T) {
	t.Parallel()
	r := start(t)
	s, err := r.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Instance != "gw-a" || !s.Ready || s.Revision == "" || len(s.Routes) != 1 || s.Routes[0].Plugins[0] != "rate-limiting" || len(s.Objects) != 4 || len(s.Objects[0].Version) != 64 {
		t.Errorf("status = %+v", s)
	}
	for range 5 {
		r.get(t, "/")
	}
	if code, _ := r.get(t, "/"); code != 429 {
		t.Fatalf("sixth: %d", code)
	}
	if err := r.client.ClearCounters(t.Context(), "key-auth"); err != nil {
		t.Fatal(err)
	}
	if code, _ := r.get(t, "/"); code != 429 {
		t.Errorf("clearing key-auth's counters cleared others: %d", code)
	}
	if err := r.client.ClearCounters(t.Context(), "rate-limiting"); err != nil {
		t.Fatal(err)
	}
	if code, h := r.get(t, "/"); code != 200 || h.Get("X-Ratelimit-Remaining") != "4" {
		t.Errorf("after clearing: %d with %s left", code, h.Get("X-Ratelimit-Remaining"))
	}
	if _, err := r.client.Advance(t.Context(), time.Minute); err == nil || !strings.Contains(err.Error(), "--test-clock") {
		t.Errorf("moving a real clock: %v", err)
	}
}

func TestTestClock(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *daemon.Options) { o.TestClock = true })
	for range 5 {
		r.get(t, "/")
	}
	code, h := r.get(t, "/")
	if code != 429 {
		t.Fatalf("sixth: %d", code)
	}
	wait, err := time.ParseDuration(h.Get("Retry-After") + "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.Advance(t.Context(), wait); err != nil {
		t.Fatal(err)
	}
	if code, _ := r.get(t, "/"); code != 200 {
		t.Errorf("after Retry-After: %d", code)
	}
}

func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*daemon.Options)
		want   error
	}{
		{"admin beyond loopback", func(o *daemon.Options) { o.Admin = "0.0.0.0:0" }, daemon.ErrNeedsToken},
		{"test clock beyond loopback", func(o *daemon.Options) { o.Listen, o.TestClock = "0.0.0.0:0", true }, daemon.ErrTestClock},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := daemon.Options{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"}
			c.change(&o)
			if _, err := daemon.New(o); !errors.Is(err, c.want) {
				t.Errorf("err = %v, want %v", err, c.want)
			}
		})
	}
}

func TestAdminGuard(t *testing.T) {
	t.Parallel()
	open, closed := start(t), start(t, func(o *daemon.Options) { o.AdminToken = "s3cret" })
	for _, c := range []struct {
		name   string
		r      *running
		method string
		path   string
		host   string
		header map[string]string
		want   int
	}{
		{"loopback", open, "GET", "/status", "", nil, 200},
		{"a name that was rebound", open, "GET", "/status", "evil.test", nil, 403},
		{"a web page", open, "GET", "/status", "", map[string]string{"Origin": "http://evil.test"}, 403},
		{"a GET that would change something", open, "GET", "/counters/clear", "", nil, 405},
		{"no token", closed, "GET", "/status", "", nil, 401},
		{"wrong token", closed, "GET", "/status", "", map[string]string{"Authorization": "Bearer x"}, 401},
		{"token", closed, "GET", "/status", "any.test", map[string]string{"Authorization": "Bearer s3cret"}, 200},
		{"metrics", open, "GET", "/metrics", "", nil, 200},
		{"problems", open, "GET", "/problems", "", nil, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+c.r.AdminAddr()+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = c.host
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.want {
				t.Errorf("status = %d, want %d", res.StatusCode, c.want)
			}
		})
	}
}

func TestEventsNameEveryRequest(t *testing.T) {
	t.Parallel()
	r := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listening, got := make(chan struct{}), make(chan event.Event, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- r.client.Events(ctx, func() { close(listening) }, func(e event.Event) { got <- e }, nil)
	}()
	<-listening
	_, h := r.get(t, "/a?secret=1")
	e := <-got
	if e.ID != h.Get("X-Kong-Request-Id") || e.Path != "/a" || e.Instance != "gw-a" || e.Status != 200 || e.Target != r.up.Addr || len(e.Plugins) != 1 || e.Revision == "" {
		t.Errorf("event = %+v", e)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A broken edit keeps what was served, and says where the fault is; mending it
// takes effect.
func TestBrokenEdit(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.write(t, strings.Replace(manifests, "minute: 5", "minuet: 5", 1))
	s := r.until(t, "a problem", func(s admin.Status) bool { return len(s.Problems) > 0 })
	if p := s.Problems[0]; !strings.Contains(p.String(), "minuet") && !strings.Contains(fmt.Sprint(s.Problems), "minuet") {
		t.Errorf("problems = %v", s.Problems)
	}
	if code, _ := r.get(t, "/"); code != 500 {
		t.Errorf("with a faulty plugin: %d, want 500", code)
	}
	r.write(t, strings.Replace(manifests, "kind: KongPlugin", "kind: KongPlugin\nmetadata: [", 1))
	r.until(t, "a fault of syntax", func(s admin.Status) bool {
		return len(s.Problems) > 0 && strings.Contains(fmt.Sprint(s.Problems), "all.yaml")
	})
	r.write(t, strings.Replace(manifests, "minute: 5", "minute: 50", 1))
	r.until(t, "no problem", func(s admin.Status) bool { return len(s.Problems) == 0 })
	if code, h := r.get(t, "/"); code != 200 || h.Get("X-Ratelimit-Limit-Minute") != "50" {
		t.Errorf("mended: %d, limit %s", code, h.Get("X-Ratelimit-Limit-Minute"))
	}
}

// Changes under load: no wrong answer, no lost connection, counts kept.
func TestChangesUnderLoad(t *testing.T) {
	t.Parallel()
	changes := 40
	if os.Getenv("GWCTL_E2E_LONG") != "" {
		changes = 1000
	}
	r := start(t)
	var stop atomic.Bool
	var sent, wrong atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for !stop.Load() {
				if !oneConnection(t, r.Addr(), &stop, &sent, &wrong) {
					return
				}
			}
		})
	}
	for i := range changes {
		limit := fmt.Sprintf("minute: %d", 1_000_000+i)
		r.write(t, strings.Replace(manifests, "minute: 5", limit, 1))
		r.until(t, "the change", func(s admin.Status) bool { return s.Swaps >= int64(i+2) })
	}
	stop.Store(true)
	load.Wait()
	if wrong.Load() > 0 {
		t.Errorf("%d of %d answers were wrong", wrong.Load(), sent.Load())
	}
	_, h := r.get(t, "/")
	used := int64(0)
	if _, err := fmt.Sscan(h.Get("X-Ratelimit-Remaining-Minute"), &used); err != nil {
		t.Fatal(err)
	}
	if counted := 1_000_000 + int64(changes) - 1 - used; counted < 2 || counted > sent.Load()+1 {
		t.Errorf("%d of %d requests are counted", counted, sent.Load())
	}
	t.Logf("%d requests over %d changes", sent.Load(), changes)
}

// oneConnection asks on one connection until the gateway says that it closes it
// (after 10,000 requests, as Kong's nginx), and says whether all went well.
func oneConnection(t *testing.T, address string, stop *atomic.Bool, sent, wrong *atomic.Int64) bool {
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return false
	}
	defer c.Close()
	lines := bufio.NewReader(c)
	for !stop.Load() {
		if _, err := io.WriteString(c, proxytest.Request("GET", "/", "")); err != nil {
			t.Error(err)
			return false
		}
		a, err := proxytest.ReadAnswer(lines, false)
		if err != nil {
			t.Errorf("a connection was lost: %v", err)
			return false
		}
		sent.Add(1)
		if a.Status != 200 && a.Status != 429 || !a.Whole {
			wrong.Add(1)
		}
		if a.Header.Get("Connection") == "close" {
			return true
		}
	}
	return true
}

// Stopping loses no request: whoever got a connection gets whole answers.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	r := start(t)
	var load sync.WaitGroup
	started := make(chan struct{}, 8)
	for range 8 {
		load.Go(func() {
			var d net.Dialer
			c, err := d.DialContext(t.Context(), "tcp", r.Addr())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			lines := bufio.NewReader(c)
			for n := 0; ; n++ {
				if _, err := io.WriteString(c, proxytest.Request("GET", "/", "")); err != nil {
					t.Errorf("sending request %d: %v", n, err)
					return
				}
				a, err := proxytest.ReadAnswer(lines, false)
				if err != nil || !a.Whole {
					t.Errorf("request %d was lost: %v", n, err)
					return
				}
				if n == 0 {
					started <- struct{}{}
				}
				if a.Header.Get("Connection") == "close" {
					return
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	r.stop()
	load.Wait()
}
