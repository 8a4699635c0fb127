package api

import "k8s.io/apimachinery/pkg/runtime/schema"

// Group is the API group of Kong's own resources.
const Group = "configuration.konghq.com"

// Version is the version of Group that this package has types for.
const Version = "v1"

// GroupVersion returns Group and Version together, as a scheme wants them.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}
