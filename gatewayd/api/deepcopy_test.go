package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/gatewayd/api"
)

// TestDeepCopy: copies of our own types are equal and share nothing.
func TestDeepCopy(t *testing.T) {
	t.Parallel()
	p := &api.KongPlugin{
		PluginSpec: api.PluginSpec{
			Config: []byte(`{"minute":5}`), Protocols: []api.Protocol{"http"},
			Ordering: &api.Ordering{Before: map[string][]string{"access": {"key-auth"}}},
		},
		ConfigFrom:    &api.ConfigSource{SecretValue: api.SecretKey{Secret: "s", Key: "k"}},
		ConfigPatches: []api.ConfigPatch{{Path: "/a"}},
	}
	c, _ := p.DeepCopyObject().(*api.KongPlugin)
	if diff := cmp.Diff(p, c); diff != "" {
		t.Errorf("copy differs:\n%s", diff)
	}
	c.Config[2], c.Protocols[0], c.Ordering.Before["access"][0] = 'M', "https", "acl"
	c.ConfigFrom.SecretValue.Key, c.ConfigPatches[0].Path = "x", "/b"
	if string(p.Config) != `{"minute":5}` || p.Protocols[0] != "http" || p.Ordering.Before["access"][0] != "key-auth" ||
		p.ConfigFrom.SecretValue.Key != "k" || p.ConfigPatches[0].Path != "/a" {
		t.Errorf("the copy shares memory: %+v", p)
	}
	cluster := &api.KongClusterPlugin{
		ConfigFrom:    &api.NamespacedConfigSource{SecretValue: api.NamespacedSecretKey{Namespace: "n"}},
		ConfigPatches: []api.NamespacedConfigPatch{{Path: "/a"}},
	}
	consumer := &api.KongConsumer{Username: "u", Credentials: []string{"a"}, ConsumerGroups: []string{"b"}}
	for _, r := range []api.Resource{cluster, consumer} {
		if diff := cmp.Diff(r.(any), r.DeepCopyObject().(any)); diff != "" {
			t.Errorf("copy differs:\n%s", diff)
		}
	}
}
