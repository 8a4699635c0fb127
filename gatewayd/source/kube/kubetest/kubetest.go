// Package kubetest runs a real API server, with Kong's CRDs, for tests.
//
// It needs the programs etcd and kube-apiserver: those of KUBEBUILDER_ASSETS, or
// those that scripts/node-image leaves in the user's cache directory. Without them
// a test is skipped; with GWCTL_TEST_NO_SKIP it fails.
package kubetest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/source/kube"
	"github.com/gwctl/gwctl/manifests"
)

// Cluster is an API server and its etcd; nothing else runs in it: no controller
// makes EndpointSlices, no kubelet runs pods.
type Cluster struct {
	// Config reaches it as an administrator.
	Config *rest.Config
	env    *envtest.Environment
}

// Assets is the directory of the programs, "" when there is none.
func Assets() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir := filepath.Join(cache, "gwctl-node-image", "bin")
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return ""
		}
	}
	return dir
}

// Main is a TestMain: it runs the tests of a package with one cluster for all of
// them. set gets it; without the programs it is not called.
func Main(m *testing.M, set func(*Cluster)) {
	dir := Assets()
	if dir == "" {
		m.Run()
		return
	}
	c, err := start(dir, true)
	if err != nil {
		panic(fmt.Errorf("starting an API server: %w", err))
	}
	set(c)
	m.Run() // the testing package keeps the exit code
	if err := c.env.Stop(); err != nil {
		panic(fmt.Errorf("stopping the API server: %w", err))
	}
}

// Need skips the test where c is nil.
func Need(t *testing.T, c *Cluster) *Cluster {
	t.Helper()
	if c != nil {
		return c
	}
	const why = "needs etcd and kube-apiserver in KUBEBUILDER_ASSETS; scripts/node-image builds them"
	if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return nil
}

// Bare starts a cluster without CRDs, for one test.
func Bare(t *testing.T) *Cluster {
	t.Helper()
	c, err := start(Assets(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// InstallCRDs gives a bare cluster its CRDs.
func (c *Cluster) InstallCRDs(t *testing.T) {
	t.Helper()
	crds, err := crds()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{CRDs: crds}); err != nil {
		t.Fatal(err)
	}
}

func start(dir string, withCRDs bool) (*Cluster, error) {
	env := &envtest.Environment{BinaryAssetsDirectory: dir}
	if withCRDs {
		crds, err := crds()
		if err != nil {
			return nil, err
		}
		env.CRDInstallOptions.CRDs = crds
	}
	api := env.ControlPlane.GetAPIServer()
	api.Configure().Append("enable-admission-plugins", "PodSecurity")
	cfg, err := env.Start()
	if err != nil {
		return nil, err
	}
	cfg.QPS, cfg.Burst = 1000, 1000
	return &Cluster{Config: cfg, env: env}, nil
}

func crds() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	tree := manifests.CRDs()
	names, err := fs.Glob(tree, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, name := range names {
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, crd)
	}
	return out, nil
}

// Client reads and writes as an administrator, past any cache.
func (c *Cluster) Client(t *testing.T) client.Client {
	t.Helper()
	scheme, err := kube.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	cl, err := client.New(c.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// Kubeconfig writes a file by which programs reach the cluster, and returns its
// path.
func (c *Cluster) Kubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, c.env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
