package kongfile

import "slices"

// shape is the type of a field.
type shape int

const (
	aText shape = iota
	anInteger
	aNumber
	aBoolean
	aTime // a time stamp, which is checked and not kept
	aList
	aSet
	integers
	headers // names to lists of values
	aRecord
	records
	aMap // any JSON object
	anything
	aReference
	secrets // anything, which may be secret
)

// field is what a field of an entity or of a record may hold.
type field struct {
	name     string
	shape    shape
	required bool
	// min and max bound a number, where max is not 0.
	min, max float64
	// oneOf lists the texts that are allowed, codes the numbers.
	oneOf []string
	codes []int64
	// rule says what is wrong with a text, or with each text of a list or the
	// values of headers; keys the same of the names of headers.
	rule, keys func(string) string
	// to is the list that a reference is into.
	to string
	// fields are those of a record.
	fields []field
}

// kind is a kind of entity.
type kind struct {
	list string // its list in the file: services
	noun string // what one is called: service
	// named is the field that names one, within its parent if within is set.
	named  string
	within bool
	fields []field
	// unique fields hold what no other entity of the kind may hold.
	unique []string
	// content are the fields that tell one without a name from others.
	content []string
	// lacks, when not nil, says that the gateway has no such thing.
	lacks *lack

	byName   map[string]*field
	children map[string]string // list of children → their field that refers here
}

// schema holds the kinds by list.
type schema map[string]*kind

// newSchema makes the schema. It is made for each reading: that takes less than
// a tenth of a millisecond.
func newSchema() schema {
	s := schema{}
	for _, k := range slices.Concat(coreKinds(), credentialKinds(), lackingKinds()) {
		k.fields = append(k.fields, commonFields()...)
		k.byName = make(map[string]*field, len(k.fields))
		for i := range k.fields {
			k.byName[k.fields[i].name] = &k.fields[i]
		}
		k.children = map[string]string{}
		s[k.list] = k
	}
	for _, k := range s {
		for _, f := range k.fields {
			if f.shape == aReference && s[f.to].byName[k.list] == nil {
				s[f.to].children[k.list] = f.name
			}
		}
	}
	return s
}

// order lists the lists so that what is referred to comes first.
func (s schema) order() []string {
	first := []string{"certificates", "services", "routes", "upstreams", "targets", "consumers", "keyauth_credentials", "plugins"}
	var rest []string
	for list := range s {
		if !slices.Contains(first, list) {
			rest = append(rest, list)
		}
	}
	slices.Sort(rest)
	return append(first, rest...)
}

// commonFields are those that every entity has (kong/db/schema/others/
// declarative_config.lua:add_extra_attributes; ws_id is added by workspaces).
func commonFields() []field {
	return []field{
		{name: "id", shape: aText, rule: uuidRule},
		{name: "created_at", shape: aTime},
		{name: "updated_at", shape: aTime},
		{name: "tags", shape: aSet, rule: tagRule},
		{name: "ws_id", shape: aText},
		{name: "_comment", shape: aText},
		{name: "_ignore", shape: anything},
		{name: "_gatewayd", shape: anything},
	}
}

func protocols() []string {
	return []string{"grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"}
}

// lack says what it means that the gateway has no such thing.
type lack struct {
	warning bool
	reason  string
}

// kongPlugin is a plugin that Kong comes with.
type kongPlugin struct {
	noConsumer bool // it cannot be bound to a consumer (typedefs.no_consumer)
	streams    bool // its protocols may be tcp, tls and udp too (typedefs.protocols)
}

// bundled lists the plugins that Kong comes with (kong/constants.lua:1) and what
// their schemas (kong/plugins/NAME/schema.lua) say of what they can be bound to.
func bundled() map[string]kongPlugin {
	m := map[string]kongPlugin{}
	add := func(p kongPlugin, names ...string) {
		for _, name := range names {
			m[name] = p
		}
	}
	add(kongPlugin{},
		"ai-prompt-decorator", "ai-prompt-guard", "ai-prompt-template", "ai-proxy", "ai-response-transformer",
		"aws-lambda", "correlation-id", "opentelemetry", "rate-limiting", "redirect", "request-size-limiting",
		"request-termination", "response-ratelimiting", "response-transformer")
	add(kongPlugin{noConsumer: true},
		"acl", "ai-request-transformer", "basic-auth", "bot-detection", "cors", "hmac-auth", "jwt", "key-auth",
		"ldap-auth", "oauth2", "standard-webhooks", "acme")
	add(kongPlugin{streams: true},
		"azure-functions", "datadog", "file-log", "grpc-gateway", "grpc-web", "http-log", "ip-restriction", "loggly",
		"post-function", "pre-function", "prometheus", "proxy-cache", "request-transformer", "statsd", "syslog",
		"tcp-log", "udp-log", "zipkin")
	add(kongPlugin{noConsumer: true, streams: true}, "session")
	return m
}
