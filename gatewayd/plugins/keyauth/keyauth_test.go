package keyauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins/keyauth"
)

// wire is a request's body, and what the plugin made of it.
type wire struct {
	body     string
	err      error
	replaced bool
}

func (w *wire) Context() context.Context { return context.Background() }
func (w *wire) ReplaceBody(b []byte)     { w.body, w.replaced = string(b), true }
func (w *wire) ReadBody(limit int) ([]byte, error) {
	if w.err == nil && len(w.body) > limit {
		return nil, plugin.ErrBodyTooLarge
	}
	return []byte(w.body), w.err
}

// people own keys: "kong" is bob's.
type people struct{}

func (people) bob() *plugin.Consumer {
	return &plugin.Consumer{ID: "bob-id", Username: "bob", CustomID: "b0b"}
}

func (p people) Credential(kind, key string) (*plugin.Credential, bool) {
	switch {
	case kind == "key-auth" && key == "kong":
		return &plugin.Credential{ID: "cred-id", Consumer: p.bob()}, true
	case kind == "key-auth" && key == "plain":
		return &plugin.Credential{ID: "plain-cred", Consumer: &plugin.Consumer{ID: "plain-id"}}, true
	}
	return nil, false
}

func (people) Consumer(name string) (*plugin.Consumer, bool) {
	if name == "no-body" || name == "no-body-id" {
		return &plugin.Consumer{ID: "no-body-id", Username: "no-body"}, true
	}
	return nil, false
}

// strict decodes a config as the gateway does.
func strict(config string) func(any) error {
	return func(into any) error {
		d := json.NewDecoder(strings.NewReader(config))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
}

func instance(t *testing.T, config string) plugin.Accessor {
	t.Helper()
	i, err := keyauth.Kind().New(strict(config), plugin.Env{})
	if err != nil {
		t.Fatalf("config %s: %v", config, err)
	}
	return i.(plugin.Accessor)
}

// request is "METHOD /path?query", then header lines, then after an empty line a
// body.
func request(text string) (*plugin.Exchange, *wire) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	w := &wire{body: body}
	x := &plugin.Exchange{}
	x.Begin(w, true)
	x.People = people{}
	r := &x.Request
	r.Method, r.Target, _ = strings.Cut(lines[0], " ")
	r.Path, r.Query, r.HasQuery = strings.Cut(r.Target, "?")
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	return x, w
}

// after writes the request as the upstream would receive it.
func after(x *plugin.Exchange, w *wire) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", x.Request.Method, x.Request.Path)
	if x.Request.HasQuery {
		b.WriteString("?" + x.Request.Query)
	}
	for _, f := range x.Request.Header.Fields() {
		fmt.Fprintf(&b, "\n%s: %s", f.Name, f.Value)
	}
	if w.body != "" {
		b.WriteString("\n\n" + w.body)
	}
	return b.String()
}

const asBob = "\nX-Consumer-ID: bob-id\nX-Consumer-Custom-ID: b0b\nX-Consumer-Username: bob\nX-Credential-Identifier: cred-id"

const (
	noKey     = "401 No API key found in request | Key | deny: no key"
	badKey    = "401 Unauthorized | Key | deny: unknown key"
	twoKeys   = "401 Duplicate API key found | Key | deny: more than one key"
	goodKey   = "pass: bob"
	inBody    = `{"key_in_body":true}`
	hideAll   = `{"key_in_body":true,"hide_credentials":true}`
	formType  = "\nContent-Type: application/x-www-form-urlencoded"
	jsonType  = "\nContent-Type: application/json; charset=utf-8"
	partsType = "\nContent-Type: multipart/form-data; boundary=XX"
)

