package kongtest_test

import (
	"fmt"
	"strings"
	"testing"
)

// people are consumers with keys.
const people = `consumers:
- {id: 11111111-1111-4111-8111-111111111111, username: bob, custom_id: b-1, keyauth_credentials: [{id: 21111111-1111-4111-8111-111111111111, key: kong}]}
- {id: 11111111-1111-4111-8111-111111111112, custom_id: c-1, keyauth_credentials: [{id: 21111111-1111-4111-8111-111111111112, key: 'a b&c=ä'}]}
- {id: 11111111-1111-4111-8111-111111111113, username: nobody}
`

// guarded is a service with key-auth.
func guarded(config string) string {
	return route("") + "plugins: [{name: key-auth, config: {" + config + "}}]\n" + people
}

// key-auth: kong/plugins/key-auth/handler.lua, spec 09-key-auth/02-access_spec.lua.
func TestKeyAuth(t *testing.T) {
	t.Parallel()
	var (
		no   = json("No API key found in request")
		bad  = json("Unauthorized")
		many = json("Duplicate API key found")
		deny = []string{
			"WWW-Authenticate: Key", jsonType, "X-Kong-Response-Latency: *", "Server: gatewayd/test", "-Via", "X-Kong-Request-Id: *",
			"-X-Kong-Proxy-Latency", "-X-Kong-Upstream-Latency", "Connection: keep-alive",
		}
		bob = []string{
			"X-Consumer-ID: 11111111-1111-4111-8111-111111111111", "X-Consumer-Custom-ID: b-1", "X-Consumer-Username: bob",
			"X-Credential-Identifier: 21111111-1111-4111-8111-111111111111", "-X-Anonymous-Consumer",
		}
		nobody = []string{
			"X-Consumer-ID: 11111111-1111-4111-8111-111111111113", "-X-Consumer-Custom-ID", "X-Consumer-Username: nobody",
			"-X-Credential-Identifier", "X-Anonymous-Consumer: true",
		}
	)
	const anonymous = "anonymous: nobody"
	form := func(body, contentType string) string { return req("POST /", body, "Content-Type: "+contentType) }
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	rows := []row{
		{name: "no key: handler.lua:167", file: guarded(""), status: 401, body: no, header: deny},
		{name: "no key, html", file: guarded(""), send: get("/", "Accept: text/html"), status: 401, body: html("No API key found in request"), header: []string{htmlType, "WWW-Authenticate: Key"}},
		{name: "no key, HEAD", file: guarded(""), send: req("HEAD /", ""), status: 401, header: []string{"WWW-Authenticate: Key", "Content-Length: 96"}},
		{name: "no key, POST with a body", file: guarded(""), send: req("POST /", "abc"), status: 401, header: deny},
		{name: "realm: handler.lua:94", file: guarded("realm: my-api"), status: 401, body: no, header: []string{`WWW-Authenticate: Key realm="my-api"`}},
		{name: "wrong key: handler.lua:188", file: guarded(""), send: get("/", "apikey: x"), status: 401, body: bad, header: deny},
		{name: "empty key", file: guarded(""), send: get("/", "apikey:"), status: 401, body: no, header: deny},
		{name: "empty key in the query", file: guarded(""), send: get("/?apikey="), status: 401, body: no, header: deny},
		{name: "a key without a value: handler.lua:162", file: guarded(""), send: get("/?apikey"), status: 401, body: no, header: deny},
		{name: "two in the header: handler.lua:163", file: guarded(""), send: get("/", "apikey: kong", "apikey: kong"), status: 401, body: many, header: deny},
		{name: "two in the query", file: guarded(""), send: get("/?apikey=kong&apikey=kong"), status: 401, body: many, header: deny},
		{name: "header goes before query", file: guarded(""), send: get("/?apikey=kong", "apikey: x"), status: 401, body: bad},
		{name: "an empty header hides the query", file: guarded(""), send: get("/?apikey=kong", "apikey:"), status: 401, body: no},

		{name: "in the header", file: guarded(""), send: get("/", "apikey: kong"), up: append(bob, "apikey: kong")},
		{name: "in the header, in another case", file: guarded(""), send: get("/", "APIKEY: kong"), up: append(bob, "APIKEY: kong")},
		{name: "in the query", file: guarded(""), send: get("/?a=b&apikey=kong"), up: bob, line: "GET /?a=b&apikey=kong"},
		{name: "in the query, another case", file: guarded(""), send: get("/?APIKEY=kong"), status: 401, body: no},
		{name: "in the query, encoded", file: guarded(""), send: get("/?api%6bey=a+b%26c%3d%C3%A4"), up: []string{"X-Consumer-Custom-ID: c-1", "-X-Consumer-Username"}},
		{name: "key_names in order", file: guarded("key_names: [one, two]"), send: get("/", "two: kong"), up: bob},
		{name: "key_names: the first found counts", file: guarded("key_names: [one, two]"), send: get("/", "two: kong", "one: x"), status: 401, body: bad},
		{name: "key_in_header false", file: guarded("key_in_header: false"), send: get("/", "apikey: kong"), status: 401, body: no},
		{name: "key_in_query false", file: guarded("key_in_query: false"), send: get("/?apikey=kong"), status: 401, body: no},
		{name: "key_in_body false", file: guarded(""), send: form("apikey=kong", urlencoded), status: 401, body: no},
		{
			name: "forged fields are overwritten in their spelling: ngx_http_set_header_helper", file: guarded(""),
			send: get("/", "apikey: kong", "x-consumer-username: root", "X-Consumer-ID: root", "X-Consumer-ID: root2", "X-Anonymous-Consumer: true"),
			up:   []string{"x-consumer-username: bob", "X-Consumer-ID: 11111111-1111-4111-8111-111111111111", "-X-Anonymous-Consumer"},
		},
		{name: "forged fields without key-auth pass", send: get("/", "X-Consumer-Username: root"), up: []string{"X-Consumer-Username: root"}},

		{name: "body: form", file: guarded("key_in_body: true"), send: form("a=b&apikey=kong", urlencoded), up: append(bob, "Content-Length: 15"), upBody: "a=b&apikey=kong"},
		{name: "body: form with a charset", file: guarded("key_in_body: true"), send: form("apikey=kong", urlencoded+"; charset=utf-8"), up: bob},
		{name: "body: JSON", file: guarded("key_in_body: true"), send: form(`{"apikey":"kong"}`, "application/json"), up: bob},
		{name: "body: JSON, a number is no key", file: guarded("key_in_body: true"), send: form(`{"apikey":1}`, "application/json"), status: 401, body: no},
		{name: "body: JSON, an array is several", file: guarded("key_in_body: true"), send: form(`{"apikey":["kong"]}`, "application/json"), status: 401, body: many},
		{name: "body: multipart", file: guarded("key_in_body: true"), send: form(part("apikey", "kong")+"--b--\r\n", multipart), up: bob},
		{name: "body: two in a form", file: guarded("key_in_body: true"), send: form("apikey=kong&apikey=kong", urlencoded), status: 401, body: many},
		{name: "body: of another type", file: guarded("key_in_body: true"), send: form("apikey=kong", "text/plain"), status: 401, body: no},
		{name: "body: without a type", file: guarded("key_in_body: true"), send: req("POST /", "apikey=kong"), status: 401, body: no},
		{name: "body: broken JSON", file: guarded("key_in_body: true"), send: form(`{"apikey`, "application/json"), status: 401, body: no},
		{name: "body: chunked", file: guarded("key_in_body: true"), send: req("POST /", "", "Content-Type: "+urlencoded, "Transfer-Encoding: chunked") + "b\r\napikey=kong\r\n0\r\n\r\n", up: append(bob, "Content-Length: 11"), upBody: "apikey=kong"},
		{name: "body: of GET", file: guarded("key_in_body: true"), send: req("GET /", "apikey=kong", "Content-Type: "+urlencoded), up: bob},
		{name: "body: none, and nothing is said of a length", file: guarded("key_in_body: true"), send: get("/", "apikey: kong"), up: append(bob, "-Content-Length")},

		{name: "hide_credentials: header", file: guarded("hide_credentials: true"), send: get("/?a=b", "apikey: kong", "x: y"), up: append(bob, "-apikey", "x: y"), line: "GET /?a=b"},
		{name: "hide_credentials: query", file: guarded("hide_credentials: true"), send: get("/?apikey=kong&a=b"), up: bob, line: "GET /?a=b"},
		{name: "hide_credentials: the only argument", file: guarded("hide_credentials: true"), send: get("/?apikey=kong"), up: bob, line: "GET /"},
		{name: "hide_credentials: the others are written anew: resty.ada.search", file: guarded("hide_credentials: true"), send: get("/?b=%7e%20&apikey=kong&c&a=/*"), up: bob, line: "GET /?b=%7E+&c=&a=%2F*"},
		{name: "hide_credentials: everywhere: handler.lua:134", file: guarded("hide_credentials: true"), send: get("/?apikey=x&a=b", "apikey: kong"), up: append(bob, "-apikey"), line: "GET /?a=b"},
		{name: "hide_credentials: form", file: guarded("hide_credentials: true, key_in_body: true"), send: form("apikey=kong&a=b", urlencoded), up: append(bob, "Content-Length: 3"), upBody: "a=b"},
		{name: "hide_credentials: JSON", file: guarded("hide_credentials: true, key_in_body: true"), send: form(`{"apikey":"kong","a":"b"}`, "application/json"), up: append(bob, "Content-Length: 9"), upBody: `{"a":"b"}`},
		{name: "hide_credentials: not of a refused request", file: guarded("hide_credentials: true"), send: get("/", "apikey: x"), status: 401, body: bad},

		{name: "anonymous: no key: handler.lua:247", file: guarded(anonymous), up: nobody},
		{name: "anonymous: wrong key", file: guarded(anonymous), send: get("/", "apikey: x"), up: append(nobody, "apikey: x")},
		{name: "anonymous: two keys", file: guarded(anonymous), send: get("/", "apikey: kong", "apikey: x"), up: nobody},
		{name: "anonymous: a key", file: guarded(anonymous), send: get("/", "apikey: kong"), up: bob},
		{name: "anonymous: by id", file: guarded("anonymous: 11111111-1111-4111-8111-111111111113"), up: nobody},
		{name: "anonymous: forged fields", file: guarded(anonymous), send: get("/", "X-Consumer-Custom-ID: root", "X-Credential-Identifier: root"), up: nobody},

		{name: "preflight is asked for a key: run_on_preflight", file: guarded(""), send: req("OPTIONS /", ""), status: 401, body: no, header: deny},
		{name: "preflight is not", file: guarded("run_on_preflight: false"), send: req("OPTIONS /", ""), up: []string{"-X-Consumer-ID", "-X-Anonymous-Consumer"}},
		{name: "no preflight is", file: guarded("run_on_preflight: false"), status: 401, body: no},
		{name: "gone consumers' keys: ttl", file: route("") + "plugins: [{name: key-auth}]\nconsumers: [{username: x}]\n", send: get("/", "apikey: kong"), status: 401, body: bad},
		{name: "no route goes first: kong/init.lua:1172", file: version + "plugins: [{name: key-auth}]\n", status: 404},
		{name: "https goes first: handler.lua:1262", file: route("protocols: [https]") + "plugins: [{name: key-auth}]\n", status: 426},
		{name: "a missing service does not: kong/init.lua:1212", file: version + "routes: [{name: r, paths: [/]}]\nplugins: [{name: key-auth}]\n", status: 401, body: no},
		{name: "a missing target does not", file: service("host: pool", "") + "upstreams: [{name: pool}]\nplugins: [{name: key-auth}]\n", status: 401, body: no},
	}
	for _, scope := range []string{"service", "route"} {
		file := strings.Replace(guarded(""), "plugins: [{name: key-auth,", fmt.Sprintf("plugins: [{name: key-auth, %s: %c,", scope, scope[0]), 1)
		rows = append(rows, row{name: "of a " + scope, file: file, status: 401, body: no})
	}
	run(t, rows)
}

// A plugin that fails at run time is Kong's 500 (kong/init.lua:402, 507): an
// anonymous consumer that is not there.
func TestPluginFails(t *testing.T) {
	t.Parallel()
	cfg := guarded("anonymous: nobody")
	cfg = strings.Replace(cfg, "username: nobody", "username: somebody", 1)
	run(t, []row{{
		name: "the 500 of a faulty plugin", file: cfg, status: 500, body: json("An unexpected error occurred"),
		header: []string{jsonType, "X-Kong-Response-Latency: *", "-Via", "Connection: keep-alive"}, refused: true,
	}, {
		name: "nobody is missed where there is a key: handler.lua:221", file: cfg, send: get("/", "apikey: kong"), up: []string{"X-Consumer-Username: bob"},
	}, {
		name: "in the type that is asked for", file: cfg, send: get("/", "Accept: text/plain"), status: 500, body: plain("An unexpected error occurred"), refused: true,
	}})
}
