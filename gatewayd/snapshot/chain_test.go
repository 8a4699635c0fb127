package snapshot_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// tag is a plugin whose instances are told apart by a word.
type tagConfig struct {
	Word string `json:"word" doc:"What tells it apart."`
	Who  string `json:"who" doc:"A consumer."`
}

type tagInstance struct{ word string }

func (tagInstance) Access(*plugin.Exchange) (*plugin.Reply, error) { return nil, nil }

func tag(name string, priority int) plugin.Kind {
	return plugin.Define(plugin.Spec[tagConfig]{
		Name: name, Priority: priority, Refs: []string{"who"},
		Defaults: func() tagConfig { return tagConfig{} },
		Check: func(c tagConfig) error {
			if c.Word == "bad" {
				return plugin.Invalid("word", "must not be bad")
			}
			return nil
		},
		Build: func(c tagConfig, _ plugin.Env) (plugin.Instance, error) { return tagInstance{c.Word}, nil },
	})
}

func configured(name, word string, change func(*entity.Plugin)) entity.Plugin {
	p := entity.NewPlugin()
	p.ID, p.Name = name+word, name
	p.Config, _ = json.Marshal(map[string]string{"word": word})
	p.Source.Object = "KongPlugin " + word
	if change != nil {
		change(&p)
	}
	return p
}

func base() *entity.Config {
	s := entity.NewService()
	s.ID, s.Name, s.Host = "s", "s", "127.0.0.1"
	r := entity.NewRoute()
	r.ID, r.Name, r.ServiceID, r.Paths = "r", "r", "s", []string{"/"}
	return &entity.Config{
		Services: []entity.Service{s}, Routes: []entity.Route{r},
		Consumers: []entity.Consumer{{ID: "c", Username: "ann"}, {ID: "d", Username: "bob"}},
	}
}

func chainOf(s *snapshot.Snapshot, who string) string {
	var c *plugin.Consumer
	if who != "" {
		c, _ = s.Consumer(who)
	}
	var words []string
	for _, slot := range s.Routes[0].Chain {
		if p := slot.For(c); p != nil {
			if inst, ok := p.Instance.(tagInstance); ok {
				words = append(words, inst.word)
			} else {
				words = append(words, "broken")
			}
		}
	}
	return strings.Join(words, " ")
}

// The most specific scope wins: kong/runloop/plugins_iterator.lua:149-235.
func TestMostSpecificScopeWins(t *testing.T) {
	t.Parallel()
	scopes := []struct {
		word    string
		s, r, c string
	}{
		{"global", "", "", ""},
		{"service", "s", "", ""},
		{"route", "", "r", ""},
		{"consumer", "", "", "c"},
		{"route+service", "s", "r", ""},
		{"service+consumer", "s", "", "c"},
		{"route+consumer", "", "r", "c"},
		{"all", "s", "r", "c"},
	}
	cfg := base()
	for _, scope := range scopes {
		cfg.Plugins = append(cfg.Plugins, configured("tag", scope.word, func(p *entity.Plugin) {
			p.ServiceID, p.RouteID, p.ConsumerID = scope.s, scope.r, scope.c
		}))
		s := compile(t, cfg, tag("tag", 10))
		if len(s.Problems) > 0 {
			t.Fatalf("problems: %v", s.Problems)
		}
		if got := chainOf(s, "ann"); got != scope.word {
			t.Errorf("with %s on top, ann gets %s", scope.word, got)
		}
		anybody := scope.word
		if scope.c != "" {
			anybody = map[string]string{"consumer": "route"}[scope.word]
			if anybody == "" {
				anybody = "route+service"
			}
		}
		if got := chainOf(s, "bob"); got != anybody {
			t.Errorf("with %s on top, bob gets %s, want %s", scope.word, got, anybody)
		}
	}
}

