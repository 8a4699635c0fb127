package ratelimiting

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/limit"
	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// Config is the config of rate-limiting: the fields of Kong 3.9
// (kong/plugins/rate-limiting/schema.lua), and algorithm, burst and queue.
type Config struct {
	Second *float64 `json:"second" doc:"How many requests pass in a second."`
	Minute *float64 `json:"minute" doc:"How many requests pass in a minute."`
	Hour   *float64 `json:"hour" doc:"How many requests pass in an hour."`
	Day    *float64 `json:"day" doc:"How many requests pass in a day."`
	Month  *float64 `json:"month" doc:"How many requests pass in a month."`
	Year   *float64 `json:"year" doc:"How many requests pass in a year. Set one period at least; with several, every one must allow a request, and a longer one must not allow less than a shorter one."`

	Algorithm string `json:"algorithm" doc:"How requests are counted: sliding-window, fixed-window (what Kong does), token-bucket or leaky-bucket. Beyond Kong; manifests get sliding-window when they do not say, a kong.yml gets fixed-window."`
	Burst     *int64 `json:"burst" doc:"How many tokens a token-bucket holds: so many requests may come at once. Beyond Kong." default:"the limit"`
	Queue     *int64 `json:"queue" doc:"How many requests may be in a leaky-bucket, the one in service included; the others wait for their turn, and when it is full requests are refused. Beyond Kong." default:"the limit"`

	LimitBy    string  `json:"limit_by" doc:"Whose requests are counted together: consumer, credential, ip, service, header or path. Where a request has no such thing, its client IP address counts."`
	HeaderName *string `json:"header_name" doc:"Name of the request header whose value tells callers apart, with limit_by header."`
	Path       *string `json:"path" doc:"Path of the requests that are counted together, with limit_by path; others are counted by client IP address."`

	Policy            string  `json:"policy" doc:"Where the counts are kept: local, in the memory of this gateway. redis and cluster are not available yet."`
	FaultTolerant     bool    `json:"fault_tolerant" doc:"Let requests pass when the counts cannot be reached. When false they are answered with 500."`
	HideClientHeaders bool    `json:"hide_client_headers" doc:"Answer without the RateLimit and X-RateLimit headers, and without Retry-After."`
	ErrorCode         int     `json:"error_code" doc:"Status of the answer to a refused request, 400 to 599."`
	ErrorMessage      string  `json:"error_message" doc:"Message of the answer to a refused request."`
	SyncRate          float64 `json:"sync_rate" doc:"How often counts go to redis, in seconds; -1 is at every request. Only for policy redis."`
	Redis             Redis   `json:"redis" doc:"How to reach the Redis server of policy redis."`

	RedisHost       *string `json:"redis_host,omitempty" doc:"Deprecated: the same as redis.host."`
	RedisPort       *int    `json:"redis_port,omitempty" doc:"Deprecated: the same as redis.port."`
	RedisPassword   *string `json:"redis_password,omitempty" doc:"Deprecated: the same as redis.password."`
	RedisUsername   *string `json:"redis_username,omitempty" doc:"Deprecated: the same as redis.username."`
	RedisSSL        *bool   `json:"redis_ssl,omitempty" doc:"Deprecated: the same as redis.ssl."`
	RedisSSLVerify  *bool   `json:"redis_ssl_verify,omitempty" doc:"Deprecated: the same as redis.ssl_verify."`
	RedisServerName *string `json:"redis_server_name,omitempty" doc:"Deprecated: the same as redis.server_name."`
	RedisTimeout    *int    `json:"redis_timeout,omitempty" doc:"Deprecated: the same as redis.timeout."`
	RedisDatabase   *int    `json:"redis_database,omitempty" doc:"Deprecated: the same as redis.database."`
}

func defaults() Config {
	return Config{
		Algorithm: limit.FixedWindow.String(), LimitBy: "consumer", Policy: "local", FaultTolerant: true,
		ErrorCode: 429, ErrorMessage: "API rate limit exceeded", SyncRate: -1,
	}
}

// limits lists the limits by period, nil where there is none.
func (c *Config) limits() [limit.Periods]*float64 {
	return [limit.Periods]*float64{c.Second, c.Minute, c.Hour, c.Day, c.Month, c.Year}
}

