package kongfile

import "math"

// The tables of this file are kong/db/schema/entities/*.lua of Kong 3.9.1, field
// by field.

const maxTimeout = math.MaxInt32 - 1

func coreKinds() []*kind {
	return []*kind{serviceKind(), routeKind(), upstreamKind(), targetKind(), consumerKind(), pluginKind()}
}

func serviceKind() *kind {
	return &kind{list: "services", noun: "service", named: "name", unique: []string{"name"}, content: []string{"protocol", "host", "port", "path"}, fields: []field{
		{name: "name", shape: aText, rule: nameRule},
		{name: "url", shape: aText},
		{name: "retries", shape: anInteger, max: 32767},
		{name: "protocol", shape: aText, oneOf: protocols()},
		{name: "host", shape: aText, rule: hostRule},
		{name: "port", shape: anInteger, max: 65535},
		{name: "path", shape: aText, rule: pathRule},
		{name: "connect_timeout", shape: anInteger, min: 1, max: maxTimeout},
		{name: "write_timeout", shape: anInteger, min: 1, max: maxTimeout},
		{name: "read_timeout", shape: anInteger, min: 1, max: maxTimeout},
		{name: "client_certificate", shape: aReference, to: "certificates"},
		{name: "tls_verify", shape: aBoolean},
		{name: "tls_verify_depth", shape: anInteger, max: 64},
		{name: "ca_certificates", shape: aList, rule: uuidRule},
		{name: "enabled", shape: aBoolean},
	}}
}

func routeKind() *kind {
	match := []string{"service", "protocols", "methods", "hosts", "paths", "headers", "snis"}
	return &kind{list: "routes", noun: "route", named: "name", unique: []string{"name"}, content: match, fields: []field{
		{name: "name", shape: aText, rule: nameRule},
		{name: "service", shape: aReference, to: "services"},
		{name: "protocols", shape: aSet, oneOf: protocols()},
		{name: "methods", shape: aSet, rule: methodRule},
		{name: "hosts", shape: aList, rule: routeHostRule},
		{name: "paths", shape: aList, rule: routePathRule},
		{name: "headers", shape: headers, keys: routeHeaderRule, rule: headerValueRule},
		{name: "snis", shape: aSet, rule: sniRule},
		{name: "sources", shape: records, fields: endpointFields()},
		{name: "destinations", shape: records, fields: endpointFields()},
		{name: "https_redirect_status_code", shape: anInteger, codes: []int64{426, 301, 302, 307, 308}},
		{name: "regex_priority", shape: anInteger},
		{name: "strip_path", shape: aBoolean},
		{name: "path_handling", shape: aText, oneOf: []string{"v0", "v1"}},
		{name: "preserve_host", shape: aBoolean},
		{name: "request_buffering", shape: aBoolean},
		{name: "response_buffering", shape: aBoolean},
		{name: "expression", shape: aText},
		{name: "priority", shape: anInteger, max: 1<<46 - 1},
	}}
}

func endpointFields() []field {
	return []field{
		{name: "ip", shape: aText, rule: addressRangeRule},
		{name: "port", shape: anInteger, max: 65535},
	}
}

func upstreamKind() *kind {
	hash := []string{"none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture"}
	return &kind{list: "upstreams", noun: "upstream", named: "name", unique: []string{"name"}, fields: []field{
		{name: "name", shape: aText, required: true, rule: upstreamNameRule},
		{name: "algorithm", shape: aText, oneOf: []string{"consistent-hashing", "least-connections", "round-robin", "latency"}},
		{name: "hash_on", shape: aText, oneOf: hash},
		{name: "hash_fallback", shape: aText, oneOf: hash},
		{name: "hash_on_header", shape: aText, rule: headerNameRule},
		{name: "hash_fallback_header", shape: aText, rule: headerNameRule},
		{name: "hash_on_cookie", shape: aText, rule: cookieNameRule},
		{name: "hash_on_cookie_path", shape: aText, rule: pathRule},
		{name: "hash_on_query_arg", shape: aText},
		{name: "hash_fallback_query_arg", shape: aText},
		{name: "hash_on_uri_capture", shape: aText},
		{name: "hash_fallback_uri_capture", shape: aText},
		{name: "slots", shape: anInteger, min: 10, max: 1 << 16},
		{name: "healthchecks", shape: aRecord, fields: healthcheckFields()},
		{name: "host_header", shape: aText, rule: hostPortRule},
		{name: "client_certificate", shape: aReference, to: "certificates"},
		{name: "use_srv_name", shape: aBoolean},
	}}
}

