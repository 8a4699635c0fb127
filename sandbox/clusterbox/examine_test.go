package clusterbox

import (
	"errors"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	discovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/preflight"
)

func TestExamineVersion(t *testing.T) {
	t.Parallel()
	for minor, want := range map[string]preflight.Verdict{
		"28": preflight.Fail, "29": preflight.OK, "36": preflight.OK, "30+": preflight.OK, "24+": preflight.Fail, "": preflight.Fail,
	} {
		t.Run("1."+minor, func(t *testing.T) {
			t.Parallel()
			api := fake.NewClientset()
			api.Discovery().(*discovery.FakeDiscovery).FakedServerVersion = &version.Info{Major: "1", Minor: minor, GitVersion: "v1." + minor}
			if f := examineVersion(&cluster.Conn{Typed: api}); f.Verdict != want || f.Message != "v1."+minor {
				t.Errorf("got %v, want verdict %v", f, want)
			}
		})
	}
}

func TestExamineRights(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		denied  string // a resource
		err     error
		verdict preflight.Verdict
		message string
	}{
		{"all", "", nil, preflight.OK, "enough"},
		{"no CRDs", "customresourcedefinitions", nil, preflight.Fail, "you may not create customresourcedefinitions"},
		{"nobody tells", "", errors.New("away"), preflight.Warn, "away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := fake.NewClientset()
			api.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
				review := a.(clienttesting.CreateAction).GetObject().(*authv1.SelfSubjectAccessReview).DeepCopy()
				review.Status.Allowed = review.Spec.ResourceAttributes.Resource != tt.denied
				return true, review, tt.err
			})
			if f := examineRights(t.Context(), &cluster.Conn{Typed: api}); f.Verdict != tt.verdict || f.Message != tt.message {
				t.Errorf("got %v, want %v: %s", f, tt.verdict, tt.message)
			}
		})
	}
}

// TestExamineForeign: what others own is found, and told with what to do.
func TestExamineForeign(t *testing.T) {
	t.Parallel()
	const (
		system = "/api/v1/namespaces/gwctl-system"
		demo   = "/api/v1/namespaces/api-gateway-demo"
		class  = "/apis/networking.k8s.io/v1/ingressclasses/kong"
		crd    = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/kongplugins.configuration.konghq.com"
	)
	ours := named("x", "app.kubernetes.io/managed-by", cluster.Manager)
	tests := []struct {
		name    string
		has     objects
		opts    Options
		verdict preflight.Verdict
		words   string
	}{
		{"nothing", nil, Options{}, preflight.OK, "nothing in the way"},
		{"a gateway", objects{system: named("gwctl-system"), class: named("kong")}, Options{}, preflight.Fail, "uninstall gatewayd"},
		{"a class", objects{class: named("kong")}, Options{}, preflight.Fail, "--ingress-class gwctl"},
		{"a class, another is wanted", objects{class: named("kong")}, Options{Class: "gwctl"}, preflight.OK, "nothing in the way"},
		{"the demo's namespace", objects{demo: named("api-gateway-demo")}, Options{}, preflight.Fail, "--manifests"},
		{"CRDs", objects{crd: named("x")}, Options{}, preflight.Warn, "--keep-crds"},
		{"CRDs of ours", objects{crd: ours}, Options{}, preflight.OK, "nothing in the way"},
		{"CRDs that cannot be read", objects{crd: forbidden()}, Options{}, preflight.Warn, "kongplugins.configuration.konghq.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.opts.Kubeconfig, tt.opts.Context = serve(t, tt.has), "c"
			conn, err := cluster.Open(tt.opts.Kubeconfig, "c")
			if err != nil {
				t.Fatal(err)
			}
			if f := examineForeign(t.Context(), conn, tt.opts); f.Verdict != tt.verdict || !strings.Contains(f.Message+" "+f.Advice, tt.words) {
				t.Errorf("got %v, want %v that says %q", f, tt.verdict, tt.words)
			}
		})
	}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	list := Examine(t.Context(), Options{Kubeconfig: kubeconfigOf(t, "http://127.0.0.1:1"), Context: "c"})
	if len(list) != 1 || list[0].Verdict != preflight.Fail || !strings.Contains(list[0].Advice, "kubectl --context c") {
		t.Errorf("of a cluster that does not answer, got %v", list)
	}
	var ids []string
	for _, f := range Examine(t.Context(), Options{Kubeconfig: serve(t, nil), Context: "kind-c", Registry: "r"}) {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "CLUSTER_UNREACHABLE" {
		t.Errorf("of a context that is not there, got %s", got)
	}
	ids = nil
	for _, f := range Examine(t.Context(), Options{Kubeconfig: serve(t, nil), Context: "c"}) {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "CLUSTER_UNREACHABLE CLUSTER_VERSION CLUSTER_RIGHTS CLUSTER_FOREIGN CLUSTER_IMAGES" {
		t.Errorf("of a cluster that answers, got %s", got)
	}
	for context, want := range map[string]preflight.Verdict{"kind-c": preflight.OK, "c": preflight.Warn} {
		if f := examineImages(Options{Context: context}); f.Verdict != want {
			t.Errorf("images of context %s: got %v", context, f)
		}
		if f := examineImages(Options{Context: context, Registry: "r"}); f.Verdict != preflight.OK {
			t.Errorf("images of context %s with a registry: got %v", context, f)
		}
	}
}
