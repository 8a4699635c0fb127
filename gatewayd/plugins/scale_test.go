package plugins_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// large makes n routes with key-auth and rate-limiting each, and n consumers
// with a key.
func large(n int) *entity.Config {
	cfg := &entity.Config{}
	for i := range n {
		s := entity.NewService()
		s.ID, s.Name, s.Host = fmt.Sprint("s", i), fmt.Sprint("svc-", i), "127.0.0.1"
		cfg.Services = append(cfg.Services, s)
		r := entity.NewRoute()
		r.ID, r.Name, r.ServiceID, r.Paths = fmt.Sprint("r", i), fmt.Sprint("route-", i), s.ID, []string{fmt.Sprintf("/service-%d/", i)}
		cfg.Routes = append(cfg.Routes, r)
		for _, name := range []string{"key-auth", "rate-limiting"} {
			p := entity.NewPlugin()
			p.ID, p.Name, p.RouteID = fmt.Sprint(name, i), name, r.ID
			if name == "rate-limiting" {
				p.Config = json.RawMessage(`{"minute":5}`)
			}
			cfg.Plugins = append(cfg.Plugins, p)
		}
		c := entity.Consumer{ID: fmt.Sprint("c", i), Username: fmt.Sprint("user-", i)}
		cfg.Consumers = append(cfg.Consumers, c)
		cfg.Credentials = append(cfg.Credentials, entity.Credential{
			ID: fmt.Sprint("k", i), Kind: "key-auth", ConsumerID: c.ID, Key: entity.Secret(fmt.Sprint("key-", i)),
		})
	}
	return cfg
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg := large(n)
			shared := map[string]any{}
			opts := snapshot.Options{Kinds: plugins.All(), Env: plugin.Env{
				Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Shared: func(key string, open func() (any, error)) (any, error) {
					if v, ok := shared[key]; ok {
						return v, nil
					}
					v, err := open()
					shared[key] = v
					return v, err
				},
			}}
			b.ReportAllocs()
			for b.Loop() {
				if s := snapshot.Compile(cfg, opts); len(s.Problems) > 0 {
					b.Fatal(s.Problems[0])
				}
			}
		})
	}
}
