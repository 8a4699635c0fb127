package sandbox

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/gwctl/gwctl/sandbox/clusterbox"
	"github.com/gwctl/gwctl/sandbox/kindbox"
	"github.com/gwctl/gwctl/sandbox/preflight"
)

// Examine looks whether a sandbox can come up on this machine and, where a cluster
// is named, in that cluster. It changes nothing.
func (s *Sandbox) Examine(ctx context.Context) []preflight.Finding {
	if s.opts.Cluster.Context != "" {
		return clusterbox.Examine(ctx, clusterbox.Options{
			Kubeconfig: s.opts.Cluster.Kubeconfig, Context: s.opts.Cluster.Context, Class: s.opts.Cluster.Class, Registry: s.opts.Cluster.Registry,
		})
	}
	port := s.record.Port
	if port == 0 {
		port = defaultPort
	}
	box := kindbox.New(kindbox.Options{Name: s.opts.Name, Dir: s.dir})
	here := &preflight.Here{
		M: preflight.Machine{
			OS: runtime.GOOS, Arch: runtime.GOARCH, State: filepath.Dir(s.dir), Sandbox: s.opts.Name, Port: port,
			Offline: s.opts.Cluster.Offline,
		},
		Cluster: box.Cluster(), Image: kindbox.DefaultImage, Has: box.Engine(),
		Look: func(ctx context.Context) bool {
			f, err := s.Find(ctx)
			return err == nil && (f.State == Running || f.State == Paused)
		},
	}
	return preflight.Examine(ctx, preflight.Checks(), here)
}
