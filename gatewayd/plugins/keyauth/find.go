package keyauth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// found is what stands under a name, as Kong's Lua sees it.
type found struct {
	what what
	text string // for text
}

type what uint8

const (
	nothing what = iota
	other        // there is something, but no text: "?apikey", a number; the key is not looked for further
	text
	several
)

// and adds one more value under the same name.
func (f found) and(more found) found {
	if f.what == nothing {
		return more
	}
	return found{what: several}
}

// maxFields is how many headers, query arguments and form fields are looked at,
// as nginx does for Kong (kong/templates/kong_defaults.lua:198-201).
const maxFields = 100

// keyName is one of key_names.
type keyName struct {
	name string
	// headers are the field names to look for. OpenResty finds a field under
	// its name in lower case, else with "-" for "_" (resty/core/request.lua,
	// req_headers_mt), so that api_key finds api_key and api-key, API_KEY only
	// the latter.
	headers []string
}

func newKeyName(name string) keyName {
	dashed := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	if name == strings.ToLower(name) && name != dashed {
		return keyName{name, []string{name, dashed}}
	}
	return keyName{name, []string{dashed}}
}

// inHeader finds the name among the first hundred fields.
func (n *keyName) inHeader(h *plugin.Header) found {
	fields := h.Fields()
	fields = fields[:min(len(fields), maxFields)]
	for _, name := range n.headers {
		var f found
		for i := range fields {
			if plugin.EqualFold(fields[i].Name, name) {
				f = f.and(found{text, fields[i].Value})
			}
		}
		if f.what != nothing {
			return f
		}
	}
	return found{}
}

// key finds the key of a request, name by name, each in header, query and body
// (handler.lua:111), and hides it where that is asked for. many says that a name
// has more than one value.
func (k *instance) key(x *plugin.Exchange) (key string, many bool, err error) {
	var b body
	for i := range k.names {
		n := &k.names[i]
		var f found
		if k.c.KeyInHeader {
			f = n.inHeader(&x.Request.Header)
		}
		if f.what == nothing && k.c.KeyInQuery {
			f = findArg(x.Request.Query, n.name)
		}
		if f.what == nothing && k.c.KeyInBody {
			if b, err = load(x, b); err != nil {
				return "", false, err
			}
			f = b.find(n.name)
		}
		switch f.what {
		case several:
			return "", true, nil
		case text:
			return f.text, false, k.hide(x, n, b)
		}
	}
	return "", false, nil
}

// load reads the body unless b is it already.
func load(x *plugin.Exchange, b body) (body, error) {
	if b != nil {
		return b, nil
	}
	raw, err := x.Body(maxBody)
	if errors.Is(err, plugin.ErrBodyTooLarge) {
		return noBody{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the body to find a key: %w", err)
	}
	return parseBody(x.Request.Header.Get("Content-Type"), raw), nil
}

// hide removes the name from the request wherever it stands (handler.lua:133).
func (k *instance) hide(x *plugin.Exchange, n *keyName, b body) error {
	if !k.c.HideCredentials {
		return nil
	}
	if r := &x.Request; r.Query != "" {
		r.Query = withoutArg(r.Query, n.name)
		// kong/runloop/handler.lua:1392
		r.HasQuery = r.Query != "" || strings.HasSuffix(r.Target, "?")
	}
	x.Request.Header.Del(n.name)
	for _, name := range n.headers {
		x.Request.Header.Del(name)
	}
	if !k.c.KeyInBody {
		return nil
	}
	b, err := load(x, b)
	if err != nil {
		return err
	}
	if raw, ok := b.without(n.name); ok {
		x.SetBody(raw)
	}
	return nil
}
