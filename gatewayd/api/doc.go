// Package api holds the Go types of the konghq.com resources and reads manifests
// strictly.
//
// # Types
//
// KongPlugin, KongClusterPlugin, KongConsumer and KongIngress are ours, as are
// KongConsumerGroup and KongUpstreamPolicy in v1beta1, with the fields of the
// CRDs that Kong ingress controller 3.5 ships; controller-gen makes CRDs of their
// markers (make generate). All other kinds are those of k8s.io/api.
//
// # Strictness
//
// A manifest that means nothing is worse than none: a misspelt field is a plugin
// that does not run. So every unknown, duplicate and mistyped field is reported,
// all of them at once, each with its line. encoding/json and its strict
// relatives stop at the first mistyped field and know no lines; this package
// therefore walks the YAML node tree along the Go type itself. What it accepts
// decodes to what sigs.k8s.io/yaml would give; a test holds the two together.
//
// Values never appear in a problem, as any of them may be a secret.
//
// # Goals
//
// Decode is pure: the same text gives the same objects and problems, so a
// caller may keep them by the SHA-256 of the text. Input is hostile: aliases and
// depth are bounded.
package api
