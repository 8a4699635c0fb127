package lesson

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/api"
)

// Keys lists the credentials that the lesson sends or applies: what header fields and
// queries hold that are named like one, and what Secrets hold.
func (l *Lesson) Keys() []string {
	k := keys{like: regexp.MustCompile(`(?i)key|auth|token|secret|cookie|passw`)}
	l.each(func(i *Item) {
		switch i.Kind {
		case Fire:
			for n := range i.Volley.Lanes {
				k.lane(&i.Volley.Lanes[n])
			}
		case Apply:
			k.manifests(i.Text)
		case Prose, Run, Predict, Check, Pause:
		}
	})
	return k.list
}

// keys collects credentials; like tells them by their names.
type keys struct {
	like *regexp.Regexp
	list []string
}

func (k *keys) lane(l *Lane) {
	for name, values := range l.Header {
		if k.like.MatchString(name) {
			k.list = append(k.list, values...)
		}
	}
	_, query, _ := strings.Cut(l.Path, "?")
	fields, _ := url.ParseQuery(query) // those that can be read
	for name, values := range fields {
		if k.like.MatchString(name) {
			k.list = append(k.list, values...)
		}
	}
}

func (k *keys) manifests(text string) {
	for _, doc := range api.Split([]byte(text)) {
		var s struct {
			Kind             string
			Data, StringData map[string]string
		}
		if yaml.Unmarshal(doc.Text, &s) != nil || s.Kind != "Secret" {
			continue
		}
		for _, value := range s.StringData {
			k.list = append(k.list, value)
		}
		for _, coded := range s.Data {
			if value, err := base64.StdEncoding.DecodeString(coded); err == nil {
				k.list = append(k.list, string(value))
			}
		}
	}
}
