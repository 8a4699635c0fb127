package cluster

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Manager is the field manager of what is applied, and the value of the label
// app.kubernetes.io/managed-by of what belongs to a sandbox.
const Manager = "gwctl"

const (
	// qps and burst are above client-go's, which are for controllers: a sandbox
	// comes up in one rush.
	qps, burst = 200, 400
	// callTimeout bounds one call that is no watch.
	callTimeout = 20 * time.Second
)

// Conn is a way to a cluster.
type Conn struct {
	Config  *rest.Config
	Dynamic dynamic.Interface
	Typed   kubernetes.Interface

	loader clientcmd.ClientConfig
	cached discovery.CachedDiscoveryInterface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// Open reads a kubeconfig and the context in it: "" stands for the file that
// kubectl would take, and for the current context. It asks the cluster nothing.
func Open(kubeconfig, kubecontext string) (*Conn, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubecontext})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = qps, burst
	config.UserAgent = Manager
	config.WarningHandler = rest.NoWarnings{}
	c := &Conn{Config: config, loader: loader}
	if c.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	if c.Typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	c.cached = memory.NewMemCacheClient(c.Typed.Discovery())
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(c.cached)
	return c, nil
}

// Getter gives the connection as Helm wants it.
func (c *Conn) Getter() genericclioptions.RESTClientGetter { return getter{c} }

type getter struct{ c *Conn }

// ToRESTConfig gives the configuration of a client.
func (g getter) ToRESTConfig() (*rest.Config, error) { return g.c.Config, nil }

// ToDiscoveryClient gives what kinds there are.
func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.c.cached, nil
}

// ToRESTMapper gives how kinds are called in addresses.
func (g getter) ToRESTMapper() (meta.RESTMapper, error) { return g.c.mapper, nil }

// ToRawKubeConfigLoader gives the kubeconfig.
func (g getter) ToRawKubeConfigLoader() clientcmd.ClientConfig { return g.c.loader }

// Forget forgets what kinds the cluster has; they are asked for anew.
func (c *Conn) Forget() { c.mapper.Reset() }

// Alive asks the API server whether it is ready, for at most the time given.
func (c *Conn) Alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if _, err := c.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return fmt.Errorf("asking the API server whether it is ready: %w", err)
	}
	return nil
}
