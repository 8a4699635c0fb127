package clusterbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/deploy"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/preflight"
)

// minMinor is the oldest Kubernetes 1.x whose API has all that is used: CEL rules
// in CRDs.
const minMinor = 29

// examineTimeout bounds all questions together.
const examineTimeout = 10 * time.Second

// Examine looks whether a sandbox can come up in a cluster. It changes nothing.
func Examine(ctx context.Context, o Options) []preflight.Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	conn, err := cluster.Open(o.Kubeconfig, o.Context)
	if err == nil {
		err = conn.Alive(ctx, aliveTimeout)
	}
	if err != nil {
		return []preflight.Finding{{
			ID: "CLUSTER_UNREACHABLE", Title: "cluster", Verdict: preflight.Fail, Message: err.Error(), Code: hint.Network,
			Advice: "kubectl config get-contexts lists contexts; kubectl --context " + o.Context + " get --raw /readyz tries this one",
		}}
	}
	list := []preflight.Finding{{ID: "CLUSTER_UNREACHABLE", Title: "cluster", Verdict: preflight.OK, Message: "context " + o.Context + " answers"}}
	return append(list, examineVersion(conn), examineRights(ctx, conn), examineForeign(ctx, conn, o), examineImages(o))
}

func examineVersion(conn *cluster.Conn) preflight.Finding {
	f := preflight.Finding{ID: "CLUSTER_VERSION", Title: "its version", Verdict: preflight.OK}
	v, err := conn.Typed.Discovery().ServerVersion()
	if err != nil {
		f.Verdict, f.Message = preflight.Warn, err.Error()
		return f
	}
	f.Message = v.GitVersion
	if minor(v) < minMinor {
		f.Verdict, f.Code, f.Advice = preflight.Fail, hint.Preflight, fmt.Sprintf("use Kubernetes 1.%d or newer", minMinor)
	}
	return f
}

func minor(v *version.Info) int {
	n := 0
	_, _ = fmt.Sscanf(strings.TrimSuffix(v.Minor, "+"), "%d", &n)
	return n
}

// needs lists what up has to be allowed to create.
func needs() []authv1.ResourceAttributes {
	return []authv1.ResourceAttributes{
		{Verb: "create", Resource: "namespaces"},
		{Verb: "create", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"},
		{Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
		{Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"},
		{Verb: "create", Group: "networking.k8s.io", Resource: "ingressclasses"},
		{Verb: "create", Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations"},
		{Verb: "create", Group: "apps", Resource: "deployments", Namespace: deploy.Namespace},
		{Verb: "create", Resource: "pods", Subresource: "portforward", Namespace: deploy.Namespace},
	}
}

func examineRights(ctx context.Context, conn *cluster.Conn) preflight.Finding {
	f := preflight.Finding{ID: "CLUSTER_RIGHTS", Title: "your rights", Verdict: preflight.OK, Message: "enough"}
	var lacking []string
	for _, a := range needs() {
		review := &authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}
		got, err := conn.Typed.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			f.Verdict, f.Message = preflight.Warn, err.Error()
			return f
		}
		if !got.Status.Allowed {
			lacking = append(lacking, a.Verb+" "+a.Resource)
		}
	}
	if len(lacking) > 0 {
		f.Verdict, f.Code, f.Message = preflight.Fail, hint.Preflight, "you may not "+strings.Join(lacking, ", ")
		f.Advice = "ask for a role that may, or use a cluster of its own: gwctl up --runtime kind"
	}
	return f
}

func examineForeign(ctx context.Context, conn *cluster.Conn, o Options) preflight.Finding {
	f := preflight.Finding{ID: "CLUSTER_FOREIGN", Title: "what others own", Verdict: preflight.OK, Message: "nothing in the way"}
	b := &Box{opts: o, conn: conn, state: &state{Class: o.Class}}
	err := b.take()
	if err == nil {
		err = b.foreign(ctx, Want{})
	}
	if err == nil {
		err = examineCRDs(ctx, conn, &f)
	}
	if err != nil {
		f.Verdict, f.Code, f.Message = preflight.Fail, hint.ExitCode(err), err.Error()
		if h, ok := err.(*hint.Hint); ok { //nolint:errorlint // foreign gives it as it is
			f.Advice = h.Advice
		}
	}
	return f
}

// examineCRDs warns of CRDs that are another's, or that cannot be looked at.
func examineCRDs(ctx context.Context, conn *cluster.Conn, f *preflight.Finding) error {
	crds, err := deploy.CRDs()
	if err != nil {
		return err
	}
	for _, crd := range crds {
		live, there, err := conn.Get(ctx, cluster.RefOf(crd))
		switch {
		case err != nil:
			f.Verdict, f.Message = preflight.Warn, "it cannot be seen whose Kong's CRDs are: "+err.Error()
			f.Advice = "up reads and writes them: ask for a role that may"
			return nil
		case there && live.GetLabels()["app.kubernetes.io/managed-by"] != cluster.Manager:
			f.Verdict, f.Message, f.Advice = preflight.Warn, "Kong's CRDs are there, of another's", "keep them as they are: gwctl up --keep-crds"
			return nil
		}
	}
	return nil
}

func examineImages(o Options) preflight.Finding {
	f := preflight.Finding{ID: "CLUSTER_IMAGES", Title: "where it gets the images", Verdict: preflight.OK, Message: "registry " + o.Registry}
	switch {
	case o.Registry != "":
	case strings.HasPrefix(o.Context, "kind-"):
		f.Message = "loaded into the nodes of the kind cluster"
	default:
		f.Verdict, f.Code, f.Message = preflight.Warn, hint.Preflight, "no registry was named"
		f.Advice = "name one that you may push to and that the cluster can pull from: --registry registry.example.com/team"
	}
	return f
}
