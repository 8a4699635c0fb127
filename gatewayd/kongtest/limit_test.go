package kongtest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// limited is a service with rate-limiting.
func limited(config string) string {
	return route("") + "plugins: [{name: rate-limiting, config: {" + config + "}}]\n"
}

// both is a service with key-auth and rate-limiting.
func both(config string) string {
	return strings.Replace(guarded(""), "plugins: [", "plugins: [{name: rate-limiting, config: {"+config+"}}, ", 1)
}

// at is a gateway whose clock stands still.
func at(clock string) proxytest.Options {
	now, err := time.Parse(time.RFC3339, clock)
	if err != nil {
		panic(err)
	}
	return proxytest.Options{Now: func() time.Time { return now }}
}

// The fields of rate-limiting's answers: kong/plugins/rate-limiting/handler.lua.
func TestRateLimiting(t *testing.T) {
	t.Parallel()
	const tooMany = "API rate limit exceeded"
	noFields := []string{
		"-RateLimit-Limit", "-RateLimit-Remaining", "-RateLimit-Reset", "-Retry-After", "-X-RateLimit-Limit-Minute", "-X-RateLimit-Remaining-Minute",
	}
	clock := at("2024-02-28T10:20:30Z")
	one := []string{get("/")}
	two := []string{get("/"), get("/")}
	run(t, []row{
		{
			name: "the first: handler.lua:187", file: limited("minute: 2"), options: clock, body: "ok",
			header: []string{
				"X-RateLimit-Limit-Minute: 2", "X-RateLimit-Remaining-Minute: 1", "RateLimit-Limit: 2", "RateLimit-Remaining: 1", "RateLimit-Reset: 30",
				"-Retry-After", "-X-RateLimit-Limit", "-X-RateLimit-Remaining", "X-Kong-Upstream-Latency: *",
			},
		},
		{
			name: "the last but one", file: limited("minute: 2"), options: clock, before: one,
			header: []string{"X-RateLimit-Remaining-Minute: 0", "RateLimit-Remaining: 0", "-Retry-After"},
		},
		{
			name: "one too many: handler.lua:194", file: limited("minute: 2"), options: clock, before: two, status: 429, body: json(tooMany), refused: true,
			header: []string{
				jsonType, "X-RateLimit-Limit-Minute: 2", "X-RateLimit-Remaining-Minute: 0", "RateLimit-Limit: 2", "RateLimit-Remaining: 0", "RateLimit-Reset: 30",
				"Retry-After: 30", "X-Kong-Response-Latency: *", "Server: gatewayd/test", "-Via", "-X-Kong-Proxy-Latency", "-X-Kong-Upstream-Latency", "Connection: keep-alive",
			},
		},
		{name: "one too many, HEAD", file: limited("minute: 2"), options: clock, before: two, send: req("HEAD /", ""), status: 429, header: []string{"Retry-After: 30", "Content-Length: 92"}},
		{name: "one too many, plain", file: limited("minute: 2"), options: clock, before: two, send: get("/", "Accept: text/plain"), status: 429, body: plain(tooMany), header: []string{plainType}},
		{name: "hide_client_headers", file: limited("minute: 2, hide_client_headers: true"), options: clock, header: noFields},
		{name: "hide_client_headers of a 429: handler.lua:195", file: limited("minute: 2, hide_client_headers: true"), options: clock, before: two, status: 429, body: json(tooMany), header: noFields},
		{name: "error_code and error_message: handler.lua:200", file: limited("minute: 2, error_code: 404, error_message: Fake Not Found"), options: clock, before: two, status: 404, body: json("Fake Not Found"), header: []string{"Retry-After: 30"}},
		{
			name: "several periods, the tightest speaks: handler.lua:170", file: limited("minute: 2, hour: 3"), options: clock,
			header: []string{
				"X-RateLimit-Limit-Minute: 2", "X-RateLimit-Remaining-Minute: 1", "X-RateLimit-Limit-Hour: 3", "X-RateLimit-Remaining-Hour: 2",
				"RateLimit-Limit: 2", "RateLimit-Remaining: 1", "RateLimit-Reset: 30",
			},
		},
		{
			name: "of equal ones the longer: handler.lua:171", file: limited("minute: 2, hour: 2"), options: clock,
			header: []string{"RateLimit-Limit: 2", "RateLimit-Remaining: 1", "RateLimit-Reset: 2370"},
		},
		{
			name: "a period that did not stop it is shown as it is: handler.lua:165", file: limited("minute: 2, hour: 4"), options: clock, before: two, status: 429,
			header: []string{"X-RateLimit-Remaining-Minute: 0", "X-RateLimit-Remaining-Hour: 2", "RateLimit-Limit: 2", "RateLimit-Remaining: 0", "RateLimit-Reset: 30", "Retry-After: 30"},
		},
		{
			name: "all periods: handler.lua:32", file: limited("second: 1, minute: 2, hour: 3, day: 4, month: 5, year: 6"), options: clock,
			header: []string{
				"X-RateLimit-Limit-Second: 1", "X-RateLimit-Limit-Minute: 2", "X-RateLimit-Limit-Hour: 3", "X-RateLimit-Limit-Day: 4", "X-RateLimit-Limit-Month: 5", "X-RateLimit-Limit-Year: 6",
				"X-RateLimit-Remaining-Second: 0", "X-RateLimit-Remaining-Minute: 1", "X-RateLimit-Remaining-Year: 5", "RateLimit-Limit: 1", "RateLimit-Reset: 1",
			},
		},
		{name: "a day ends at midnight UTC", file: limited("day: 2"), options: clock, header: []string{"RateLimit-Reset: 49170"}},
		{name: "a month ends with the calendar (Kong: with its 30th day)", file: limited("month: 2"), options: clock, header: []string{"RateLimit-Reset: 135570"}},
		{name: "an upstream's own fields stay beside ours", file: limited("minute: 2"), options: clock, answer: "HTTP/1.1 200 OK\r\nRateLimit-Limit: 99\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", header: []string{"RateLimit-Limit: 99", "RateLimit-Limit: 2", "Retry-After: 7"}},
		{name: "on a 502", file: service("host: 127.0.0.1, port: DEAD", "") + "plugins: [{name: rate-limiting, config: {minute: 2}}]\n", options: clock, status: 502, header: []string{"RateLimit-Remaining: 1", "Via: 1.1 gatewayd/test", "X-Kong-Upstream-Latency: *"}},
		{name: "on a 503 without a target", file: service("host: pool", "") + "upstreams: [{name: pool}]\nplugins: [{name: rate-limiting, config: {minute: 2}}]\n", options: clock, status: 503, header: []string{"RateLimit-Remaining: 1", "X-Kong-Response-Latency: *"}},
		{name: "not on a 404", file: version + "plugins: [{name: rate-limiting, config: {minute: 2}}]\n", options: clock, status: 404, header: noFields},
		{name: "not on the 401 of key-auth, which goes first", file: both("minute: 2"), options: clock, status: 401, header: noFields},
	})
}