func healthcheckFields() []field {
	types := []string{"tcp", "http", "https", "grpc", "grpcs"}
	seconds := field{shape: aNumber, max: 65535}
	count := field{shape: anInteger, max: 255}
	named := func(f field, name string) field { f.name = name; return f }
	statuses := field{name: "http_statuses", shape: integers, min: 100, max: 999}
	counts := []field{named(count, "tcp_failures"), named(count, "timeouts"), named(count, "http_failures"), statuses}
	return []field{
		{name: "threshold", shape: aNumber, max: 100},
		{name: "active", shape: aRecord, fields: []field{
			{name: "type", shape: aText, oneOf: types},
			named(seconds, "timeout"),
			{name: "concurrency", shape: anInteger, min: 1, max: 1 << 31},
			{name: "http_path", shape: aText, rule: pathRule},
			{name: "https_sni", shape: aText, rule: sniRule},
			{name: "https_verify_certificate", shape: aBoolean},
			{name: "headers", shape: headers, keys: headerNameRule},
			{name: "healthy", shape: aRecord, fields: []field{named(seconds, "interval"), named(count, "successes"), statuses}},
			{name: "unhealthy", shape: aRecord, fields: append([]field{named(seconds, "interval")}, counts...)},
		}},
		{name: "passive", shape: aRecord, fields: []field{
			{name: "type", shape: aText, oneOf: types},
			{name: "healthy", shape: aRecord, fields: []field{named(count, "successes"), statuses}},
			{name: "unhealthy", shape: aRecord, fields: counts},
		}},
	}
}

func targetKind() *kind {
	return &kind{list: "targets", noun: "target", named: "target", within: true, fields: []field{
		{name: "target", shape: aText, required: true, rule: hostPortRule},
		{name: "upstream", shape: aReference, to: "upstreams", required: true},
		{name: "weight", shape: anInteger, max: 65535},
	}}
}

func consumerKind() *kind {
	return &kind{list: "consumers", noun: "consumer", named: "username", unique: []string{"username", "custom_id"}, content: []string{"custom_id"}, fields: []field{
		{name: "username", shape: aText},
		{name: "custom_id", shape: aText},
	}}
}

func pluginKind() *kind {
	return &kind{list: "plugins", noun: "plugin", named: "name", within: true, unique: []string{"instance_name"}, fields: []field{
		{name: "name", shape: aText, required: true},
		{name: "instance_name", shape: aText, rule: nameRule},
		{name: "route", shape: aReference, to: "routes"},
		{name: "service", shape: aReference, to: "services"},
		{name: "consumer", shape: aReference, to: "consumers"},
		{name: "config", shape: aMap},
		{name: "protocols", shape: aSet, oneOf: protocols()},
		{name: "enabled", shape: aBoolean},
		// Enterprise alone in Kong.
		{name: "ordering", shape: aRecord, fields: []field{
			{name: "before", shape: aRecord, fields: []field{{name: "access", shape: aList}}},
			{name: "after", shape: aRecord, fields: []field{{name: "access", shape: aList}}},
		}},
	}}
}

func credentialKinds() []*kind {
	lacking := func(auth string) *lack {
		return &lack{reason: "credentials of " + auth + " are not supported yet; nobody is known by this one"}
	}
	of := func(list string, unique []string, l *lack, fields ...field) *kind {
		fields = append(fields, field{name: "consumer", shape: aReference, to: "consumers", required: true})
		return &kind{list: list, noun: list, within: true, unique: unique, lacks: l, fields: fields}
	}
	secret := func(name string) field { return field{name: name, shape: secrets} }
	return []*kind{
		of("keyauth_credentials", []string{"key"}, nil, text("key"), field{name: "ttl", shape: aNumber, max: 1e8}),
		of("basicauth_credentials", []string{"username"}, lacking("basic-auth"), need("username"), need("password")),
		of("hmacauth_credentials", []string{"username"}, lacking("hmac-auth"), need("username"), text("secret")),
		of("jwt_secrets", []string{"key"}, lacking("jwt"), text("key"), text("secret"), text("rsa_public_key"),
			field{name: "algorithm", shape: aText, oneOf: []string{
				"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
			}}),
		of("acls", nil, &lack{reason: "access-control groups are not supported yet; the consumer is in none"}, need("group")),
		of("oauth2_credentials", []string{"client_id"}, lacking("oauth2"), need("name"), text("client_id"), text("client_secret"),
			field{name: "hash_secret", shape: aBoolean}, field{name: "redirect_uris", shape: aList},
			field{name: "client_type", shape: aText, oneOf: []string{"confidential", "public"}}),
		{list: "oauth2_authorization_codes", noun: "oauth2_authorization_codes", within: true, lacks: lacking("oauth2"), fields: []field{
			{name: "credential", shape: aReference, to: "oauth2_credentials", required: true},
			{name: "service", shape: aReference, to: "services"},
			{name: "plugin", shape: aReference, to: "plugins"},
			secret("code"), text("authenticated_userid"), text("scope"), text("challenge"), text("challenge_method"), secret("ttl"),
		}},
		{list: "oauth2_tokens", noun: "oauth2_tokens", within: true, lacks: lacking("oauth2"), fields: []field{
			{name: "credential", shape: aReference, to: "oauth2_credentials", required: true},
			{name: "service", shape: aReference, to: "services"},
			text("token_type"),
			{name: "expires_in", shape: anInteger, required: true},
			secret("access_token"), secret("refresh_token"), text("authenticated_userid"), text("scope"), secret("ttl"),
		}},
	}
}
