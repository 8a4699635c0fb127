package ratelimiting_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins/ratelimiting"
)

// TestConfig has the cases of spec/03-plugins/23-rate-limiting/01-schema_spec.lua
// ("spec" with the line) and the rules of kong/plugins/rate-limiting/schema.lua.
func TestConfig(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, config string
		want         []string
	}{
		{"spec 7", `{"second":10}`, nil},
		{"spec 14: all", `{"second":10,"minute":20,"hour":30,"day":40,"month":50,"year":60}`, nil},
		{"spec 21: header", `{"second":10,"limit_by":"header","header_name":"X-App-Version"}`, nil},
		{"spec 28: path", `{"second":10,"limit_by":"path","path":"/request"}`, nil},
		{"spec 36: a longer one is lower", `{"second":20,"hour":10}`, []string{"hour: must not be below the limit of a shorter period: 10 is below second's 20"}},
		{"spec 43", `{"second":10,"minute":20,"hour":30,"day":40,"month":60,"year":50}`, []string{"year: must not be below the limit of a shorter period: 50 is below month's 60"}},
		{"equal limits", `{"second":5,"year":5}`, nil},
		{"spec 50: none", `{}`, []string{": set at least one of second, minute, hour, day, month, year"}},
		{"spec 57: header without a name", `{"second":10,"limit_by":"header"}`, []string{"header_name: is required with limit_by header"}},
		{"an empty name is none", `{"second":10,"limit_by":"header","header_name":""}`, []string{"header_name: is required with limit_by header"}},
		{"spec 64: path without a path", `{"second":10,"limit_by":"path"}`, []string{"path: is required with limit_by path"}},
		{
			"spec 78: redis", `{"second":10,"policy":"redis","redis":{"host":"redis","port":6379,"database":0,"username":"test","password":"testXXX","ssl":true,"ssl_verify":false,"timeout":1100,"server_name":"redis.test"}}`,
			[]string{"policy: policy redis is not available yet; use local"},
		},
		{
			"spec 97: redis, the old way", `{"second":10,"policy":"redis","redis_host":"redis","redis_port":6379,"redis_database":0,"redis_username":"test","redis_password":"testXXX","redis_ssl":true,"redis_ssl_verify":false,"redis_timeout":1100,"redis_server_name":"redis.test"}`,
			[]string{"policy: policy redis is not available yet; use local"},
		},
		{
			"spec 116: redis without a host", `{"second":10,"policy":"redis","redis":{"port":6379}}`,
			[]string{"policy: policy redis is not available yet; use local", "redis.host: is required with policy redis"},
		},
		{"schema 42: cluster is for databases", `{"second":1,"policy":"cluster"}`, []string{"policy: policy cluster is not available yet; use local"}},
		{"schema 42: another policy", `{"second":1,"policy":"file"}`, []string{`policy: "file" is none of: local, redis, cluster`}},
		{"schema 24: sync_rate without redis", `{"second":1,"sync_rate":5}`, []string{"sync_rate: can only be used with policy redis"}},
		{
			"schema 29: sync_rate", `{"second":1,"policy":"redis","redis":{"host":"r"},"sync_rate":0.01}`,
			[]string{"policy: policy redis is not available yet; use local", "sync_rate: must be at least 0.02, or -1"},
		},
		{"schema 70: limits", `{"second":0,"minute":-1,"hour":1.5,"day":1e300}`, []string{
			"second: must be above 0 and at most 2^53", "minute: must be above 0 and at most 2^53", "hour: must be a whole number", "day: must be above 0 and at most 2^53",
		}},
		{"whole numbers as floats", `{"second":5.0,"minute":1e3}`, nil},
		{"schema 76: limit_by", `{"second":1,"limit_by":"colour"}`, []string{`limit_by: "colour" is none of: consumer, credential, ip, service, header, path`}},
		{"typedefs 345: header_name", `{"second":1,"header_name":"X App"}`, []string{`header_name: "X App" is not a header name; use letters, digits, _ and -`}},
		{"typedefs 320: path", `{"second":1,"path":"a"}`, []string{"path: must begin with /"}},
		{"typedefs 322: path", `{"second":1,"path":"/a//b"}`, []string{"path: must not have empty segments"}},
		{"typedefs 72: path", `{"second":1,"path":"/a?b"}`, []string{"path: must not contain '?'"}},
		{"typedefs 84: path", `{"second":1,"path":"/a%2"}`, []string{`path: has a bad escape at "%2"`}},
		{"path with an escape", `{"second":1,"path":"/a%2Fb;c=d"}`, nil},
		{"error_code", `{"second":1,"error_code":200}`, []string{"error_code: must be 400 to 599"}},
		{"old and new agree", `{"second":1,"redis":{"host":"a","port":1},"redis_host":"a","redis_port":1}`, nil},
		{
			"kong/db/schema/init.lua 1745: old and new differ", `{"second":1,"redis":{"host":"a","password":"x"},"redis_host":"b","redis_password":"y"}`,
			[]string{"redis_host: contradicts redis.host, which replaced it", "redis_password: contradicts redis.password, which replaced it"},
		},
		{
			"redis numbers", `{"second":1,"redis":{"port":65536,"timeout":-1,"server_name":"::1"}}`,
			[]string{"redis.port: must be 0 to 65535", "redis.timeout: must be 0 to 2147483646", "redis.server_name: must be a name, not an IP address"},
		},
		{"algorithm", `{"second":1,"algorithm":"magic"}`, []string{`algorithm: "magic" is none of: sliding-window, fixed-window, token-bucket, leaky-bucket`}},
		{"burst", `{"second":1,"algorithm":"token-bucket","burst":10}`, nil},
		{"burst 0", `{"second":1,"algorithm":"token-bucket","burst":0}`, []string{"burst: must be at least 1 and at most 2^53"}},
		{"burst elsewhere", `{"second":1,"burst":10}`, []string{"burst: belongs to algorithm token-bucket; the algorithm is fixed-window"}},
		{"queue", `{"second":1,"algorithm":"leaky-bucket","queue":10}`, nil},
		{"queue 0", `{"second":1,"algorithm":"leaky-bucket","queue":0}`, []string{"queue: must be at least 1 and at most 2^53"}},
		{"queue elsewhere", `{"second":1,"algorithm":"token-bucket","queue":10}`, []string{"queue: belongs to algorithm leaky-bucket; the algorithm is token-bucket"}},
		{"every fault at once", `{"limit_by":"x","error_code":1,"sync_rate":1}`, []string{
			": set at least one of second, minute, hour, day, month, year", `limit_by: "x" is none of: consumer, credential, ip, service, header, path`,
			"error_code: must be 400 to 599", "sync_rate: can only be used with policy redis",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			_, err := ratelimiting.Kind().New(strict(tc.config), g.env)
			_, same := ratelimiting.Kind().Effective(strict(tc.config), g.env)
			for _, err := range []error{err, same} {
				var got []string
				for _, fe := range plugin.FieldErrors(err) {
					got = append(got, fe.Error())
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
			}
		})
	}
	if _, err := ratelimiting.Kind().New(strict(`{"minutes":1}`), newGateway().env); err == nil {
		t.Error("an unknown field passed")
	}
}

