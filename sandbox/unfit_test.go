package sandbox

import (
	"strings"
	"testing"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// TestUnfit: no flag is passed over in silence.
func TestUnfit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		flag string
		o    ClusterOptions
		fits string // the runtimes that take it
	}{
		{"image", ClusterOptions{Image: "i"}, Kind},
		{"bundle", ClusterOptions{Bundle: "b"}, Kind},
		{"retain", ClusterOptions{Retain: true}, Kind},
		{"registry", ClusterOptions{Registry: "r"}, Cluster},
		{"service-type", ClusterOptions{ServiceType: "NodePort"}, Cluster},
		{"keep-crds", ClusterOptions{KeepCRDs: true}, Cluster},
		{"replicas", ClusterOptions{Replicas: 3}, Kind + Cluster},
		{"wait=false", ClusterOptions{NoWait: true}, Kind + Cluster},
		{"offline", ClusterOptions{Offline: true}, Local + Kind},
	}
	for _, tt := range tests {
		for _, runtime := range []string{Local, Kind, Cluster} {
			err := tt.o.unfit(runtime)
			if fits := strings.Contains(tt.fits, runtime); fits != (err == nil) {
				t.Errorf("--%s with runtime %s: got %v", tt.flag, runtime, err)
			}
			if err != nil && (!strings.Contains(err.Error(), "--"+tt.flag+" ") || hint.ExitCode(err) != hint.Usage) {
				t.Errorf("--%s with runtime %s is refused with %v", tt.flag, runtime, err)
			}
		}
	}
}
