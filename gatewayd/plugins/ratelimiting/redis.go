package ratelimiting

import (
	"errors"
	"math"
	"net/netip"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// Redis says how to reach a Redis server (kong/tools/redis/schema.lua). Unset
// fields are nil, so that a deprecated one can stand for them.
type Redis struct {
	Host       *string `json:"host" doc:"Host name or address of the server."`
	Port       *int    `json:"port" doc:"Port of the server." default:"6379"`
	Timeout    *int    `json:"timeout" doc:"Milliseconds to wait for it." default:"2000"`
	Username   *string `json:"username" doc:"Name to log in with; needs Redis 6."`
	Password   *string `json:"password" doc:"Password to log in with."`
	Database   *int    `json:"database" doc:"Number of the database." default:"0"`
	SSL        *bool   `json:"ssl" doc:"Talk TLS to the server." default:"false"`
	SSLVerify  *bool   `json:"ssl_verify" doc:"Verify the certificate of the server." default:"false"`
	ServerName *string `json:"server_name" doc:"Name that its certificate must have."`
}

// filled has the defaults of Redis filled in and the deprecated fields moved to
// their new places. An empty message is none, and none is the default.
func (c Config) filled() Config {
	if c.ErrorMessage == "" {
		c.ErrorMessage = defaults().ErrorMessage
	}
	fill := func(to **int, old **int, value int) {
		if *to == nil {
			*to = *old
		}
		if *to == nil {
			*to = &value
		}
		*old = nil
	}
	move(&c.Redis.Host, &c.RedisHost)
	fill(&c.Redis.Port, &c.RedisPort, 6379)
	fill(&c.Redis.Timeout, &c.RedisTimeout, 2000)
	move(&c.Redis.Username, &c.RedisUsername)
	move(&c.Redis.Password, &c.RedisPassword)
	fill(&c.Redis.Database, &c.RedisDatabase, 0)
	move(&c.Redis.SSL, &c.RedisSSL)
	move(&c.Redis.SSLVerify, &c.RedisSSLVerify)
	move(&c.Redis.ServerName, &c.RedisServerName)
	for _, b := range []**bool{&c.Redis.SSL, &c.Redis.SSLVerify} {
		if *b == nil {
			*b = new(bool)
		}
	}
	return c
}

func move[T any](to, old **T) {
	if *to == nil {
		*to = *old
	}
	*old = nil
}

func (c *Config) checkRedis() error {
	errs := []error{
		clash("host", c.RedisHost, c.Redis.Host), clash("port", c.RedisPort, c.Redis.Port),
		clash("timeout", c.RedisTimeout, c.Redis.Timeout), clash("username", c.RedisUsername, c.Redis.Username),
		clash("password", c.RedisPassword, c.Redis.Password), clash("database", c.RedisDatabase, c.Redis.Database),
		clash("ssl", c.RedisSSL, c.Redis.SSL), clash("ssl_verify", c.RedisSSLVerify, c.Redis.SSLVerify),
		clash("server_name", c.RedisServerName, c.Redis.ServerName),
	}
	r := c.filled().Redis
	if given(r.Host) == "" && c.Policy == "redis" {
		errs = append(errs, plugin.Invalid("redis.host", "is required with policy redis"))
	}
	if *r.Port < 0 || *r.Port > 65535 {
		errs = append(errs, plugin.Invalid("redis.port", "must be 0 to 65535"))
	}
	if *r.Timeout < 0 || *r.Timeout > math.MaxInt32-1 {
		errs = append(errs, plugin.Invalid("redis.timeout", "must be 0 to 2147483646"))
	}
	if _, err := netip.ParseAddr(given(r.ServerName)); err == nil {
		errs = append(errs, plugin.Invalid("redis.server_name", "must be a name, not an IP address"))
	}
	return errors.Join(errs...)
}

// clash reports a deprecated field that contradicts the one that replaced it
// (kong/db/schema/init.lua:1745). It does not tell the values: one may be a
// password.
func clash[T comparable](field string, old, new *T) error {
	if old == nil || new == nil || *old == *new {
		return nil
	}
	return plugin.Invalid("redis_"+field, "contradicts redis.%s, which replaced it", field)
}
