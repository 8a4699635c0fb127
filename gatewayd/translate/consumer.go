package translate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/source"
)

// credentialLabel says on a Secret what kind of credential it is.
const credentialLabel = prefix + "credential"

// consumer is a consumer in the making.
type consumer struct {
	entity.Consumer
	item source.Item[*api.KongConsumer]
	src  entity.Source
}

// keyOwner is who holds a key.
type keyOwner struct {
	consumer *consumer
	secret   entity.Source
}

// translateConsumers makes consumers and their credentials
// (internal/dataplane/kongstate/kongstate.go, FillConsumersAndCredentials).
func (t *translator) translateConsumers(set source.Set) {
	usernames, customIDs := map[string]string{}, map[string]string{}
	keys := map[string]keyOwner{}
	for _, item := range ordered(set.Consumers) {
		src := item.Source()
		if !t.ours(item.Object.Annotations) {
			if item.Object.Annotations[classAnnotation] == "" {
				t.warn(src, annotationField(classAnnotation),
					"is missing, so nobody knows this consumer; write "+classAnnotation+": "+t.class)
			}
			continue
		}
		c := &consumer{item: item, src: src}
		o := item.Object
		c.ID = entity.ID("consumers", o.Namespace, o.Name)
		c.Username, c.CustomID, c.Source = o.Username, o.CustomID, src
		if o.Username == "" && o.CustomID == "" {
			t.fail(&c.Broken, src, "username", "is missing, so the consumer is left out; write username or custom_id")
			continue
		}
		if t.taken(usernames, src, "username", o.Username) || t.taken(customIDs, src, "custom_id", o.CustomID) {
			continue
		}
		t.unreadable(&c.Broken, src, item.Origin)
		t.checkAnnotations(&c.Broken, src, onConsumer, o.Annotations)
		if len(o.ConsumerGroups) > 0 {
			t.fail(&c.Broken, src, "consumerGroups", "is not supported yet; without it the limits and rights of a group would be missing")
		}
		t.consumers = append(t.consumers, c)
		for i, ref := range o.Credentials {
			t.credential(c, ref, credentialField(i), keys)
		}
		for _, ref := range t.pluginRefs(&c.Broken, src, o.Namespace, o.Annotations) {
			t.useOnConsumer(ref, src, c)
		}
	}
}

// credentialField is the field path of a consumer's credential.
func credentialField(i int) string { return fmt.Sprintf("credentials[%d]", i) }

// taken reports a name that an earlier consumer has, by which the later one is
// left out; Kong refuses two.
func (t *translator) taken(names map[string]string, src entity.Source, field, value string) bool {
	if value == "" {
		return false
	}
	if other, ok := names[value]; ok {
		t.fail(new(string), src, field, "is that of "+other+" as well, so this consumer is left out; it must be unique")
		return true
	}
	names[value] = src.Object
	return false
}

// credential reads one Secret of a consumer.
func (t *translator) credential(c *consumer, ref, field string, keys map[string]keyOwner) {
	where := name{c.item.Object.Namespace, ref}
	s, ok := t.index.secrets[where]
	if !ok {
		t.fail(&c.Broken, c.src, field, "names Secret "+where.String()+", which does not exist; create it or correct the name")
		return
	}
	src := s.Source()
	if s.Origin.Broken != "" {
		t.unreadable(&c.Broken, src, s.Origin)
		return
	}
	t.checkAnnotations(&c.Broken, src, onSecret, s.Object.Annotations)
	switch kind, labelled := s.Object.Labels[credentialLabel]; {
	case !labelled:
		reason := "is missing, which says what kind of credential this is; write " + credentialLabel + ": key-auth"
		if _, old := s.Object.Data["kongCredType"]; old {
			reason += " (the key kongCredType is not read any more)"
		}
		t.fail(&c.Broken, src, "metadata.labels["+credentialLabel+"]", reason)
	case kind == "key-auth":
		t.keyAuth(c, s, field, keys)
	default:
		reason := "must be key-auth"
		switch kind {
		case "basic-auth", "hmac-auth", "jwt", "oauth2", "acl", "mtls-auth":
			reason = kind + " is not supported yet; key-auth is"
		}
		t.fail(&c.Broken, src, "metadata.labels["+credentialLabel+"]", reason)
	}
}

// keyAuth makes a credential of a key.
func (t *translator) keyAuth(c *consumer, s source.Item[*corev1.Secret], field string, keys map[string]keyOwner) {
	src, data := s.Source(), s.Object.Data
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if fields := []string{"key", "ttl", "tags", "kongCredType"}; !slices.Contains(fields, name) {
			reason := "unknown field; a key-auth credential has key and ttl"
			if best := api.Nearest(name, fields[:3]); best != "" {
				reason = "unknown field; did you mean " + best + "?"
			}
			t.warn(src, "data["+name+"]", reason)
		}
	}
	key := string(data["key"])
	if key == "" {
		t.fail(&c.Broken, src, "data[key]", "is missing or empty; write the API key there")
		return
	}
	if strings.TrimSpace(key) != key {
		t.warn(src, "data[key]", "begins or ends with a space or a line break, which no header can carry; encode it without (printf, not echo)")
	}
	ttl := 0
	if raw, ok := data["ttl"]; ok {
		n, err := strconv.Atoi(string(raw))
		if err != nil || n < 0 {
			t.fail(&c.Broken, src, "data[ttl]", "must be a whole number of seconds")
			return
		}
		ttl = n
	}
	if other, ok := keys[key]; ok {
		t.conflict(c, src, field, other)
		return
	}
	keys[key] = keyOwner{c, src}
	t.creds = append(t.creds, entity.Credential{
		ID:   entity.ID("keyauth_credentials", c.item.Object.Namespace, c.item.Object.Name, s.Object.Name),
		Kind: "key-auth", ConsumerID: c.ID, Key: entity.Secret(key), TTL: ttl, Source: src,
	})
}

// conflict reports a key that stands twice: whose it is cannot be told, so both
// consumers are broken (internal/dataplane/kongstate/credentials_conflicts.go).
func (t *translator) conflict(c *consumer, src entity.Source, field string, other keyOwner) {
	if c == other.consumer {
		if src.Object == other.secret.Object {
			t.warn(c.src, field, "names "+src.Object+" a second time; remove it")
			return
		}
		t.fail(&c.Broken, src, "data[key]", "is the key of "+other.secret.Object+" as well; keep one of the Secrets")
		return
	}
	t.fail(&c.Broken, src, "data[key]", "is a key of "+other.consumer.src.Object+" and of "+c.src.Object+"; every consumer needs keys of its own")
	t.fail(&other.consumer.Broken, other.consumer.src, "credentials", "hold a key that "+c.src.Object+" has too; every consumer needs keys of its own")
}