// Who is counted together: handler.lua:49, policies/init.lua:69.
func TestWhoIsCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		file string
		send []string
		want string // the status of each, in hundreds: 2 or 4
		real bool   // 127.0.0.1 is trusted
	}{
		{"ip", limited("minute: 1, limit_by: ip"), []string{get("/"), get("/a")}, "24", false},
		{"ip: whom a trusted peer names", limited("minute: 1, limit_by: ip"), []string{get("/", "X-Real-IP: 1.1.1.1"), get("/", "X-Real-IP: 2.2.2.2"), get("/", "X-Real-IP: 1.1.1.1")}, "224", true},
		{"ip: not a stranger's word", limited("minute: 1, limit_by: ip"), []string{get("/", "X-Real-IP: 1.1.1.1"), get("/", "X-Real-IP: 2.2.2.2")}, "24", false},
		{"header", limited("minute: 1, limit_by: header, header_name: X-Key"), []string{get("/", "X-Key: a"), get("/", "X-Key: b"), get("/", "x-key: a")}, "224", false},
		{"header: none is the address", limited("minute: 1, limit_by: header, header_name: X-Key"), []string{get("/", "X-Key: a"), get("/"), get("/")}, "224", false},
		{"path", limited("minute: 1, limit_by: path, path: /p"), []string{get("/p"), get("/"), get("/p"), get("/x")}, "2244", false},
		{"path: normalised", limited("minute: 1, limit_by: path, path: /p"), []string{get("/p"), get("/./%70")}, "24", false},
		{"service: all together", limited("minute: 1, limit_by: service"), []string{get("/", "X-Real-IP: 1.1.1.1"), get("/", "X-Real-IP: 2.2.2.2")}, "24", true},
		{"consumer: apart", both("minute: 1"), []string{get("/?apikey=kong"), get("/?apikey=a+b%26c%3d%C3%A4"), get("/?apikey=kong")}, "224", false},
		{"consumer: nobody is the address", limited("minute: 1"), []string{get("/"), get("/")}, "24", false},
		{"refused ones are not counted", limited("minute: 1, hour: 3"), []string{get("/"), get("/"), get("/")}, "244", false},
		{"401s are not counted", both("minute: 1"), []string{get("/"), get("/"), get("/?apikey=kong")}, "442", false},
		{"error answers of the upstream's absence are", service("host: pool", "") + "upstreams: [{name: pool}]\nplugins: [{name: rate-limiting, config: {minute: 1}}]\n", []string{get("/"), get("/")}, "54", false},
		{"HEAD and OPTIONS are counted", limited("minute: 2"), []string{req("HEAD /", ""), req("OPTIONS /", ""), get("/")}, "224", false},
		{
			"a route's plugin in a service's place: plugins_iterator.lua:lookup_cfg",
			route("") + "plugins: [{name: rate-limiting, service: s, config: {minute: 1}}, {name: rate-limiting, route: r, config: {minute: 2}}]\n",
			[]string{get("/"), get("/"), get("/")},
			"224", false,
		},
		{
			"a consumer's in a route's",
			strings.Replace(both("minute: 1"), "rate-limiting,", "rate-limiting, consumer: bob,", 1),
			[]string{get("/?apikey=kong"), get("/?apikey=kong"), get("/?apikey=a+b%26c%3d%C3%A4"), get("/?apikey=a+b%26c%3d%C3%A4")},
			"2422", false,
		},
		{
			"a global plugin counts all routes together: policies/init.lua:69",
			version + "services: [{name: s, host: 127.0.0.1, port: PORT, routes: [{name: a, paths: [/a]}, {name: b, paths: [/b]}]}]\nplugins: [{name: rate-limiting, config: {minute: 1}}]\n",
			[]string{get("/a"), get("/b")},
			"24", false,
		},
		{
			"routes' own plugins count apart",
			version + "services: [{name: s, host: 127.0.0.1, port: PORT, routes: [{name: a, paths: [/a], plugins: [{name: rate-limiting, config: {minute: 1}}]}, {name: b, paths: [/b], plugins: [{name: rate-limiting, config: {minute: 1}}]}]}]\n",
			[]string{get("/a"), get("/b"), get("/a")},
			"224", false,
		},
		{
			"a service's plugin counts its routes together",
			version + "services: [{name: s, host: 127.0.0.1, port: PORT, plugins: [{name: rate-limiting, config: {minute: 1}}], routes: [{name: a, paths: [/a]}, {name: b, paths: [/b]}]}]\n",
			[]string{get("/a"), get("/b")},
			"24", false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			o := at("2024-02-28T10:20:30Z")
			o.Kinds = plugins.All()
			if c.real {
				o.Trusted = []string{"127.0.0.1"}
			}
			gw := proxytest.Start(t, read(t, strings.ReplaceAll(c.file, "PORT", strconv.Itoa(up.Port))), o)
			got := ""
			for _, s := range c.send {
				got += string(rune('0' + gw.Do(s).Status/100))
			}
			if got != c.want {
				t.Errorf("statuses = %s, want %s", got, c.want)
			}
		})
	}
}
