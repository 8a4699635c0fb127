package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// maxQuestion bounds a question, in bytes: it holds an object twice, and the API
// server takes none above 3 MiB.
const maxQuestion = 8 << 20

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /validate", s.validate)
	return mux
}

// validate answers one AdmissionReview.
func (s *Server) validate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	if err != nil {
		http.Error(w, "the question could not be read", http.StatusBadRequest)
		return
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		http.Error(w, "the question must be an AdmissionReview", http.StatusBadRequest)
		return
	}
	answer := s.judge(r.Context(), review.Request)
	answer.UID = review.Request.UID
	w.Header().Set("Content-Type", "application/json")
	out := admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: answer}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		s.opts.Log.Debug("writing an answer to the API server", "error", err)
	}
}

// judge says whether an object may be as it is asked for.
func (s *Server) judge(ctx context.Context, req *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	yes := &admissionv1.AdmissionResponse{Allowed: true}
	o := read(req, req.Object.Raw)
	if o == nil || o.GetDeletionTimestamp() != nil {
		return yes
	}
	before := map[string]bool{}
	if old := read(req, req.OldObject.Raw); old != nil {
		for _, p := range s.opts.Check(ctx, old) {
			before[p.String()] = true
		}
	}
	var faults []string
	for _, p := range s.opts.Check(ctx, o) {
		said := strings.TrimPrefix(p.String(), string(p.Severity)+": ")
		if refuses(o, p) && !before[p.String()] {
			faults = append(faults, said)
		} else {
			yes.Warnings = append(yes.Warnings, said)
		}
	}
	if len(faults) == 0 {
		return yes
	}
	s.opts.Log.Info("an object is refused", "object", api.Name(o), "faults", len(faults))
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Message: strings.Join(faults, "; "),
	}}
}

// refuses tells whether a problem keeps an object out. What is only not supported
// yet does not: the object may be meant for another gateway, or for a later one. A
// Secret's unknown field does, for it is a slip.
func refuses(o api.Resource, p problem.Problem) bool {
	if _, secret := o.(*corev1.Secret); secret && strings.HasPrefix(p.Reason, "unknown field") {
		return true
	}
	return p.Severity == problem.Error && !strings.Contains(p.Reason, "not supported yet")
}

// read decodes an object of a kind that is judged, nil for any other. The API
// server has checked it already, so a fault in it is not a user's.
func read(req *admissionv1.AdmissionRequest, raw []byte) api.Resource {
	var o api.Resource
	switch fmt.Sprintf("%s/%s", req.Kind.Group, req.Kind.Kind) {
	case api.Group + "/KongPlugin":
		o = &api.KongPlugin{}
	case api.Group + "/KongClusterPlugin":
		o = &api.KongClusterPlugin{}
	case api.Group + "/KongConsumer":
		o = &api.KongConsumer{}
	case "/Secret":
		o = &corev1.Secret{}
	}
	if o == nil || len(raw) == 0 || json.Unmarshal(raw, o) != nil {
		return nil
	}
	if o.GetNamespace() == "" {
		o.SetNamespace(req.Namespace)
	}
	if o.GetName() == "" { // of a generateName
		o.SetName(strings.TrimSuffix(o.GetGenerateName(), "-"))
	}
	return o
}