// given is the text, "" when it is unset: Kong takes an empty text for none
// (kong/db/schema/init.lua:1995).
func given(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// rules makes the rules of a config that passed check, shortest period first.
func (c *Config) rules() []limit.Rule {
	a, _ := limit.ParseAlgorithm(c.Algorithm) // check did
	var rules []limit.Rule
	for p, n := range c.limits() {
		if n == nil {
			continue
		}
		r := limit.Rule{Algorithm: a, Period: limit.Period(p), Limit: int64(*n)}
		if c.Burst != nil {
			r.Size = *c.Burst
		}
		if c.Queue != nil {
			r.Size = *c.Queue
		}
		rules = append(rules, r)
	}
	return rules
}

func check(c Config) error {
	return errors.Join(c.checkLimits(), c.checkAlgorithm(), c.checkIdentity(), c.checkAnswer(), c.checkPolicy(), c.checkRedis())
}

func (c *Config) checkLimits() error {
	var errs []error
	limits := c.limits()
	set := false
	for p, n := range limits {
		if n == nil {
			continue
		}
		set = true
		field := limit.Period(p).String()
		switch {
		case *n <= 0 || *n > limit.MaxLimit:
			errs = append(errs, plugin.Invalid(field, "must be above 0 and at most 2^53"))
			continue
		case *n != math.Trunc(*n):
			errs = append(errs, plugin.Invalid(field, "must be a whole number"))
			continue
		}
		for shorter, less := range limits[:p] {
			if less != nil && *less > *n {
				errs = append(errs, plugin.Invalid(field, "must not be below the limit of a shorter period: %g is below %s's %g", *n, limit.Period(shorter), *less))
				break
			}
		}
	}
	if !set {
		errs = append(errs, errors.New("set at least one of second, minute, hour, day, month, year"))
	}
	return errors.Join(errs...)
}

func (c *Config) checkAlgorithm() error {
	a, err := limit.ParseAlgorithm(c.Algorithm)
	if err != nil {
		return oneOf("algorithm", c.Algorithm, limit.SlidingWindow.String(), limit.FixedWindow.String(), limit.TokenBucket.String(), limit.LeakyBucket.String())
	}
	size := func(field string, n *int64, of limit.Algorithm) error {
		switch {
		case n == nil:
			return nil
		case a != of:
			return plugin.Invalid(field, "belongs to algorithm %s; the algorithm is %s", of, a)
		case *n < 1 || *n > limit.MaxLimit:
			return plugin.Invalid(field, "must be at least 1 and at most 2^53")
		}
		return nil
	}
	return errors.Join(size("burst", c.Burst, limit.TokenBucket), size("queue", c.Queue, limit.LeakyBucket))
}

func oneOf(field, got string, names ...string) error {
	if slices.Contains(names, got) {
		return nil
	}
	return plugin.Invalid(field, "%q is none of: %s", got, strings.Join(names, ", "))
}

func (c *Config) checkIdentity() error {
	errs := []error{oneOf("limit_by", c.LimitBy, "consumer", "credential", "ip", "service", "header", "path")}
	header, path := given(c.HeaderName), given(c.Path)
	if header == "" && c.LimitBy == "header" {
		errs = append(errs, plugin.Invalid("header_name", "is required with limit_by header"))
	}
	if strings.ContainsFunc(header, func(r rune) bool { return r != '-' && r != '_' && !alphanumeric(r) }) {
		errs = append(errs, plugin.Invalid("header_name", "%q is not a header name; use letters, digits, _ and -", header))
	}
	if path == "" && c.LimitBy == "path" {
		errs = append(errs, plugin.Invalid("path", "is required with limit_by path"))
	}
	if fault := pathFault(path); fault != "" {
		errs = append(errs, plugin.Invalid("path", "%s", fault))
	}
	return errors.Join(errs...)
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// pathFault says what is wrong with a path (kong/db/schema/typedefs.lua:71,318).
func pathFault(path string) string {
	switch {
	case path == "":
		return ""
	case path[0] != '/':
		return "must begin with /"
	case strings.Contains(path, "//"):
		return "must not have empty segments"
	}
	for i, r := range path {
		if r == '%' {
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return fmt.Sprintf("has a bad escape at %q", path[i:])
			}
		} else if !alphanumeric(r) && !strings.ContainsRune(".-_~/:@!$&'()*+,;=", r) {
			return fmt.Sprintf("must not contain %q", r)
		}
	}
	return ""
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func (c *Config) checkAnswer() error {
	if c.ErrorCode < 400 || c.ErrorCode > 599 {
		return plugin.Invalid("error_code", "must be 400 to 599") // kong/pdk/response.lua:1112 fails at others
	}
	return nil
}

func (c *Config) checkPolicy() error {
	var errs []error
	switch c.Policy {
	case "local":
	case "redis", "cluster":
		errs = append(errs, plugin.Unsupported("policy", "policy %s is not available yet; use local", c.Policy))
	default:
		errs = append(errs, oneOf("policy", c.Policy, "local", "redis", "cluster"))
	}
	switch {
	case c.Policy != "redis" && c.SyncRate != -1:
		errs = append(errs, plugin.Invalid("sync_rate", "can only be used with policy redis"))
	case c.SyncRate != -1 && c.SyncRate < 0.02:
		errs = append(errs, plugin.Invalid("sync_rate", "must be at least 0.02, or -1"))
	}
	return errors.Join(errs...)
}
