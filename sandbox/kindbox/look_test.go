package kindbox

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gwctl/gwctl/sandbox/engine"
)

// nodesEngine is an engine whose nodes are in these states, one a line.
func nodesEngine(t *testing.T, states ...string) *engine.Engine {
	t.Helper()
	script := "#!/bin/sh\n[ \"$1\" = ps ] || exit 1\n"
	for i, s := range states {
		script += "printf 'node-" + string(rune('a'+i)) + "\\t" + s + "\\ti\\n'\n"
	}
	path := filepath.Join(t.TempDir(), "engine")
	// No child of another test has it open when it is run.
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(script), 0o700) //nolint:gosec // it is run
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return &engine.Engine{Name: path}
}

// TestLook: how it stands with a cluster whose gateways do not answer.
func TestLook(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(over); silent.Close() })
	tests := []struct {
		name, api string
		nodes     []string
		want      State
		says      string
	}{
		{"paused", silent.URL, []string{"paused"}, Paused, "its nodes are paused"},
		{"one paused", refusing, []string{"running", "paused"}, Paused, "its nodes are paused"},
		{"stopped", silent.URL, []string{"exited"}, Broken, "its node node-a is stopped"},
		{"one stopped", refusing, []string{"running", "exited"}, Broken, "its node node-b is stopped"},
		{"gone", silent.URL, nil, Broken, "its cluster has gone"},
		{"running, and no API", refusing, []string{"running"}, Broken, "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir(), Name: "default"})
			b.engine = nodesEngine(t, tt.nodes...)
			if err := b.writeState(&state{Cluster: "gwctl", Port: 8000}); err != nil {
				t.Fatal(err)
			}
			c := clientcmdapi.NewConfig()
			c.Clusters["c"] = &clientcmdapi.Cluster{Server: tt.api}
			c.Contexts[b.Context()] = &clientcmdapi.Context{Cluster: "c"}
			if err := clientcmd.WriteToFile(*c, b.Kubeconfig()); err != nil {
				t.Fatal(err)
			}
			got, why, _, port, err := b.Look(t.Context())
			if err != nil || got != tt.want || !strings.Contains(why, tt.says) || port != 8000 {
				t.Errorf("got %d %q %d %v, want %d that says %q", got, why, port, err, tt.want, tt.says)
			}
		})
	}
}

// TestRetain: what is there to look at is kept, and told; nothing is not.
func TestRetain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		made, retain bool
		nodes        []string
		want         string
	}{
		{"made, retained", true, true, []string{"running"}, "engine exec -it gwctl-demo-2-control-plane bash; gwctl down --name demo-2 removes it"},
		{"made, nothing to retain", true, true, nil, ""},
		{"made", true, false, nil, ""},
		{"of before", false, true, []string{"running"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := New(Options{Dir: t.TempDir(), Name: "demo-2", Retain: tt.retain})
			b.engine, b.made = nodesEngine(t, tt.nodes...), tt.made
			if err := b.undo(t.Context()); err != nil {
				t.Fatal(err)
			}
			message, advice := b.Kept()
			if (message != "") != (tt.want != "") || !strings.HasSuffix(advice, tt.want) {
				t.Errorf("got %q, %q, want advice that ends with %q", message, advice, tt.want)
			}
		})
	}
}
