package engine

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// fits reports whether a value is what is wanted; there says whether there is
// one at all.
func fits(m *lesson.Match, value string, there bool) bool {
	if m.Present != nil && *m.Present != there {
		return false
	}
	if !there {
		return m.Present != nil || *m == (lesson.Match{Not: m.Not})
	}
	if m.Equals != nil && !same(*m.Equals, value) || m.Not != nil && same(*m.Not, value) {
		return false
	}
	if !strings.Contains(value, m.Contains) || m.Matches != "" && !regexp.MustCompile(m.Matches).MatchString(value) {
		return false
	}
	return m.AtLeast == nil && m.AtMost == nil || bounded(m, value)
}

// bounded reports whether a value is a number within the bounds.
func bounded(m *lesson.Match, value string) bool {
	n, err := strconv.ParseFloat(value, 64)
	return err == nil && (m.AtLeast == nil || n >= *m.AtLeast) && (m.AtMost == nil || n <= *m.AtMost)
}

func same(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return a == b || err == nil && err2 == nil && x == y
}

// fitsNumber is fits of a number.
func fitsNumber(m *lesson.Match, n float64) bool { return m == nil || fits(m, plain(n), true) }

// plain writes a number without a point where it has none.
func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// words says what is wanted.
func words(m *lesson.Match) string {
	var parts []string
	if m.Equals != nil {
		parts = append(parts, cmp.Or(*m.Equals, "empty"))
	}
	if m.Not != nil {
		parts = append(parts, "anything but "+*m.Not)
	}
	if m.Contains != "" {
		parts = append(parts, "something that contains "+m.Contains)
	}
	if m.Matches != "" {
		parts = append(parts, "something that matches "+m.Matches)
	}
	switch {
	case m.AtLeast != nil && m.AtMost != nil:
		parts = append(parts, fmt.Sprintf("%s to %s", plain(*m.AtLeast), plain(*m.AtMost)))
	case m.AtLeast != nil:
		parts = append(parts, plain(*m.AtLeast)+" at least")
	case m.AtMost != nil:
		parts = append(parts, plain(*m.AtMost)+" at most")
	}
	if m.Present != nil && *m.Present {
		parts = append(parts, "a value")
	}
	if m.Present != nil && !*m.Present {
		parts = append(parts, "no value")
	}
	return strings.Join(parts, " and ")
}
