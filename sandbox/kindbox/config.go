package kindbox

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// nodePort is where the gateway's Service listens on every node.
const nodePort = 30080

// alone spares the one control plane of a cluster the leases that tell several
// apart: after a restart it would wait for the lease of who it was before.
const alone = `kind: ClusterConfiguration
controllerManager:
  extraArgs:
    - name: leader-elect
      value: "false"
scheduler:
  extraArgs:
    - name: leader-elect
      value: "false"
`

// readConfig reads the user's own config; "" stands for one node.
func readConfig(path string) (*v1alpha4.Cluster, error) {
	c := &v1alpha4.Cluster{}
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, badConfig(path).Because(err)
		}
		if err := yaml.UnmarshalStrict(raw, c); err != nil {
			return nil, badConfig(path).Because(err)
		}
	}
	c.Kind, c.APIVersion = "Cluster", "kind.x-k8s.io/v1alpha4"
	if len(c.Nodes) == 0 {
		c.Nodes = []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole}}
	}
	if !slices.ContainsFunc(c.Nodes, func(n v1alpha4.Node) bool { return n.Role != v1alpha4.WorkerRole }) {
		return nil, badConfig(path).Because(errors.New("nodes has no control-plane"))
	}
	return c, nil
}

// clusterConfig gives what kind is told: the user's own config with what a sandbox
// needs merged in.
func clusterConfig(c *v1alpha4.Cluster, image string, port int) ([]byte, error) {
	c = c.DeepCopy()
	planes := 0
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.Image == "" {
			n.Image = image
		}
		if n.Role == v1alpha4.WorkerRole {
			continue
		}
		if planes++; planes == 1 {
			n.ExtraPortMappings = append(n.ExtraPortMappings, v1alpha4.PortMapping{
				ContainerPort: nodePort, HostPort: int32(port), ListenAddress: "127.0.0.1", Protocol: v1alpha4.PortMappingProtocolTCP, //nolint:gosec // a port
			})
		}
	}
	if planes == 1 {
		c.KubeadmConfigPatches = append(c.KubeadmConfigPatches, alone)
	}
	raw, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing kind's config: %w", err)
	}
	return raw, nil
}

func badConfig(path string) *hint.Hint {
	return hint.New("BAD_KIND_CONFIG", hint.Preflight, "the kind config "+path+" cannot be used",
		"see https://kind.sigs.k8s.io/docs/user/configuration for what it may hold")
}
