// Package v1beta1 holds the Go types of those konghq.com resources that Kong
// serves under v1beta1: KongConsumerGroup and KongUpstreamPolicy. Nothing reads
// them yet: they are decoded strictly, and the gateway says that it serves
// without them.
//
// +groupName=configuration.konghq.com
// +versionName=v1beta1
package v1beta1

import "k8s.io/apimachinery/pkg/runtime/schema"

// Group and Version are what the objects of this package stand under.
const (
	Group   = "configuration.konghq.com"
	Version = "v1beta1"
)

// GroupVersion returns Group and Version together, as a scheme wants them.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}