// TestEffective wants every default, the deprecated fields in their new places,
// and the same again when it is read back.
func TestEffective(t *testing.T) {
	t.Parallel()
	const rest = `"algorithm":"fixed-window","burst":null,"queue":null,"limit_by":"consumer","header_name":null,"path":null,` +
		`"policy":"local","fault_tolerant":true,"hide_client_headers":false,"error_code":429,"error_message":"API rate limit exceeded","sync_rate":-1,`
	for _, tc := range []struct{ name, config, want string }{
		{"defaults", `{"minute":5,"error_message":""}`, `{"second":null,"minute":5,"hour":null,"day":null,"month":null,"year":null,` + rest +
			`"redis":{"host":null,"port":6379,"timeout":2000,"username":null,"password":null,"database":0,"ssl":false,"ssl_verify":false,"server_name":null}}`},
		{
			"spec 06-shorthand_fields 32", `{"minute":100,"redis_host":"custom-host.example.test","redis_port":55000,"redis_username":"test1","redis_password":"testX","redis_database":1,"redis_timeout":1100,"redis_ssl":true,"redis_ssl_verify":true,"redis_server_name":"example.test"}`,
			`{"second":null,"minute":100,"hour":null,"day":null,"month":null,"year":null,` + rest +
				`"redis":{"host":"custom-host.example.test","port":55000,"timeout":1100,"username":"test1","password":"testX","database":1,"ssl":true,"ssl_verify":true,"server_name":"example.test"}}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := tc.config
			for range 2 {
				v, err := ratelimiting.Kind().Effective(strict(config), newGateway().env)
				if err != nil {
					t.Fatal(err)
				}
				raw, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, string(raw)); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				config = string(raw)
			}
		})
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	defaults := map[string]string{}
	for _, f := range ratelimiting.Kind().Fields {
		defaults[f.Name] = f.Default
		if f.Doc == "" && f.Name != "redis" {
			t.Errorf("%s: no doc", f.Name)
		}
	}
	for name, want := range map[string]string{
		"limit_by": "consumer", "redis.port": "6379", "burst": "the limit", "queue": "the limit", "algorithm": "fixed-window", "sync_rate": "-1", "minute": "",
	} {
		if got, ok := defaults[name]; got != want || !ok {
			t.Errorf("%s: got default %q, want %q", name, got, want)
		}
	}
	for name := range ratelimiting.Kind().ManifestDefaults {
		if _, ok := defaults[name]; !ok || strings.Contains(name, ".") {
			t.Errorf("%s: default for manifests of no field", name)
		}
	}
}