func TestDisabledPluginGivesWay(t *testing.T) {
	t.Parallel()
	cfg := base()
	cfg.Plugins = []entity.Plugin{
		configured("tag", "global", nil),
		configured("tag", "off", func(p *entity.Plugin) { p.RouteID, p.Enabled = "r", false }),
	}
	if got := chainOf(compile(t, cfg, tag("tag", 1)), ""); got != "global" {
		t.Errorf("chain = %s, want global", got)
	}
}

func TestOrdering(t *testing.T) {
	t.Parallel()
	kinds := []plugin.Kind{tag("cors", 2000), tag("auth", 1250), tag("acl", 950), tag("limit", 910)}
	for _, c := range []struct {
		name     string
		ordering map[string]*entity.Ordering
		want     string
		problem  string
	}{
		{name: "by priority", want: "cors auth acl limit"},
		{name: "limit before auth", ordering: map[string]*entity.Ordering{"limit": before("auth")}, want: "cors limit auth acl"},
		{name: "auth after limit", ordering: map[string]*entity.Ordering{"auth": after("limit")}, want: "cors acl limit auth"},
		{name: "already so", ordering: map[string]*entity.Ordering{"auth": before("limit")}, want: "cors auth acl limit"},
		{name: "two wishes", ordering: map[string]*entity.Ordering{"limit": before("cors"), "acl": before("auth")}, want: "limit cors acl auth"},
		{name: "unknown name", ordering: map[string]*entity.Ordering{"limit": before("nobody")}, want: "cors auth acl limit", problem: "nobody"},
		{name: "cycle", ordering: map[string]*entity.Ordering{"limit": before("auth"), "auth": before("limit")}, want: "cors auth acl limit", problem: "contradicts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := base()
			for _, k := range kinds {
				cfg.Plugins = append(cfg.Plugins, configured(k.Name, k.Name, func(p *entity.Plugin) { p.RouteID, p.Ordering = "r", c.ordering[k.Name] }))
			}
			s := compile(t, cfg, kinds...)
			if got := chainOf(s, ""); got != c.want {
				t.Errorf("chain = %s, want %s", got, c.want)
			}
			found := slices.ContainsFunc(s.Problems, func(p problem.Problem) bool { return strings.Contains(p.Reason, c.problem) })
			if c.problem != "" && !found || c.problem == "" && len(s.Problems) > 0 {
				t.Errorf("problems = %v, want one with %q", s.Problems, c.problem)
			}
			if broken := s.Routes[0].Broken != ""; broken != (c.name == "cycle") {
				t.Errorf("broken = %q", s.Routes[0].Broken)
			}
		})
	}
}

func before(name string) *entity.Ordering {
	return &entity.Ordering{Before: &entity.OrderingPhase{Access: []string{name}}}
}

func after(name string) *entity.Ordering {
	return &entity.Ordering{After: &entity.OrderingPhase{Access: []string{name}}}
}

// TestSecretConfigIsNotTold: what is wrong with a config out of a Secret is told
// without what stands in it, and still closes what the plugin guards.
func TestSecretConfigIsNotTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, field string }{
		"value":     {`{"word":"bad"}`, "config.word"},
		"type":      {`{"word":4711}`, "config.word"},
		"field":     {`{"hunter2":"x"}`, "config"},
		"reference": {`{"who":"hunter2"}`, "config.who"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := base()
			cfg.Plugins = []entity.Plugin{configured("tag", "x", func(p *entity.Plugin) {
				p.Config, p.SecretConfig = json.RawMessage(c.config), true
			})}
			s := compile(t, cfg, tag("tag", 1))
			if len(s.Problems) != 1 || s.Problems[0].Field != c.field || name != "type" && !strings.Contains(s.Problems[0].Reason, "out of a Secret") {
				t.Fatalf("problems = %v, want one of %s", s.Problems, c.field)
			}
			for _, secret := range []string{"bad", "4711", "hunter2"} {
				if strings.Contains(s.Problems[0].String()+s.Routes[0].Broken, secret) {
					t.Errorf("it tells the Secret: %v, %s", s.Problems[0], s.Routes[0].Broken)
				}
			}
			if name != "reference" && s.Routes[0].Broken == "" {
				t.Error("what it guards is served")
			}
		})
	}
}

