package lesson

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// hidden finds the first character that a terminal obeys instead of showing it: a
// lesson could hide with it what it runs. What changes the direction of writing
// counts as well, and so does what is not UTF-8. It stands from begin to end; end
// is 0 when there is none.
func hidden(text string) (c rune, begin, end int) {
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case c == '\n', c == '\t', c == '\r' && strings.HasPrefix(text[at:], "\r\n"):
		case c == utf8.RuneError && size == 1:
			return rune(text[at]), at, at + size
		case unicode.IsControl(c), c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
			return c, at, at + size
		}
		at += size
	}
	return 0, 0, 0
}

// Shown puts U+FFFD in the place of each character that a lesson may not have.
func Shown(text string) string {
	var out strings.Builder
	for {
		_, begin, end := hidden(text)
		if end == 0 {
			return out.String() + text
		}
		out.WriteString(text[:begin] + "\uFFFD")
		text = text[end:]
	}
}

const hiddenFault = "the character %#x is not allowed: a terminal would not show it; leave it away"

// plain tells of every line of a text that has a hidden character.
func (r *report) plain(text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if c, _, end := hidden(line); end > 0 {
			r.at(n, hiddenFault, c)
		}
	}
}

// plain tells of scalars that have one by an escape of YAML.
func (d *doc) plain(n *yaml.Node) {
	if c, _, end := hidden(n.Value); end > 0 {
		d.fault(n, hiddenFault, c)
	}
	for _, in := range n.Content {
		d.plain(in)
	}
}
