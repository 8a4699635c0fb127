package learn

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

const (
	// shortKey is the length below which a value is taken for a word that may stand
	// in any text.
	shortKey = 6
	// keyBegins is how much of a key is shown, so that two can be told apart.
	keyBegins = 4
)

// maskOf hides the values of params that the lesson uses as keys: they are the
// user's own. What stands in the lesson's text is for all to read. It is nil when
// there is nothing to hide.
func maskOf(l *lesson.Lesson, params map[string]string) func(string) string {
	var pairs []string
	keys := map[string]bool{}
	for _, k := range l.Keys() {
		keys[k] = true
		if _, rest, ok := strings.Cut(k, " "); ok { // Basic, Bearer
			keys[rest] = true
		}
	}
	for _, value := range params {
		if n := utf8.RuneCountInString(value); n >= shortKey && keys[value] {
			pairs = append(pairs, value, string([]rune(value)[:keyBegins])+strings.Repeat("*", n-keyBegins))
		}
	}
	if pairs == nil {
		return nil
	}
	return strings.NewReplacer(pairs...).Replace
}

// masked hides keys in what is written to it, a line or an event at a time.
type masked struct {
	io.Writer
	mask func(string) string
}

// Write implements io.Writer.
func (m masked) Write(p []byte) (int, error) {
	if _, err := io.WriteString(m.Writer, m.mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
