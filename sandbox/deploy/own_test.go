package deploy

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/step"
)

// api is an API server that knows ConfigMaps, Secrets and Namespaces. It holds
// objects by their path, and refuses to write one that is called "bad".
type api struct {
	mu  sync.Mutex
	has map[string]json.RawMessage
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fail := func(code int32, reason metav1.StatusReason) {
		w.WriteHeader(int(code))
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: reason, Code: code,
		})
	}
	path := r.URL.Path
	switch raw, there := a.has[path]; {
	case path == "/api":
		_ = json.NewEncoder(w).Encode(metav1.APIVersions{Versions: []string{"v1"}})
	case path == "/apis":
		_ = json.NewEncoder(w).Encode(metav1.APIGroupList{})
	case path == "/api/v1":
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "configmaps", Kind: "ConfigMap", Namespaced: true},
			{Name: "secrets", Kind: "Secret", Namespaced: true},
			{Name: "namespaces", Kind: "Namespace"},
		}})
	case r.Method == http.MethodPatch && filepath.Base(path) == "bad":
		fail(http.StatusForbidden, metav1.StatusReasonForbidden)
	case r.Method == http.MethodPatch:
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
			fail(http.StatusBadRequest, metav1.StatusReasonBadRequest)
			return
		}
		a.has[path] = raw
		_, _ = w.Write(raw)
	case !there:
		fail(http.StatusNotFound, metav1.StatusReasonNotFound)
	case r.Method == http.MethodDelete:
		delete(a.has, path)
		_, _ = w.Write(raw)
	default:
		_, _ = w.Write(raw)
	}
}

// names are those of the objects, sorted.
func (a *api) names() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for path := range a.has {
		list = append(list, filepath.Base(path))
	}
	slices.Sort(list)
	return list
}

// fake gives an API server that is empty, and the way to it.
func fake(t *testing.T) (*api, *cluster.Conn) {
	t.Helper()
	a := &api{has: map[string]json.RawMessage{}}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	c := clientcmdapi.NewConfig()
	c.Clusters["c"] = &clientcmdapi.Cluster{Server: srv.URL}
	c.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		t.Fatal(err)
	}
	conn, err := cluster.Open(path, "c")
	if err != nil {
		t.Fatal(err)
	}
	return a, conn
}

func configMap(name, namespace string) string {
	return `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "` + name + `", "namespace": "` + namespace + `"}}` + "\n---\n"
}

// TestOwn: what the user's manifests hold is removed when they hold it no more, and
// only then, however it is written and whatever went wrong between.
func TestOwn(t *testing.T) {
	t.Parallel()
	const ns = `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "namespace": "default"}}` + "\n---\n"
	tests := []struct {
		name  string
		files []string // one after the other
		want  []string
	}{
		{"one that goes", []string{configMap("a", "") + configMap("b", ""), configMap("b", "")}, []string{"b"}},
		{"the namespace is told later", []string{configMap("a", ""), configMap("a", "default")}, []string{"a"}},
		{"the namespace is told no more", []string{configMap("a", "default"), configMap("a", "")}, []string{"a"}},
		{"another namespace", []string{configMap("a", ""), configMap("a", "n")}, []string{"a"}},
		{"a namespace that was in a namespace", []string{ns, ns}, []string{"n"}},
		{"half of it failed", []string{configMap("a", "") + configMap("bad", ""), configMap("b", "")}, []string{"b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, conn := fake(t)
			in := &Inside{Conn: conn, NoWait: true}
			path := filepath.Join(t.TempDir(), "own.yaml")
			var own []cluster.Ref
			for i, docs := range tt.files {
				if err := os.WriteFile(path, []byte(docs), 0o600); err != nil {
					t.Fatal(err)
				}
				var err error
				if own, err = in.Own(t.Context(), &step.Task{}, path, own); err != nil && i == len(tt.files)-1 {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, server.names()); diff != "" {
				t.Errorf("what is there differs (-want +got):\n%s", diff)
			}
			if len(own) != len(tt.want) {
				t.Errorf("remembered are %v", own)
			}
		})
	}
}

// TestOwnOfOld: a name that was remembered as a file had it is known again.
func TestOwnOfOld(t *testing.T) {
	t.Parallel()
	server, conn := fake(t)
	path := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(path, []byte(configMap("a", "default")), 0o600); err != nil {
		t.Fatal(err)
	}
	was := []cluster.Ref{{APIVersion: "v1", Kind: "ConfigMap", Name: "a"}}
	if _, err := (&Inside{Conn: conn, NoWait: true}).Own(t.Context(), &step.Task{}, path, was); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a"}, server.names()); diff != "" {
		t.Errorf("what is there differs (-want +got):\n%s", diff)
	}
}
