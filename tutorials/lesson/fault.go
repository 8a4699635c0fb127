package lesson

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one fault in a lesson's file.
type Fault struct {
	File string
	// Line is 1-based.
	Line    int
	Message string
}

// Error gives the fault in one line: file:line: message.
func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message) }

// Faults are all faults of a lesson, by file and line.
type Faults []Fault

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// report collects faults.
type report struct {
	file string
	last int // the file's last line
	list Faults
}

func newReport(file, text string) *report {
	return &report{file: file, last: max(1, strings.Count(strings.TrimSuffix(text, "\n"), "\n")+1)}
}

func (r *report) at(line int, format string, args ...any) {
	line = min(line, r.last) // what is missing at the end is missing on the last line
	r.list = append(r.list, Fault{r.file, line, fmt.Sprintf(format, args...)})
}

// err gives what was collected, nil if nothing.
func (r *report) err() error {
	if len(r.list) == 0 {
		return nil
	}
	slices.SortStableFunc(r.list, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	r.list = slices.Compact(r.list)
	return r.list
}

// list writes words as "a, b or c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
