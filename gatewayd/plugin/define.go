package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// FieldError is a fault in one field of a config.
type FieldError struct {
	Field  string // path below config, as in "redis.port"
	Reason string
	// Unsupported says that the value is sound and that the gateway lacks what
	// it asks for.
	Unsupported bool
}

// Error gives field and reason.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Invalid makes a FieldError.
func Invalid(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// Unsupported makes a FieldError of a value that Kong knows and the gateway
// lacks. Such a value is a problem of the plugin; a file that holds it is sound.
func Unsupported(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...), Unsupported: true}
}

// FieldErrors lists the FieldErrors in err, however they were joined or
// wrapped; an err without any becomes one without a field.
func FieldErrors(err error) []*FieldError {
	if err == nil {
		return nil
	}
	if fe, ok := err.(*FieldError); ok { //nolint:errorlint // the tree is walked by hand below
		return []*FieldError{fe}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*FieldError
		for _, e := range many.Unwrap() {
			out = append(out, FieldErrors(e)...)
		}
		return out
	}
	if fe, ok := errors.AsType[*FieldError](err); ok {
		return []*FieldError{fe}
	}
	return []*FieldError{{Reason: err.Error()}}
}

// Spec is what Define needs to know of a plugin whose config is a C.
type Spec[C any] struct {
	Name     string
	Priority int
	Doc      string
	// Defaults returns a config with every default set. It is a function, as
	// decoding writes into the slices of what it is given.
	Defaults func() C
	// Check reports every fault that the types alone do not, joined, each made
	// with Invalid. It may be nil.
	Check func(c C) error
	// Build makes the instance from a config that passed Check.
	Build func(c C, env Env) (Instance, error)
	// ManifestDefaults and Refs are those of Kind.
	ManifestDefaults map[string]any
	Refs             []string
}

// Define makes a Kind whose config decodes into a C over its defaults. The
// fields of C carry the tags json (its name), doc (for users) and, where a nil
// default should be told in words, default.
func Define[C any](s Spec[C]) Kind {
	effective := func(decode func(into any) error) (C, error) {
		c := s.Defaults()
		if err := decode(&c); err != nil {
			return c, err
		}
		if s.Check != nil {
			return c, s.Check(c)
		}
		return c, nil
	}
	return Kind{
		Name: s.Name, Priority: s.Priority, Doc: s.Doc,
		Fields:           fields(reflect.ValueOf(s.Defaults()), ""),
		ManifestDefaults: s.ManifestDefaults,
		Refs:             s.Refs,
		New: func(decode func(into any) error, env Env) (Instance, error) {
			c, err := effective(decode)
			if err != nil {
				return nil, err
			}
			return s.Build(c, env)
		},
		Effective: func(decode func(into any) error, _ Env) (any, error) {
			return effective(decode)
		},
	}
}

func fields(v reflect.Value, prefix string) []ConfigField {
	var out []ConfigField
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fv := v.Field(i)
		if fv.Kind() == reflect.Struct {
			out = append(out, ConfigField{Name: prefix + name, Type: "record", Doc: f.Tag.Get("doc")})
			out = append(out, fields(fv, prefix+name+".")...)
			continue
		}
		out = append(out, ConfigField{
			Name: prefix + name, Type: typeName(f.Type), Default: defaultText(f, fv), Doc: f.Tag.Get("doc"),
		})
	}
	return out
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "map of " + typeName(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	default:
		return "integer"
	}
}

func defaultText(f reflect.StructField, v reflect.Value) string {
	if d, ok := f.Tag.Lookup("default"); ok {
		return d
	}
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		if v.IsNil() {
			return ""
		}
	}
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return ""
	}
	return strings.Trim(string(raw), `"`)
}
