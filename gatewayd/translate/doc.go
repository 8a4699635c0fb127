// Package translate turns a set of Kubernetes objects into the entities of a
// gateway.
//
// # What it follows
//
// Ingress, Service and the konghq.com kinds mean what they mean to Kong ingress
// controller 3.5 with Kong's router flavour traditional_compatible; comments and
// tests name the file there that a behaviour comes from
// (internal/dataplane/translator, internal/dataplane/kongstate). Four things are
// meant to differ:
//
//   - A value that the controller ignores because it does not parse is an error
//     here, and so is an annotation that nothing reads: a misspelt plugins
//     annotation leaves a route open.
//   - A broken object hurts what uses it and nothing else; it answers 500 where
//     the controller drops it or keeps an old configuration for everything.
//   - Exact and Prefix paths stay what they are (entity.Route.Matches). The
//     controller writes them as regular expressions, in which a dot in an exact
//     path matches any character.
//   - Names may hold dots: two routes that the controller would give one name
//     stay two.
//
// # Purity
//
// Translate reads no clock, no file and no log, never writes to the set that it
// is given, and gives equal configurations for equal sets, in whatever order
// their objects are. Problems are data; nothing stops at the first.
//
// # Files
//
// annotations.go holds every annotation that is known, as one table; ingress.go
// and service.go make routes and services; consumer.go consumers; relations.go
// finds out what a plugin is bound to, plugin.go and config.go make it.
package translate
