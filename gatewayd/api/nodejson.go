package api

import (
	"encoding/json"
	"math"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// appendJSON appends n as JSON, keys in the order in which they are written. A
// key that is written twice is a fault, as is a number that JSON has not got.
func (w *walker) appendJSON(b []byte, n *yaml.Node) []byte {
	if n.Kind == yaml.AliasNode {
		w.inside++
		defer func() { w.inside-- }()
	}
	if n = w.resolve(n); n == nil || !w.enter(n) {
		return append(b, "null"...)
	}
	defer func() { w.depth-- }()
	switch n.Kind {
	case yaml.MappingNode:
		return w.appendObject(b, n)
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, item := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			w.path = append(w.path, segment{index: i, kind: '#'})
			b = w.appendJSON(b, item)
			w.path = w.path[:len(w.path)-1]
		}
		return append(b, ']')
	}
	return w.appendScalar(b, n)
}

func (w *walker) appendObject(b []byte, n *yaml.Node) []byte {
	b = append(b, '{')
	seen := make(map[string]struct{}, len(n.Content)/2)
	for key, val := range w.pairs(n) {
		w.path = append(w.path, segment{name: key.Value, kind: '.'})
		if !isKey(key) {
			w.fault(key.Line, "has a key that is not text; put it in quotes")
		} else if _, twice := seen[key.Value]; twice {
			w.fault(key.Line, "is written twice; keep one of them")
		} else {
			if len(seen) > 0 {
				b = append(b, ',')
			}
			seen[key.Value] = struct{}{}
			b = append(appendString(b, key.Value), ':')
			b = w.appendJSON(b, val)
		}
		w.path = w.path[:len(w.path)-1]
	}
	return append(b, '}')
}

func (w *walker) appendScalar(b []byte, n *yaml.Node) []byte {
	switch tagOf(n) {
	case "!!null":
		return append(b, "null"...)
	case "!!bool":
		v, _ := oldBool(n.Value)
		return strconv.AppendBool(b, v)
	case "!!int":
		var i int64
		var u uint64
		if n.Decode(&i) == nil {
			return strconv.AppendInt(b, i, 10)
		}
		if n.Decode(&u) == nil {
			return strconv.AppendUint(b, u, 10)
		}
		w.fault(n.Line, "is too large a number")
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			if raw, err := json.Marshal(f); err == nil {
				return append(b, raw...)
			}
		}
		w.fault(n.Line, "is not a number that JSON can hold")
	case "!!str":
		return appendString(b, n.Value)
	default:
		w.fault(n.Line, "has a tag that is not supported; remove it")
	}
	return append(b, "null"...)
}

func appendString(b []byte, s string) []byte {
	raw, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...)
	}
	return append(b, raw...)
}