func TestFaultyPluginClosesWhatItGuards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		plugin entity.Plugin
		field  string
		reason string
		broken bool   // the route
		ann    string // what ann's chain is
	}{
		{"unknown plugin", configured("nope", "x", func(p *entity.Plugin) { p.RouteID = "r" }), "plugin", `no plugin is called "nope"`, true, "broken"},
		{"bad value", configured("tag", "bad", nil), "config.word", "must not be bad", true, "broken"},
		{"unknown field", configured("tag", "x", func(p *entity.Plugin) { p.Config = json.RawMessage(`{"wrod":"x"}`) }), "config.wrod", "unknown field", true, "broken"},
		{"mistyped field", configured("tag", "x", func(p *entity.Plugin) { p.Config = json.RawMessage(`{"word":1}`) }), "config.word", "must be a string", true, "broken"},
		{"consumer that is not there: the plugin itself answers for that", configured("tag", "x", func(p *entity.Plugin) { p.Config = json.RawMessage(`{"who":"zoe"}`) }), "config.who", "zoe", false, ""},
		{"of one consumer", configured("tag", "bad", func(p *entity.Plugin) { p.ConsumerID = "c" }), "config.word", "must not be bad", false, "broken"},
		{"of service", configured("tag", "bad", func(p *entity.Plugin) { p.ServiceID = "s" }), "config.word", "must not be bad", true, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := base()
			cfg.Plugins = []entity.Plugin{c.plugin}
			s := compile(t, cfg, tag("tag", 1))
			if len(s.Problems) != 1 || s.Problems[0].Field != c.field || !strings.Contains(s.Problems[0].Reason, c.reason) {
				t.Errorf("problems = %v, want one of %s with %q", s.Problems, c.field, c.reason)
			}
			if got := s.Routes[0].Broken != ""; got != c.broken {
				t.Errorf("route broken: %q", s.Routes[0].Broken)
			}
			if got := chainOf(s, "ann"); got != c.ann {
				t.Errorf("ann's chain = %s, want %s", got, c.ann)
			}
			if c.name == "of one consumer" && chainOf(s, "bob") != "" {
				t.Errorf("bob's chain = %s, want none", chainOf(s, "bob"))
			}
		})
	}
}

func TestBrokenConsumerAnswers500(t *testing.T) {
	t.Parallel()
	cfg := base()
	cfg.Consumers[0].Broken = "its credential is of a kind that is not known"
	s := compile(t, cfg)
	if got := chainOf(s, "ann"); got != "broken" {
		t.Errorf("ann's chain = %q, want broken", got)
	}
	if got := chainOf(s, "bob"); got != "" {
		t.Errorf("bob's chain = %q, want none", got)
	}
}

func TestTwoPluginsInOnePlace(t *testing.T) {
	t.Parallel()
	cfg := base()
	cfg.Plugins = []entity.Plugin{
		configured("tag", "one", func(p *entity.Plugin) { p.RouteID = "r" }),
		configured("tag", "two", func(p *entity.Plugin) { p.RouteID = "r" }),
	}
	s := compile(t, cfg, tag("tag", 1))
	if s.Routes[0].Broken == "" || len(s.Problems) != 1 {
		t.Errorf("broken = %q, problems = %v; want both", s.Routes[0].Broken, s.Problems)
	}
}

func TestRevisionTellsEqualFromOther(t *testing.T) {
	t.Parallel()
	a, b := base(), base()
	b.Credentials = []entity.Credential{{ID: "k", Kind: "key-auth", ConsumerID: "c", Key: "one"}}
	c := base()
	c.Credentials = []entity.Credential{{ID: "k", Kind: "key-auth", ConsumerID: "c", Key: "two"}}
	ra, rb, rc := compile(t, a).Revision, compile(t, b).Revision, compile(t, c).Revision
	if ra != compile(t, base()).Revision || ra == rb || rb == rc {
		t.Errorf("revisions = %s, %s, %s", ra, rb, rc)
	}
}
