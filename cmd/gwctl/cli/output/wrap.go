package output

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Columns is how wide w is: the terminal's width, COLUMNS, or 80.
func Columns(w io.Writer) int {
	const usual, least, most = 80, 40, 120
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return min(max(n, least), most)
	}
	if f, ok := w.(*os.File); ok && Terminal(w) {
		if n := width(f.Fd()); n > 0 {
			return min(max(n, least), most)
		}
	}
	return usual
}

// Wide says whether long lines do no harm: on a broad terminal, and where there
// is none.
func Wide(w io.Writer) bool {
	const broad = 110
	return !Terminal(w) || Columns(w) >= broad
}

// Wrap breaks text into lines of at most width, each behind the indent.
func Wrap(text string, width int, indent string) string {
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
			b.WriteString(indent)
			at = len(indent)
		case at+1+n > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// Indent puts n blanks before every line but the first.
func Indent(text string, n int) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", n))
}
