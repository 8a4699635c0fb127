package learn

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gwctl/gwctl/tutorials/engine"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

const (
	// shortKey is the length below which a value is taken for a word that may stand
	// in any text.
	shortKey = 6
	// keyBegins is how much of a key is shown, so that two can be told apart.
	keyBegins = 4
)

// mask hides keys; the zero value hides nothing.
type mask struct{ keys *strings.Replacer }

// maskOf hides the values of params that the lesson uses as keys: they are the
// user's own. What stands in the lesson's text is for all to read.
func maskOf(l *lesson.Lesson, params map[string]string) mask {
	keys := map[string]bool{}
	for _, k := range l.Keys() {
		keys[k] = true
		if _, rest, ok := strings.Cut(k, " "); ok { // Basic, Bearer
			keys[rest] = true
		}
	}
	var own []string
	for _, value := range params {
		if keys[value] {
			own = append(own, value)
		}
	}
	return maskKeys(own)
}

// maskKeys hides these keys, as they are and as others write them.
func maskKeys(keys []string) mask {
	var pairs [][2]string
	for _, key := range keys {
		n := utf8.RuneCountInString(key)
		if n < shortKey {
			continue
		}
		shown := string([]rune(key)[:keyBegins]) + strings.Repeat("*", n-keyBegins)
		for _, form := range forms(key) {
			pairs = append(pairs, [2]string{form, shown})
		}
	}
	if pairs == nil {
		return mask{}
	}
	// One key may begin another: the longer one comes first.
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Compare(len(b[0]), len(a[0])) })
	var list []string
	for _, p := range pairs {
		list = append(list, p[0], p[1])
	}
	return mask{strings.NewReplacer(list...)}
}

// forms are the ways in which a key stands in bodies, paths and Secrets.
func forms(key string) []string {
	quoted, _ := json.Marshal(key) // a string always can be
	inJSON := string(quoted[1 : len(quoted)-1])
	inHTML := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(inJSON)
	return []string{
		key, inJSON, inHTML, url.QueryEscape(key), url.PathEscape(key), (&url.URL{Path: key}).EscapedPath(),
		base64.StdEncoding.EncodeToString([]byte(key)),
	}
}

// text masks a text.
func (m mask) text(s string) string {
	if m.keys == nil {
		return s
	}
	return m.keys.Replace(s)
}

// event gives a copy of an event whose texts are masked before anybody lays them out
// or encodes them. The event stays as it is.
func (m mask) event(e engine.Event) engine.Event {
	if m.keys == nil {
		return e
	}
	return m.value(reflect.ValueOf(e)).Interface().(engine.Event)
}

// value copies what can be reached and masks each text in it.
func (m mask) value(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() { // others are words of the engine
			return reflect.ValueOf(m.text(v.String()))
		}
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !compared(f) {
				out.Field(i).Set(m.value(v.Field(i)))
			}
		}
		return out
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if !v.IsNil() {
			return m.inside(v)
		}
	default:
	}
	return v
}

// inside copies what holds other values.
func (m mask) inside(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(m.value(v.Elem()))
		return out
	case reflect.Map:
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for name, x := range v.Seq2() {
			out.SetMapIndex(name, m.value(x))
		}
		return out
	default:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(m.value(v.Index(i)))
		}
		return out
	}
}

// compared says of a field of an event that views compare it with others: it says
// what the event belongs to.
func compared(f reflect.StructField) bool {
	switch f.Name {
	case "ID", "Step", "Fire", "What", "State", "Next", "When", "Can":
		return f.Type.Kind() != reflect.Pointer
	}
	return false
}
