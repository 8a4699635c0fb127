package clusterbox

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// forwardCommand makes this program the process that forwards.
const forwardCommand = "__forward"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == forwardCommand {
		if err := Forward(context.Background(), os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

// objects are what an API server has, by their path.
type objects map[string]any

// named is an object of which nothing but name and labels matters.
func named(name string, labels ...string) any {
	m := map[string]any{"name": name, "uid": "uid-" + name}
	for i := 0; i < len(labels); i += 2 {
		m["labels"] = map[string]any{labels[i]: labels[i+1]}
	}
	return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": m}
}

func failure(reason metav1.StatusReason, code int32) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: reason, Code: code}
}

// forbidden is what an API server says of an object that one may not read.
func forbidden() any { return failure(metav1.StatusReasonForbidden, http.StatusForbidden) }

// serve is an API server that has these objects and no others. It gives a
// kubeconfig whose context "c" leads to it.
func serve(t *testing.T, has objects) (kubeconfig string) {
	t.Helper()
	resources := func(version string, list ...metav1.APIResource) metav1.APIResourceList {
		return metav1.APIResourceList{GroupVersion: version, APIResources: list}
	}
	group := func(name string) metav1.APIGroup {
		v := metav1.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
		return metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v}
	}
	all := objects{
		"/readyz":  "ok",
		"/version": map[string]string{"major": "1", "minor": "36+", "gitVersion": "v1.36.0"},
		"/api":     metav1.APIVersions{Versions: []string{"v1"}},
		"/apis":    metav1.APIGroupList{Groups: []metav1.APIGroup{group("networking.k8s.io"), group("apiextensions.k8s.io")}},
		"/api/v1": resources("v1", metav1.APIResource{Name: "namespaces", Kind: "Namespace"},
			metav1.APIResource{Name: "pods", Kind: "Pod", Namespaced: true}),
		"/apis/networking.k8s.io/v1":     resources("networking.k8s.io/v1", metav1.APIResource{Name: "ingressclasses", Kind: "IngressClass"}),
		"/apis/apiextensions.k8s.io/v1":  resources("apiextensions.k8s.io/v1", metav1.APIResource{Name: "customresourcedefinitions", Kind: "CustomResourceDefinition"}),
		"/api/v1/namespaces/kube-system": named("kube-system"),
	}
	maps.Copy(all, has)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, ok := all[r.URL.Path]
		w.Header().Set("Content-Type", "application/json")
		if !ok {
			o = failure(metav1.StatusReasonNotFound, http.StatusNotFound)
		}
		if fault, is := o.(metav1.Status); is {
			w.WriteHeader(int(fault.Code))
		}
		_ = json.NewEncoder(w).Encode(o)
	}))
	t.Cleanup(srv.Close)
	return kubeconfigOf(t, srv.URL)
}

func kubeconfigOf(t *testing.T, url string) string {
	t.Helper()
	c := clientcmdapi.NewConfig()
	c.Clusters["c"] = &clientcmdapi.Cluster{Server: url}
	c.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	c.CurrentContext = "c"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		t.Fatal(err)
	}
	return path
}
