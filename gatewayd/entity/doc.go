// Package entity holds what a gateway is configured with: services, routes,
// upstreams, consumers, credentials and plugins, as Kong's declarative file has
// them, and a little more (exact and element-wise paths, query matches, weighted
// backends, time-outs of a rule, a mark for what is broken).
//
// Both inputs meet here: manifests are translated into entities, a kong.yml is
// decoded into them, and package snapshot compiles entities and nothing else.
package entity
