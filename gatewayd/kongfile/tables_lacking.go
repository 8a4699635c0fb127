package kongfile

import "slices"

// lackingKinds are the entities of Kong that the gateway has no use for yet. Their
// fields are checked by name and type, so that a slip is found here too.
func lackingKinds() []*kind {
	return slices.Concat(secureKinds(), sharedKinds(), storedKinds())
}

func text(name string) field { return field{name: name, shape: aText} }

func need(name string) field { return field{name: name, shape: aText, required: true} }

func warn(reason string) *lack { return &lack{warning: true, reason: reason} }

// secureKinds hold certificates and keys.
func secureKinds() []*kind {
	const noTLS = "TLS is not terminated yet; connections come in cleartext"
	return []*kind{
		{list: "certificates", noun: "certificate", lacks: warn(noTLS), fields: []field{
			need("cert"), need("key"), text("cert_alt"), text("key_alt"), {name: "snis", shape: anything},
		}},
		{list: "snis", noun: "sni", named: "name", unique: []string{"name"}, lacks: &lack{reason: noTLS}, fields: []field{
			{name: "name", shape: aText, required: true, rule: sniRule},
			{name: "certificate", shape: aReference, to: "certificates", required: true},
		}},
		{list: "ca_certificates", noun: "CA certificate", lacks: warn("certificates of upstreams are not verified yet; no upstream speaks TLS"), fields: []field{
			need("cert"), text("cert_digest"),
		}},
		{list: "vaults", noun: "vault", named: "prefix", unique: []string{"prefix"}, lacks: warn("vaults are not supported yet; references to it stay as they are written"), fields: []field{
			need("prefix"), need("name"), text("description"), {name: "config", shape: aMap},
		}},
		{list: "key_sets", noun: "key set", named: "name", unique: []string{"name"}, lacks: warn("key sets are not supported yet; nothing uses it"), fields: []field{
			text("name"),
		}},
		{list: "keys", noun: "key", named: "name", unique: []string{"name"}, lacks: warn("keys are not supported yet; nothing uses it"), fields: []field{
			{name: "set", shape: aReference, to: "key_sets"},
			text("name"), need("kid"),
			{name: "jwk", shape: secrets},
			{name: "pem", shape: secrets},
			{name: "x5t", shape: secrets},
		}},
	}
}

// sharedKinds shape more than one route.
func sharedKinds() []*kind {
	return []*kind{
		{list: "filter_chains", noun: "filter chain", named: "name", unique: []string{"name"}, lacks: &lack{reason: "WebAssembly filters are not supported yet"}, fields: []field{
			{name: "name", shape: aText, rule: nameRule},
			{name: "enabled", shape: aBoolean},
			{name: "route", shape: aReference, to: "routes"},
			{name: "service", shape: aReference, to: "services"},
			{name: "filters", shape: records, required: true, fields: []field{
				need("name"), {name: "enabled", shape: aBoolean}, {name: "config", shape: anything},
			}},
		}},
		// Enterprise alone in Kong.
		{list: "consumer_groups", noun: "consumer group", named: "name", unique: []string{"name"}, lacks: &lack{reason: "consumer groups are not supported yet; the limits and rights of this one are missing"}, fields: []field{
			{name: "name", shape: aText, required: true, rule: nameRule},
			{name: "consumers", shape: anything},
			{name: "plugins", shape: anything},
		}},
	}
}

// storedKinds are what Kong keeps for itself.
func storedKinds() []*kind {
	return []*kind{
		{list: "workspaces", noun: "workspace", named: "name", unique: []string{"name"}, lacks: warn("workspaces are not supported; everything is in one"), fields: []field{
			{name: "name", shape: aText, required: true, rule: nameRule},
			text("comment"),
			{name: "meta", shape: anything},
			{name: "config", shape: anything},
		}},
		{list: "parameters", noun: "parameter", lacks: warn("parameters are not used"), fields: []field{
			need("key"), {name: "value", shape: secrets, required: true},
		}},
		{list: "clustering_data_planes", noun: "data plane", lacks: warn("clusters of Kong are not supported"), fields: []field{
			{name: "last_seen", shape: aTime},
			text("config_hash"), text("hostname"), text("ip"), text("version"),
			text("sync_status"),
			{name: "labels", shape: anything},
			{name: "cert_details", shape: anything},
			{name: "ttl", shape: aNumber},
		}},
		{list: "sessions", noun: "session", lacks: warn("sessions are not supported yet; it is not known"), fields: []field{
			{name: "session_id", shape: secrets, required: true},
			{name: "expires", shape: anInteger},
			{name: "data", shape: secrets},
			{name: "ttl", shape: aNumber},
		}},
		{list: "acme_storage", noun: "ACME entry", lacks: warn("ACME is not supported yet"), fields: []field{
			{name: "key", shape: secrets}, {name: "value", shape: secrets}, {name: "ttl", shape: aNumber},
		}},
		{list: "ratelimiting_metrics", noun: "count", lacks: warn("counts are not read from a file"), fields: []field{
			{name: "identifier", shape: anything},
			{name: "period", shape: anything},
			{name: "period_date", shape: anything},
			{name: "service_id", shape: anything},
			{name: "route_id", shape: anything},
			{name: "value", shape: anything},
			{name: "ttl", shape: aNumber},
		}},
		{list: "licenses", noun: "license", lacks: warn("licenses are not needed"), fields: []field{
			{name: "payload", shape: secrets, required: true},
		}},
	}
}