func onePart(name, value string) string {
	return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

// outcome tells what became of a request in one line.
func outcome(x *plugin.Exchange, reply *plugin.Reply, err error) string {
	v := x.TakeVerdict()
	said := v.Decision + ": " + v.Reason
	switch {
	case err != nil:
		return "error: " + err.Error() + " | " + said
	case reply != nil:
		return fmt.Sprintf("%d %s | %s | %s", reply.Status, reply.Message, reply.Header[0].Value, said)
	default:
		return said
	}
}

// TestAccess has cases of Kong's spec/03-plugins/09-key-auth/02-access_spec.lua
// ("spec" with the line), of kong/plugins/key-auth/handler.lua ("handler") and
// our own.
func TestAccess(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, config, request, want string
		upstream                    string // "" for as it came, with bob's headers when he passes
	}{
		{"spec 195: preflight passes when told so", `{"run_on_preflight":false}`, "OPTIONS /", "skip: preflight", "OPTIONS /"},
		{"handler 249: not every method is a preflight", `{"run_on_preflight":false}`, "GET /", noKey, ""},
		{"spec 205: preflight is asked by default", `{}`, "OPTIONS /", noKey, ""},
		{"spec 219: nothing", `{}`, "GET /", noKey, ""},
		{"spec 232: empty header", `{}`, "GET /\napikey:", noKey, ""},
		{"handler 117: an empty header hides the query's key", `{}`, "GET /?apikey=kong\napikey:", noKey, ""},
		{"spec 264: realm", `{"realm":"test-realm"}`, "GET /\napikey:", `401 No API key found in request | Key realm="test-realm" | deny: no key`, ""},
		{"an empty realm is none", `{"realm":""}`, "GET /", noKey, ""},
		{"spec 281: argument without value", `{}`, "GET /?apikey", noKey, ""},
		{"empty argument", `{}`, "GET /?apikey=", noKey, ""},
		{"spec 309: in the query", `{}`, "GET /request?apikey=kong", goodKey, ""},
		{"escaped in the query", `{}`, "GET /?api%6bey=k%6fng", goodKey, ""},
		{"names in the query have a case", `{}`, "GET /?ApiKey=kong", noKey, ""},
		{"spec 319: unknown key", `{}`, "GET /?apikey=123", badKey, ""},
		{"keys are not patterns", `{}`, "GET /?apikey=kon", badKey, ""},
		{"spec 333: twice in the query", `{}`, "GET /?apikey=kong&apikey=kong", twoKeys, ""},
		{"twice without a value", `{}`, "GET /?apikey&apikey", twoKeys, ""},
		{"with and without a value", `{}`, "GET /?apikey=kong&apikey", twoKeys, ""},
		{"the hundredth argument", `{}`, "GET /?" + strings.Repeat("a=b&", 99) + "apikey=kong", goodKey, ""},
		{"the hundred and first argument", `{}`, "GET /?" + strings.Repeat("a=b&", 100) + "apikey=kong", noKey, ""},
		{"the query is not asked", `{"key_in_query":false}`, "GET /?apikey=kong", noKey, ""},

		{"spec 484: in a header", `{}`, "GET /\napikey: kong", goodKey, ""},
		{"header names have no case", `{}`, "GET /\nAPIKEY: kong", goodKey, ""},
		{"spec 495: unknown key in a header", `{}`, "GET /\napikey: 123", badKey, ""},
		{"handler 155: twice in the header", `{}`, "GET /\napikey: kong\nApikey: kong", twoKeys, ""},
		{"the header is not asked", `{"key_in_header":false}`, "GET /\napikey: kong", noKey, ""},
		{"header before query", `{}`, "GET /?apikey=kong\napikey: 123", badKey, ""},
		{"field 101", `{}`, "GET /" + strings.Repeat("\na: b", 100) + "\napikey: kong", noKey, ""},
		{"spec 533: api_key as api_key", `{"key_names":["api_key"]}`, "GET /\napi_key: kong", goodKey, ""},
		{"spec 543: api_key as api-key", `{"key_names":["api_key"]}`, "GET /\napi-key: kong", goodKey, ""},
		{"api-key is not api_key", `{"key_names":["api-key"]}`, "GET /\napi_key: kong", noKey, ""},
		{"API_KEY is api-key only", `{"key_names":["API_KEY"]}`, "GET /\napi_key: kong", noKey, ""},
		{"API_KEY as Api-Key", `{"key_names":["API_KEY"]}`, "GET /\nApi-Key: kong", goodKey, ""},
		{"names in order: the first one that has a key", `{"key_names":["a","b"]}`, "GET /?a=123\nb: kong", badKey, ""},
		{"names in order: one without a value is passed over", `{"key_names":["a","b"]}`, "GET /?a\nb: kong", goodKey, ""},
		{"null is the default", `{"key_names":null}`, "GET /\napikey: kong", goodKey, ""},

		{"spec 352: in a form", inBody, "POST /" + formType + "\n\nx=1&apikey=kong", goodKey, ""},
		{"spec 352: in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"x":{"y":1},"apikey":"kong"}`, goodKey, ""},
		{"spec 352: in a part", inBody, "POST /" + partsType + "\n\n" + onePart("apikey", "kong") + "--XX--\r\n", goodKey, ""},
		{"spec 365: in the query though the body is asked", inBody, "POST /?apikey=kong" + jsonType + "\n\n{}", goodKey, ""},
		{"spec 392: unknown key in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":"123"}`, badKey, ""},
		{"spec 413: a list in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":["kong","kong"]}`, twoKeys, ""},
		{"an object in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":{"a":"kong"}}`, twoKeys, ""},
		{"a number in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":5}`, noKey, ""},
		{"null in JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":null}`, noKey, ""},
		{"the last member of a name counts", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":"123","apikey":"kong"}`, goodKey, ""},
		{"a list is no object", inBody, "POST /" + jsonType + "\n\n" + `["apikey","kong"]`, noKey, ""},
		{"broken JSON", inBody, "POST /" + jsonType + "\n\n" + `{"apikey":"kong"`, noKey, ""},
		{"spec 434: twice in a form", inBody, "POST /" + formType + "\n\napikey=kong&apikey=kong", twoKeys, ""},
		{"spec 449: apikey[] is another name", inBody, "POST /" + formType + "\n\napikey[]=kong&apikey[]=kong", noKey, ""},
		{"spec 464: apikey[1] is another name", inBody, "POST /" + formType + "\n\napikey[1]=kong&apikey[1]=kong", noKey, ""},
		{"twice in parts", inBody, "POST /" + partsType + "\n\n" + onePart("apikey", "kong") + onePart("apikey", "kong") + "--XX--\r\n", twoKeys, ""},
		{"parts without a boundary", inBody, "POST /\nContent-Type: multipart/form-data\n\n" + onePart("apikey", "kong"), noKey, ""},
		{"parts cut off", inBody, "POST /" + partsType + "\n\n" + onePart("apikey", "kong"), noKey, ""},
		{"spec 699: another type", inBody, "POST /\nContent-Type: text/plain\n\nfoobar", noKey, ""},
		{"a body without a type", inBody, "POST /\n\napikey=kong", noKey, ""},
		{"a body above 8 KiB", inBody, "POST /" + formType + "\n\napikey=kong&x=" + strings.Repeat("x", 8<<10), noKey, ""},
		{"the body is not asked by default", `{}`, "POST /" + formType + "\n\napikey=kong", noKey, ""},

		{"spec 716: shown by default", `{}`, "GET /request?c=value1&b=value2&apikey=kong&a=value3", goodKey, ""},
		{"spec 730: hidden in the query", `{"hide_credentials":true}`, "GET /request?c=value1&b=value2&apikey=kong&a=value3", goodKey, "GET /request?c=value1&b=value2&a=value3" + asBob},
		{"spec 744: hidden in an escaped query", `{"hide_credentials":true}`, "GET /request?c=valu%651&b=value2&api%6B%65%79=kong&a=valu%653", goodKey, "GET /request?c=value1&b=value2&a=value3" + asBob},
		{"nothing is left of the query", `{"hide_credentials":true}`, "GET /?apikey=kong", goodKey, "GET /" + asBob},
		{"kong/runloop/handler.lua 1392: unless it ends in ?", `{"hide_credentials":true}`, "GET /?apikey=kong?\napikey: kong", goodKey, "GET /?" + asBob},
		{"an empty query stays", `{"hide_credentials":true}`, "GET /?\napikey: kong", goodKey, "GET /?" + asBob},
		{"hidden in the header", `{"hide_credentials":true}`, "GET /\nA: b\napikey: kong\nC: d", goodKey, "GET /\nA: b\nC: d" + asBob},
		{"hidden in the other spelling", `{"hide_credentials":true,"key_names":["api_key"]}`, "GET /\napi-key: kong", goodKey, "GET /" + asBob},
		{"hidden everywhere", hideAll, "POST /?apikey=1&a=b" + formType + "\napikey: kong\n\napikey=2&c=%64&apikey", goodKey, "POST /?a=b" + formType + asBob + "\n\nc=%64"},
		{"hidden in JSON", hideAll, "POST /" + jsonType + "\n\n" + `{ "a": [1, 2],` + "\n" + `"apikey": "kong" , "b": 1.50}`, goodKey, "POST /" + jsonType + asBob + "\n\n" + `{"a": [1, 2],"b": 1.50}`},
		{"hidden in parts", hideAll, "POST /" + partsType + "\n\n" + onePart("foo", "bar") + onePart("apikey", "kong") + "--XX--\r\n", goodKey, "POST /" + partsType + asBob + "\n\n" + onePart("foo", "bar") + "--XX--\r\n"},
		{"a body without the key stays as it is", hideAll, "POST /?apikey=kong" + jsonType + "\n\n{ }", goodKey, "POST /" + jsonType + asBob + "\n\n{ }"},

		{
			"forged headers go", `{}`, "GET /\nx-consumer-id: root\nX-Anonymous-Consumer: true\napikey: plain\nX-Consumer-Username: root\nX-Consumer-Custom-ID: root\nX-Credential-Identifier: root", "pass: plain-id",
			"GET /\nx-consumer-id: plain-id\napikey: plain\nX-Credential-Identifier: plain-cred",
		},
		{"spec 760: anonymous does not matter with a key", `{"anonymous":"no-body-id"}`, "GET /\napikey: kong\nX-Anonymous-Consumer: true", goodKey, "GET /\napikey: kong" + asBob},
		{"spec 773: anonymous", `{"anonymous":"no-body-id"}`, "GET /\nX-Credential-Identifier: x", "pass: anonymous as no-body: no key", "GET /\nX-Consumer-ID: no-body-id\nX-Consumer-Username: no-body\nX-Anonymous-Consumer: true"},
		{"spec 786: anonymous by username", `{"anonymous":"no-body"}`, "GET /\napikey: 123", "pass: anonymous as no-body: unknown key", "GET /\napikey: 123\nX-Consumer-ID: no-body-id\nX-Consumer-Username: no-body\nX-Anonymous-Consumer: true"},
		{"anonymous sees no hidden key", `{"anonymous":"no-body","hide_credentials":true}`, "GET /?apikey=123", "pass: anonymous as no-body: unknown key", "GET /\nX-Consumer-ID: no-body-id\nX-Consumer-Username: no-body\nX-Anonymous-Consumer: true"},
		{"spec 798: no such anonymous", `{"anonymous":"ghost"}`, "GET /", `error: finding the anonymous consumer "ghost": there is none | error: the anonymous consumer does not exist`, ""},
		{"an empty anonymous is none", `{"anonymous":""}`, "GET /", noKey, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			x, w := request(tc.request)
			reply, err := instance(t, tc.config).Access(x)
			if got := outcome(x, reply, err); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			want := tc.upstream
			if want == "" {
				head, body, _ := strings.Cut(tc.request, "\n\n")
				if want = strings.ReplaceAll(head, "apikey:", "apikey: "); tc.want == goodKey {
					want += asBob
				}
				want = strings.ReplaceAll(want, ":  ", ": ")
				if body != "" {
					want += "\n\n" + body
				}
			}
			if diff := cmp.Diff(want, after(x, w)); diff != "" {
				t.Errorf("upstream: want (-), got (+):\n%s", diff)
			}
		})
	}
}

