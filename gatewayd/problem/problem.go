// Package problem says what is wrong with a configuration, so that whoever
// wrote it can mend it: which object, which field, why, and where it stands.
//
// A problem is data, not an error: reading and translating go on after it, and
// everything that is sound is served.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a problem costs.
type Severity string

const (
	// Error means that what the object should have guarded or shaped answers
	// 500 (or, where nothing else is possible, is not served).
	Error Severity = "error"
	// Warning means that it is served without what the problem names.
	Warning Severity = "warning"
)

// Problem is one fault in a configuration.
type Problem struct {
	Severity Severity `json:"severity"`
	// Object is "Kind namespace/name" ("Kind name" without a namespace), or the
	// path of a file that could not be read.
	Object string `json:"object"`
	// Field is the path inside the object, as in "config.minute"; empty when
	// the object as a whole is meant.
	Field string `json:"field,omitempty"`
	// Reason says what is wrong and, where there is one, what would be right.
	// It never holds a secret.
	Reason string `json:"reason"`
	// File and Line say where the object stands; Line is 1-based and 0 when
	// unknown. Both are empty for objects from a Kubernetes API server.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// String gives the problem in one line, as the command line shows it:
//
//	error: demo.yaml:12: KongPlugin demo/limit: config.minute: must be above 0
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(string(p.Severity))
	b.WriteString(": ")
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Object != "" && p.Object != p.File {
		b.WriteString(p.Object + ": ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Reason)
	return b.String()
}

// Compare orders problems by file, line, object, field and reason, errors
// before warnings, so that equal configurations list theirs alike.
func Compare(a, b Problem) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.Field, b.Field),
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Reason, b.Reason),
	)
}

// Sort returns the problems in the order of Compare, each once.
func Sort(ps []Problem) []Problem {
	out := slices.Clone(ps)
	slices.SortFunc(out, Compare)
	return slices.Compact(out)
}
