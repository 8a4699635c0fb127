package kongfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sort"

	"go.yaml.in/yaml/v3"
)

var errDeep = errors.New("is nested too deeply")

// readJSON reads JSON into the nodes that YAML is read into. YAML's reader would
// take most of JSON, but not all of its escapes.
func readJSON(data []byte) (*yaml.Node, int, error) {
	j := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data))}
	j.dec.UseNumber()
	for i, c := range data {
		if c == '\n' {
			j.breaks = append(j.breaks, i)
		}
	}
	n, err := j.value(0)
	if err == nil {
		if _, more := j.dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("has more after its end")
		}
	}
	return n, j.line(), err
}

type jsonReader struct {
	dec    *json.Decoder
	breaks []int
}

func (j *jsonReader) line() int {
	return 1 + sort.SearchInts(j.breaks, int(j.dec.InputOffset()))
}

func (j *jsonReader) value(depth int) (*yaml.Node, error) {
	tok, err := j.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: j.line()}
	switch t := tok.(type) {
	case json.Delim:
		if depth > maxDepth {
			return nil, errDeep
		}
		n.Kind = yaml.SequenceNode
		if t == '{' {
			n.Kind = yaml.MappingNode
		}
		for j.dec.More() {
			one, err := j.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, one)
		}
		_, err = j.dec.Token()
		return n, err
	case string:
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
		if slices.ContainsFunc([]byte(n.Value), func(c byte) bool { return c == '.' || c|0x20 == 'e' }) {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", "false"
		if t {
			n.Value = "true"
		}
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}