// TestPlaces is Kong's table of header × query × body × what is asked
// (02-access_spec.lua:1150): the first place that is asked and has a key decides.
func TestPlaces(t *testing.T) {
	t.Parallel()
	values := []string{"", "kong", "123"}
	for n := range 27 * 8 {
		header, query, body := values[n%3], values[n/3%3], values[n/9%3]
		askH, askQ, askB := n/27&1 == 1, n/27&2 == 2, n/27&4 == 4
		want := noKey
		for _, place := range []struct {
			asked bool
			key   string
		}{{askH, header}, {askQ, query}, {askB, body}} {
			if place.asked && place.key != "" {
				want = map[string]string{"kong": goodKey, "123": badKey}[place.key]
				break
			}
		}
		text := "POST /"
		if query != "" {
			text += "?apikey=" + query
		}
		text += formType
		if header != "" {
			text += "\napikey: " + header
		}
		if body != "" {
			text += "\n\napikey=" + body
		}
		x, _ := request(text)
		config := fmt.Sprintf(`{"key_in_header":%t,"key_in_query":%t,"key_in_body":%t}`, askH, askQ, askB)
		reply, err := instance(t, config).Access(x)
		if got := outcome(x, reply, err); got != want {
			t.Errorf("%s with %q: got %s, want %s", config, text, got, want)
		}
	}
}

