package plugin

import "strings"

// Field is one header field as it stood on the wire: its name in the case in
// which it was written, its value without the spaces around it.
type Field struct {
	Name, Value string
}

// Header is an ordered list of fields. Names are compared without regard to
// case (RFC 9110, 5.1) and kept in the case in which they came. The zero Header
// is empty and ready to use.
//
// It is a list, not a map, because a request has few fields, their order and
// case must survive, and a list costs no allocation a field.
type Header struct {
	fields []Field
}

// MakeHeader returns a header that holds the fields; it takes the slice over.
func MakeHeader(fields []Field) Header { return Header{fields: fields} }

// Reset empties the header and keeps its room.
func (h *Header) Reset() {
	clear(h.fields)
	h.fields = h.fields[:0]
}

// Len is the number of fields.
func (h *Header) Len() int { return len(h.fields) }

// Fields lists the fields in order. It is the header's own slice: valid until
// the next change, and not to be written to.
func (h *Header) Fields() []Field { return h.fields }

// Get returns the first value of name, "" when there is none.
func (h *Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup returns the first value of name and whether there is one.
func (h *Header) Lookup(name string) (string, bool) {
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			return h.fields[i].Value, true
		}
	}
	return "", false
}

// Count says how many fields are called name.
func (h *Header) Count(name string) int {
	n := 0
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			n++
		}
	}
	return n
}

// Values returns every value of name, in order.
func (h *Header) Values(name string) []string {
	var out []string
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			out = append(out, h.fields[i].Value)
		}
	}
	return out
}

// Joined returns every value of name joined with ", ", as nginx does for the
// list fields that it reads ($http_* of RFC 9110, 5.3).
func (h *Header) Joined(name string) string {
	if h.Count(name) <= 1 {
		return h.Get(name)
	}
	return strings.Join(h.Values(name), ", ")
}

// Add appends a field, whatever is there already.
func (h *Header) Add(name, value string) {
	h.fields = append(h.fields, Field{name, value})
}

// Set makes value the only one of name. The first field of that name keeps its
// place and its spelling, as in OpenResty; without one a field is appended.
func (h *Header) Set(name, value string) {
	for i := range h.fields {
		if EqualFold(h.fields[i].Name, name) {
			h.fields[i].Value = value
			h.del(name, i+1)
			return
		}
	}
	h.Add(name, value)
}

// Del removes every field called name.
func (h *Header) Del(name string) { h.del(name, 0) }

func (h *Header) del(name string, from int) {
	out := h.fields[:from]
	for _, f := range h.fields[from:] {
		if !EqualFold(f.Name, name) {
			out = append(out, f)
		}
	}
	clear(h.fields[len(out):])
	h.fields = out
}

// Clone returns a copy that shares nothing that can change.
func (h *Header) Clone() Header {
	return Header{fields: append([]Field(nil), h.fields...)}
}

// EqualFold compares two field names without regard to ASCII case. Unlike
// strings.EqualFold it knows no Unicode, so no other letter can pass for one.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}
