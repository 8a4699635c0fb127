package sandbox

import (
	"fmt"

	"github.com/gwctl/gwctl/sandbox/hint"
)

// unfit refuses an option that the runtime would pass over in silence. The names
// are those of up's flags.
func (c ClusterOptions) unfit(runtime string) error {
	inKind := map[string]bool{
		"image": c.Image != "", "config": c.Config != "", "retain": c.Retain, "bundle": c.Bundle != "", "switch-context": c.SwitchContext,
	}
	inCluster := map[string]bool{
		"registry": c.Registry != "", "service-type": c.ServiceType != "", "keep-crds": c.KeepCRDs, "kubeconfig": c.Kubeconfig != "",
	}
	inBoth := map[string]bool{"ingress-class": c.Class != "", "replicas": c.Replicas != 0, "wait=false": c.NoWait}
	refused := map[string][]map[string]bool{
		Local: {inKind, inCluster, inBoth, {"context": c.Context != ""}}, Kind: {inCluster, {"context": c.Context != ""}},
		Cluster: {inKind, {"offline": c.Offline}}, // its images have to come from somewhere
	}[runtime]
	for _, flags := range refused {
		for flag, set := range flags {
			if set {
				return hint.New("UNFIT_FLAG", hint.Usage, fmt.Sprintf("--%s means nothing to a sandbox of runtime %s", flag, runtime),
					"leave it away, or choose the runtime that it is for: --runtime kind, or --context NAME")
			}
		}
	}
	return nil
}