func TestAuthenticatedAlready(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, config, want string }{
		{"handler 218: with anonymous either suffices", `{"anonymous":"no-body"}`, "skip: authenticated already"},
		{"handler 233: without it both are asked", `{}`, noKey},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			x, _ := request("GET /")
			x.Authenticate(&plugin.Consumer{ID: "ann"}, &plugin.Credential{ID: "basic"})
			reply, err := instance(t, tc.config).Access(x)
			if got := outcome(x, reply, err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if x.Consumer().ID != "ann" {
				t.Errorf("consumer: got %v", x.Consumer())
			}
		})
	}
}

func TestBrokenBody(t *testing.T) {
	t.Parallel()
	x, w := request("POST /" + formType)
	w.err = errors.New("connection reset")
	if _, err := instance(t, inBody).Access(x); !errors.Is(err, w.err) {
		t.Errorf("got %v", err)
	}
	x, w = request("POST /" + formType + "\napikey: kong")
	w.err = errors.New("connection reset")
	if _, err := instance(t, hideAll).Access(x); !errors.Is(err, w.err) {
		t.Errorf("hiding: got %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, config string
		want         []string
	}{
		{"empty", `{}`, nil},
		{"no names (kong/plugins/key-auth/schema.lua:11 asks for none)", `{"key_names":[]}`, nil},
		{"bad names", `{"key_names":["ok","not ok",""]}`, []string{
			`key_names.1: "not ok" is not a header name; use letters, digits, _ and -`,
			`key_names.2: "" is not a header name; use letters, digits, _ and -`,
		}},
		{"realm", `{"realm":"a\nb"}`, []string{"realm: must not contain control characters"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := keyauth.Kind().New(strict(tc.config), plugin.Env{})
			var got []string
			for _, fe := range plugin.FieldErrors(err) {
				got = append(got, fe.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
	if _, err := keyauth.Kind().New(strict(`{"key_name":"x"}`), plugin.Env{}); err == nil {
		t.Error("an unknown field passed")
	}
	for _, f := range keyauth.Kind().Fields {
		if f.Doc == "" {
			t.Errorf("%s: no doc", f.Name)
		}
	}
}

// TestSecretsStaySecret looks for the key in everything that is said.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"GET /?apikey=s3cret", "GET /?apikey=s3cret&apikey=s3cret"} {
		x, _ := request(text)
		reply, err := instance(t, `{}`).Access(x)
		var b bytes.Buffer
		fmt.Fprintf(&b, "%+v %v %+v", reply, err, x.TakeVerdict())
		if strings.Contains(b.String(), "s3cret") {
			t.Errorf("got %s", b.String())
		}
	}
}

func TestPassAllocatesNothing(t *testing.T) {
	k := instance(t, `{}`)
	x, _ := request("GET /\napikey: kong\nX-Consumer-ID: \nX-Consumer-Custom-ID: \nX-Consumer-Username: \nX-Credential-Identifier: ")
	cred, _ := people{}.Credential("key-auth", "kong")
	x.Begin(&wire{}, false)
	x.People = cached{cred}
	for _, name := range []string{"Host", "apikey"} {
		x.Request.Header.Add(name, "kong")
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = k.Access(x) }); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

type cached struct{ cred *plugin.Credential }

func (c cached) Credential(string, string) (*plugin.Credential, bool) { return c.cred, true }
func (c cached) Consumer(string) (*plugin.Consumer, bool)             { return c.cred.Consumer, true }
