package keyauth

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// body is a request body that may hold keys.
type body interface {
	find(name string) found
	// without gives the body less what stands under name; false when there is
	// nothing.
	without(name string) ([]byte, bool)
}

// parseBody reads a body as kong.request.get_body does
// (kong/pdk/request.lua:809): by the beginning of its content type. What cannot
// be read is a body without fields.
func parseBody(contentType string, raw []byte) body {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch {
	case strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		return form(raw)
	case strings.HasPrefix(media, "application/json"):
		return parseJSON(raw)
	case strings.HasPrefix(media, "multipart/form-data"):
		return parseMultipart(contentType, raw)
	default:
		return noBody{}
	}
}

type noBody struct{}

func (noBody) find(string) found             { return found{} }
func (noBody) without(string) ([]byte, bool) { return nil, false }

// form is an application/x-www-form-urlencoded body.
type form string

func (f form) find(name string) found { return findArg(string(f), name) }

func (f form) without(name string) ([]byte, bool) {
	var out []byte
	cut := false
	for rest := string(f); rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if key, _, _ := strings.Cut(pair, "="); unescape(key) == name {
			cut = true
			continue
		}
		if len(out) > 0 {
			out = append(out, '&')
		}
		out = append(out, pair...)
	}
	return out, cut
}

// member is one of a JSON object: its name, its value, and both as written.
type member struct {
	name         string
	value, whole json.RawMessage
}

// object is a JSON object as a body.
type object []member

func parseJSON(raw []byte) body {
	if !json.Valid(raw) {
		return noBody{}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return noBody{} // an array has no names, and Kong takes nothing else
	}
	var o object
	for d.More() {
		from := d.InputOffset()
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return noBody{}
		}
		whole := bytes.TrimLeft(raw[from:d.InputOffset()], ", \t\r\n")
		o = append(o, member{name, value, whole})
	}
	return o
}

// find takes the last of several members of one name, as Kong's parser does. An
// array or an object is Lua's table, which Kong takes for several keys
// (handler.lua:155).
func (o object) find(name string) found {
	var f found
	for _, m := range o {
		if m.name != name {
			continue
		}
		f = found{what: other}
		switch m.value[0] {
		case '[', '{':
			f.what = several
		case '"':
			if json.Unmarshal(m.value, &f.text) == nil {
				f.what = text
			}
		}
	}
	return f
}

func (o object) without(name string) ([]byte, bool) {
	out := []byte{'{'}
	cut := false
	for _, m := range o {
		if m.name == name {
			cut = true
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, m.whole...)
	}
	return append(out, '}'), cut
}

// parts is a multipart/form-data body.
type parts struct {
	boundary string
	list     []part
}

type part struct {
	head  map[string][]string
	name  string
	value []byte
}

func parseMultipart(contentType string, raw []byte) body {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return noBody{}
	}
	p := parts{boundary: params["boundary"]}
	r := multipart.NewReader(bytes.NewReader(raw), p.boundary)
	for {
		next, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // NextRawPart promises io.EOF itself
			return p
		}
		if err != nil {
			return noBody{}
		}
		value, err := io.ReadAll(next)
		if err != nil {
			return noBody{}
		}
		p.list = append(p.list, part{next.Header, next.FormName(), value})
	}
}

func (p parts) find(name string) found {
	var f found
	for _, part := range p.list {
		if part.name == name {
			f = f.and(found{text, string(part.value)})
		}
	}
	return f
}

func (p parts) without(name string) ([]byte, bool) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if w.SetBoundary(p.boundary) != nil {
		return nil, false
	}
	cut := false
	for _, part := range p.list {
		if part.name == name {
			cut = true
			continue
		}
		to, err := w.CreatePart(part.head)
		if err != nil {
			return nil, false
		}
		_, _ = to.Write(part.value) // a Buffer takes all
	}
	_ = w.Close()
	return out.Bytes(), cut
}
