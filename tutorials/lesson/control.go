package lesson

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// hidden finds the first character that a terminal obeys instead of showing it: a
// lesson could hide with it what it runs. What changes the direction of writing
// counts as well, and so does what is not UTF-8.
func hidden(text string) (c rune, found bool) {
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case c == '\n', c == '\t', c == '\r' && strings.HasPrefix(text[at:], "\r\n"):
		case c == utf8.RuneError && size == 1:
			return rune(text[at]), true
		case unicode.IsControl(c), c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
			return c, true
		}
		at += size
	}
	return 0, false
}

const hiddenFault = "the character %#x is not allowed: a terminal would not show it; leave it away"

// plain tells of every line of a text that has a hidden character.
func (r *report) plain(text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if c, found := hidden(line); found {
			r.at(n, hiddenFault, c)
		}
	}
}

// plain tells of scalars that have one by an escape of YAML.
func (d *doc) plain(n *yaml.Node) {
	if c, found := hidden(n.Value); found {
		d.fault(n, hiddenFault, c)
	}
	for _, in := range n.Content {
		d.plain(in)
	}
}
