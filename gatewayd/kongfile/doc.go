// Package kongfile reads, prints and watches a kong.yml, the declarative file
// of Kong.
//
// # Reading
//
// Parse makes entities of a file in Kong's format (versions 1.1, 2.1 and 3.0,
// YAML or JSON, nested and flat) by Kong 3.9.1's own rules and defaults, those of
// router flavour traditional_compatible (kong/db/schema). What is wrong falls into
// two kinds. A fault of syntax, schema or reference refuses the whole file, as in
// Kong, and all faults are told at once, with their lines. What is valid in Kong
// and lacking here is a problem of the configuration, and the rest is served: an
// error when the lacking thing guards or shapes requests, and then what it should
// have guarded is marked broken or is left out; a warning otherwise.
//
// Text is YAML 1.1 where Kong's reader is (a plain yes is a boolean). Beyond Kong,
// a key written twice is a fault, {name: …} refers to an entity as {id: …} does,
// and the fields of _gatewayd say what Kong's format cannot.
//
// # Ids
//
// An entity without an id gets the one that Kong derives from its name where Kong
// does (kong/db/schema/others/declarative_config.lua:generate_uuid), because a
// consumer's id is sent to upstreams and a route's decides between equals. Where
// Kong makes up a random one, ours is derived too, so that counters survive a
// reload: that of an unnamed route or service from what it says, that of a
// credential from its consumer and its place among that consumer's (not from its
// key: ids are sent to upstreams).
//
// # Printing
//
// Print writes every entity flat, in the order of the configuration, with every
// default. Read back it gives the same configuration: Parse fills in the defaults
// of a plugin's config, Print does the same (Fill), so both meet. Entities that
// came from manifests were judged by their own reader: where _gatewayd.source
// names such an object, Kong's rules for values are not applied again, only types,
// fields and references are, so that a configuration with problems can be printed
// and read too.
//
// # Watching
//
// A File sends the configuration of a file and again after every change. While
// the file is faulty the last good version is sent, with the faults as problems.
package kongfile
