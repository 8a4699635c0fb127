// Package kube reads a gateway's configuration from a Kubernetes API server and
// watches it.
//
// # What is read
//
// Ingress, IngressClass, Service, EndpointSlice, Secret and Kong's kinds, through
// controller-runtime's cache, in all namespaces or in those that are given. Sets
// are as those of files: complete, sorted, settled (source.Settle). Nothing is
// sent before every kind has been read once.
//
// # Secrets
//
// Credentials carry the label konghq.com/credential; those are held whole. A
// plugin's configFrom and a consumer's credentials may name any other Secret:
// of those only the metadata is held, and the ones that are named are read, again
// whenever their resourceVersion changes. So a gateway's memory holds no Secret
// that nobody gave it.
//
// # What cannot be read
//
// An API server that is away changes nothing: what was read last is served on. A
// CRD that is missing is a Problem of every set until it is there, and the rest is
// served. Objects are taken as the API server gives them: it has checked them by
// the CRDs' schemas, and the webhook (package webhook) by the plugins'.
package kube
