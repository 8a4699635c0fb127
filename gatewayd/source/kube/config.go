package kube

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// dialTimeout is short: on a node that has just started, what is sent to the
	// API server's address before the node forwards it is lost, and client-go's
	// own 30 s would be waited out.
	dialTimeout = 3 * time.Second
	keepAlive   = 30 * time.Second
)

// Config says how to reach the API server: by the given kubeconfig, else by that
// of KUBECONFIG, else as a pod does.
func Config(kubeconfig, agent string) (*rest.Config, error) {
	if kubeconfig == "" {
		kubeconfig = os.Getenv("KUBECONFIG")
	}
	cfg, err := rest.InClusterConfig()
	if kubeconfig != "" {
		cfg, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the API server: %w; run in a pod, or give --kubeconfig", err)
	}
	cfg.UserAgent = agent
	cfg.QPS, cfg.Burst = 50, 100
	cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext
	return cfg, nil
}

// Logs sends what the Kubernetes client libraries log to l. They log through
// variables of theirs, so call it once, before anything else of this package.
func Logs(l *slog.Logger) {
	l = l.With("from", "client-go")
	klog.SetSlogLogger(l)
	log.SetLogger(logr.FromSlogHandler(l.Handler()))
}
