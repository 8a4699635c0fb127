package deploy

import (
	"encoding/json"
	"io"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// TestEnsure: a release is as planned only while all its objects are there; pods
// have a token for as long as they live.
func TestEnsure(t *testing.T) {
	t.Parallel()
	plan := Plan{Repository: "r", Tag: "1", ServiceType: "ClusterIP", Class: "kong", CreateClass: true}
	c, err := Chart()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := digest(c, plan.values())
	if err != nil {
		t.Fatal(err)
	}
	const (
		in         = "/api/v1/namespaces/" + Namespace
		settings   = in + "/configmaps/a"
		token      = in + "/secrets/" + tokenSecret
		deployment = "/apis/apps/v1/namespaces/" + Namespace + "/deployments/" + Release
		manifest   = `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "` + tokenSecret + `"}}` + "\n---\n"
	)
	tests := []struct {
		name      string
		has       []string
		digest    string
		want      string
		restarted bool
	}{
		{"all is there", []string{settings, token}, sum, "unchanged", false},
		{"one was deleted", []string{token}, sum, "upgraded", false},
		{"the token was deleted", []string{settings}, sum, "upgraded", true},
		{"all was deleted", nil, sum, "upgraded", true},
		{"another plan", []string{settings, token}, "other", "upgraded", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, conn := fake(t)
			for _, path := range tt.has {
				server.has[path] = json.RawMessage(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}`)
			}
			h, err := NewHelm(conn, func(string, ...any) {})
			if err != nil {
				t.Fatal(err)
			}
			memory := driver.NewMemory()
			memory.SetNamespace(Namespace)
			h.config.Releases = storage.Init(memory)
			h.config.KubeClient = &kubefake.PrintingKubeClient{Out: io.Discard}
			h.config.Capabilities = &chartutil.Capabilities{KubeVersion: chartutil.KubeVersion{Version: "v1.36.0", Major: "1", Minor: "36"}}
			if err := h.config.Releases.Create(&release.Release{
				Name: Release, Namespace: Namespace, Version: 1, Chart: c, Info: &release.Info{Status: release.StatusDeployed},
				Labels: map[string]string{digestLabel: tt.digest}, Manifest: configMap("a", Namespace) + manifest,
			}); err != nil {
				t.Fatal(err)
			}
			did, err := h.Ensure(t.Context(), plan)
			if err != nil || did != tt.want {
				t.Errorf("got %q, %v, want %q", did, err, tt.want)
			}
			if _, restarted := server.has[deployment]; restarted != tt.restarted {
				t.Errorf("the gateways were restarted: %t", restarted)
			}
		})
	}
}
