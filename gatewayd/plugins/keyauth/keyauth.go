// Package keyauth lets a request pass when it carries a key that some consumer
// owns.
//
// It behaves as Kong 3.9's key-auth (kong/plugins/key-auth/handler.lua), with
// three differences, all in what hide_credentials does: a header is removed in
// the spelling in which it was found too, a body is rewritten only when it holds
// the key, and then nothing but the key goes (Kong sorts a form's fields and
// writes JSON and multipart anew).
package keyauth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// Config is the config of key-auth.
type Config struct {
	KeyNames        []string `json:"key_names" doc:"Names of the headers, query arguments and body fields that may hold the key, tried in this order. They consist of letters, digits, _ and -."`
	HideCredentials bool     `json:"hide_credentials" doc:"Remove the key from the request before it goes upstream. Without it the backend sees the key."`
	Anonymous       *string  `json:"anonymous" doc:"Id or username of the consumer that requests without a valid key count as. When unset they are answered with 401."`
	KeyInHeader     bool     `json:"key_in_header" doc:"Look for the key in the request headers."`
	KeyInQuery      bool     `json:"key_in_query" doc:"Look for the key in the query string. Keys in URLs end up in logs."`
	KeyInBody       bool     `json:"key_in_body" doc:"Look for the key in the request body: a form, JSON or multipart/form-data, of at most 8 KiB (Kong's default buffer); a longer body counts as one without a key."`
	RunOnPreflight  bool     `json:"run_on_preflight" doc:"Ask OPTIONS requests for a key too. Browsers send none with a CORS preflight, so set false where browsers call."`
	Realm           *string  `json:"realm" doc:"Realm to name in the WWW-Authenticate header of a 401. When unset none is named."`
}

// maxBody is the longest body that is searched for a key: Kong's default
// client_body_buffer_size (kong/templates/kong_defaults.lua:91), above which
// Kong finds no key either.
const maxBody = 8 << 10

// kind is how credentials of this plugin are called.
const kind = "key-auth"

// Kind is the plugin.
func Kind() plugin.Kind {
	return plugin.Define(plugin.Spec[Config]{
		Name: kind, Priority: 1250,
		Doc:      "Lets a request pass when it carries a key that some consumer owns, and tells the other plugins and the upstream who that is.",
		Defaults: defaults, Check: check, Build: build,
		Refs: []string{"anonymous"},
	})
}

func defaults() Config {
	return Config{KeyNames: []string{"apikey"}, KeyInHeader: true, KeyInQuery: true, RunOnPreflight: true}
}

func check(c Config) error {
	var errs []error
	for i, name := range c.KeyNames {
		if !validName(name) {
			errs = append(errs, plugin.Invalid("key_names."+strconv.Itoa(i), "%q is not a header name; use letters, digits, _ and -", name))
		}
	}
	if c.Realm != nil && strings.ContainsFunc(*c.Realm, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		errs = append(errs, plugin.Invalid("realm", "must not contain control characters"))
	}
	return errors.Join(errs...)
}

func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

type instance struct {
	c         Config
	names     []keyName
	anonymous string // "" for none
	challenge []plugin.Field
}

var _ plugin.Accessor = (*instance)(nil)

func build(c Config, _ plugin.Env) (plugin.Instance, error) {
	if c.KeyNames == nil {
		c.KeyNames = defaults().KeyNames // null in the config
	}
	k := &instance{c: c}
	for _, name := range c.KeyNames {
		k.names = append(k.names, newKeyName(name))
	}
	if c.Anonymous != nil {
		k.anonymous = *c.Anonymous
	}
	challenge := "Key"
	if c.Realm != nil && *c.Realm != "" {
		challenge = `Key realm="` + *c.Realm + `"`
	}
	k.challenge = []plugin.Field{{Name: "WWW-Authenticate", Value: challenge}}
	return k, nil
}

// denial is why a request is not authenticated.
type denial struct {
	message string // for the client
	reason  string // for people who watch
}

// Access implements plugin.Accessor.
func (k *instance) Access(x *plugin.Exchange) (*plugin.Reply, error) {
	if !k.c.RunOnPreflight && x.Request.Method == "OPTIONS" {
		explain(x, "skip", "preflight")
		return nil, nil
	}
	if k.anonymous != "" && x.Credential() != nil {
		explain(x, "skip", "authenticated already")
		return nil, nil
	}
	cred, no, err := k.authenticate(x)
	switch {
	case err != nil:
		explain(x, "error", "the body could not be read")
		return nil, err
	case cred != nil:
		identify(x, cred.Consumer, cred)
		explain(x, "pass", nameOf(cred.Consumer))
		return nil, nil
	case k.anonymous != "":
		return nil, k.passAnonymous(x, no)
	}
	explain(x, "deny", no.reason)
	return &plugin.Reply{Status: 401, Message: no.message, Header: k.challenge[:1:1]}, nil
}

// authenticate finds the credential whose key the request carries. Without one
// it says why; an error means that the body could not be read.
func (k *instance) authenticate(x *plugin.Exchange) (*plugin.Credential, denial, error) {
	key, many, err := k.key(x)
	switch {
	case err != nil:
		return nil, denial{}, err
	case many:
		return nil, denial{"Duplicate API key found", "more than one key"}, nil
	case key == "":
		return nil, denial{"No API key found in request", "no key"}, nil
	}
	cred, ok := x.People.Credential(kind, key)
	if !ok || cred == nil {
		return nil, denial{"Unauthorized", "unknown key"}, nil
	}
	return cred, denial{}, nil
}

// passAnonymous lets the request pass as the anonymous consumer. When there is
// none it is a fault of the configuration, and the request answers 500
// (spec/03-plugins/09-key-auth/02-access_spec.lua:798).
func (k *instance) passAnonymous(x *plugin.Exchange, no denial) error {
	who, ok := x.People.Consumer(k.anonymous)
	if !ok || who == nil {
		explain(x, "error", "the anonymous consumer does not exist")
		return fmt.Errorf("finding the anonymous consumer %q: there is none", k.anonymous)
	}
	identify(x, who, nil)
	if x.Observed() {
		explain(x, "pass", "anonymous as "+nameOf(who)+": "+no.reason)
	}
	return nil
}

// identify tells plugins and upstream who is calling. Fields that do not apply
// are removed, so that no client can forge them (handler.lua:50).
func identify(x *plugin.Exchange, who *plugin.Consumer, with *plugin.Credential) {
	x.Authenticate(who, with)
	var id, custom, username, cred, anonymous string
	if who != nil {
		id, custom, username = who.ID, who.CustomID, who.Username
	}
	if with != nil {
		cred = with.ID
	} else {
		anonymous = "true"
	}
	h := &x.Request.Header
	put(h, "X-Consumer-ID", id)
	put(h, "X-Consumer-Custom-ID", custom)
	put(h, "X-Consumer-Username", username)
	put(h, "X-Credential-Identifier", cred)
	put(h, "X-Anonymous-Consumer", anonymous)
}

func put(h *plugin.Header, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}

func nameOf(who *plugin.Consumer) string {
	switch {
	case who == nil:
		return "nobody"
	case who.Username != "":
		return who.Username
	case who.CustomID != "":
		return who.CustomID
	default:
		return who.ID
	}
}

func explain(x *plugin.Exchange, decision, reason string) {
	if x.Observed() {
		x.Explain(plugin.Verdict{Decision: decision, Reason: reason})
	}
}
