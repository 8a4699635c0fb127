package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// manifest is a KongPlugin or KongClusterPlugin, whichever it is.
type manifest struct {
	entity.Plugin          // without what it is bound to
	parts         []string // what its ids are made of
}

// binding is what may hold one plugin of a name, no two.
type binding struct{ plugin, service, route, consumer string }

// named finds and reads the plugin that key names, or says why there is none. A
// KongClusterPlugin has to be of our class even then
// (internal/controllers/configuration, KongV1KongClusterPluginReconciler); a
// KongPlugin has not.
func (t *translator) named(key pluginKey) (m *manifest, reason string) {
	if p, ok := t.index.plugins[key]; ok {
		return t.kongPlugin(p), ""
	}
	p, ok := t.index.clusterPlugins[name{"", key.name}]
	if !ok {
		return nil, "there is no KongPlugin " + key.String() + " and no KongClusterPlugin " + key.name
	}
	if !t.ours(p.Object.Annotations) {
		return nil, "KongClusterPlugin " + key.name + " is not of class " + t.class + "; annotate it with " + classAnnotation + ": " + t.class
	}
	return t.clusterPlugin(p), ""
}

func (t *translator) kongPlugin(p source.Item[*api.KongPlugin]) *manifest {
	o, src := p.Object, p.Source()
	m := t.manifest(src, p.Origin, o.PluginSpec, o.Annotations)
	m.parts = []string{"KongPlugin", o.Namespace, o.Name}
	var from *api.NamespacedSecretKey
	if o.ConfigFrom != nil {
		v := o.ConfigFrom.SecretValue
		from = &api.NamespacedSecretKey{Namespace: o.Namespace, Secret: v.Secret, Key: v.Key}
	}
	var patches []api.NamespacedConfigPatch
	for _, c := range o.ConfigPatches {
		v := c.ValueFrom.SecretValue
		patches = append(patches, api.NamespacedConfigPatch{Path: c.Path, ValueFrom: api.NamespacedConfigSource{
			SecretValue: api.NamespacedSecretKey{Namespace: o.Namespace, Secret: v.Secret, Key: v.Key},
		}})
	}
	t.config(m, src, o.Config, from, patches)
	return m
}

func (t *translator) clusterPlugin(p source.Item[*api.KongClusterPlugin]) *manifest {
	o, src := p.Object, p.Source()
	m := t.manifest(src, p.Origin, o.PluginSpec, o.Annotations)
	m.parts = []string{"KongClusterPlugin", o.Name}
	var from *api.NamespacedSecretKey
	if o.ConfigFrom != nil {
		from = &o.ConfigFrom.SecretValue
	}
	t.config(m, src, o.Config, from, o.ConfigPatches)
	return m
}

// manifest reads everything but the config
// (internal/dataplane/kongstate/plugin.go).
func (t *translator) manifest(src entity.Source, o source.Origin, spec api.PluginSpec, annotations map[string]string) *manifest {
	m := &manifest{Plugin: entity.NewPlugin()}
	m.Name, m.InstanceName, m.Enabled = spec.PluginName, spec.InstanceName, !spec.Disabled
	m.PlainHeaders, m.Source = true, src
	t.unreadable(&m.Broken, src, o)
	t.checkAnnotations(&m.Broken, src, onPlugin, annotations)
	if m.Name == "" {
		t.fail(&m.Broken, src, "plugin", "is missing; name the plugin, as in key-auth")
	}
	if len(spec.Protocols) > 0 {
		m.Protocols = nil
		for _, p := range spec.Protocols {
			m.Protocols = append(m.Protocols, string(p))
		}
		known := []string{"grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp", "ws", "wss"}
		if slices.ContainsFunc(m.Protocols, func(p string) bool { return !slices.Contains(known, p) }) {
			t.fail(&m.Broken, src, "protocols", "must be among http, https, grpc, grpcs, tcp, tls and udp")
		}
	}
	if spec.ConsumerRef != "" {
		t.warn(src, "consumerRef", "is read by nothing, Kong's ingress controller included; name the plugin in konghq.com/plugins of the KongConsumer")
	}
	if spec.RunOn != "" {
		t.warn(src, "run_on", "belonged to Kong's service mesh and has no effect; remove it")
	}
	if spec.Ordering != nil {
		m.Ordering = &entity.Ordering{
			Before: t.phase(m, src, "ordering.before", spec.Ordering.Before),
			After:  t.phase(m, src, "ordering.after", spec.Ordering.After),
		}
	}
	return m
}

// phase reads one half of an ordering, which knows the access phase alone.
func (t *translator) phase(m *manifest, src entity.Source, field string, phases map[string][]string) *entity.OrderingPhase {
	if len(phases) == 0 {
		return nil
	}
	for phase := range phases {
		if phase != "access" {
			t.fail(&m.Broken, src, field, "can name plugins for the phase access alone")
			break
		}
	}
	return &entity.OrderingPhase{Access: slices.Clone(phases["access"])}
}

// bind makes one plugin entity.
func (t *translator) bind(m *manifest, c combination) {
	p := m.Plugin
	var suffix strings.Builder // internal/dataplane/kongstate/kongstate.go, buildPlugins
	part := func(kind string, u *use, id *string) {
		if u != nil {
			*id = u.id
			suffix.WriteString("_" + kind + "-" + u.name)
		}
	}
	part("service", c.service, &p.ServiceID)
	part("route", c.route, &p.RouteID)
	part("consumer", c.consumer, &p.ConsumerID)
	if p.InstanceName != "" && suffix.Len() > 0 {
		sum := sha256.Sum256([]byte(suffix.String()))
		p.InstanceName += "-" + hex.EncodeToString(sum[:])[:9]
	}
	p.ID = entity.ID("plugins", append(slices.Clone(m.parts), p.ServiceID, p.RouteID, p.ConsumerID)...)
	at := binding{p.Name, p.ServiceID, p.RouteID, p.ConsumerID}
	if other, taken := t.bound[at]; taken && p.Name != "" {
		t.fail(&p.Broken, p.Source, "plugin", "is "+p.Name+", which "+other+" has put "+c.where()+" already; there can be one, remove one of them")
	} else {
		t.bound[at] = p.Source.Object
	}
	t.plugins = append(t.plugins, p)
}

// where says in words what a plugin is bound to.
func (c combination) where() string {
	var parts []string
	for _, u := range []*use{c.service, c.route, c.consumer} {
		if u != nil {
			parts = append(parts, "on "+u.src.Object)
		}
	}
	if len(parts) == 0 {
		return "on everything"
	}
	return strings.Join(parts, " and ")
}

// translateGlobals makes the KongClusterPlugins that guard every request
// (internal/store/store.go, ListGlobalKongClusterPlugins).
func (t *translator) translateGlobals(set source.Set) {
	for _, p := range ordered(set.ClusterPlugins) {
		global, labelled := p.Object.Labels["global"]
		switch {
		case !labelled || global == "false":
		case global != "true":
			m := t.clusterPlugin(p)
			t.fail(&m.Broken, m.Source, "metadata.labels[global]", `must be "true" or "false"`)
			t.bind(m, combination{})
		case t.ours(p.Object.Annotations):
			t.bind(t.clusterPlugin(p), combination{})
		case p.Object.Annotations[classAnnotation] == "":
			t.warn(p.Source(), annotationField(classAnnotation),
				"is missing, so the plugin does not guard every request as its label says; write "+classAnnotation+": "+t.class)
		}
	}
}
