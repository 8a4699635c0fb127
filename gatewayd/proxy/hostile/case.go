package hostile

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed testdata/requests.txt testdata/answers.txt
var files embed.FS

// Case is one block of a table. testdata/requests.txt says how it is written.
type Case struct {
	Group, Name string
	// Line is where the block begins in its file.
	Line int
	// Raw is what is sent.
	Raw string
	// Options are the other lines: their first word, and what follows it.
	Options map[string][]string
}

// Option is the last value of an option, "" when it is not given.
func (c *Case) Option(name string) string {
	v := c.Options[name]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

// Has says whether an option is given.
func (c *Case) Has(name string) bool { return len(c.Options[name]) > 0 }

// Requests is the table of requests.
func Requests() ([]Case, error) { return read("testdata/requests.txt") }

// Answers is the table of upstream answers.
func Answers() ([]Case, error) { return read("testdata/answers.txt") }

func read(file string) ([]Case, error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []Case
	group := ""
	for n, line := range strings.Split(string(text), "\n") {
		at := func(err error) error { return fmt.Errorf("%s:%d: %w", file, n+1, err) }
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "//"):
		case word == "##":
			group = rest
		case word == "#":
			all = append(all, Case{Group: group, Name: rest, Line: n + 1, Options: map[string][]string{}})
		case len(all) == 0:
			return nil, at(fmt.Errorf("%q stands before the first case", line))
		case word == ">" || word == ".":
			raw, err := Unescape(rest)
			if err != nil {
				return nil, at(err)
			}
			c := &all[len(all)-1]
			c.Raw += raw
			if word == ">" {
				c.Raw += "\r\n"
			}
		default:
			c := &all[len(all)-1]
			c.Options[word] = append(c.Options[word], rest)
		}
	}
	return all, nil
}

// Unescape turns \r, \n, \t, \0, \s (a space), \\ and \xHH into the bytes that
// they stand for, and {N*text} into text N times.
func Unescape(s string) (string, error) {
	var b strings.Builder
	for s != "" {
		switch {
		case s[0] == '\\':
			c, rest, err := escape(s[1:])
			if err != nil {
				return "", err
			}
			b.WriteByte(c)
			s = rest
		case s[0] == '{' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
			inside, rest, ok := strings.Cut(s[1:], "}")
			count, text, star := strings.Cut(inside, "*")
			n, err := strconv.Atoi(count)
			if !ok || !star || err != nil {
				return "", fmt.Errorf("a repetition is written {N*text}, not %q", s)
			}
			if text, err = Unescape(text); err != nil {
				return "", err
			}
			b.WriteString(strings.Repeat(text, n))
			s = rest
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), nil
}

func escape(s string) (byte, string, error) {
	if s == "" {
		return 0, "", fmt.Errorf("a backslash at the end of a line")
	}
	switch s[0] {
	case 'r':
		return '\r', s[1:], nil
	case 'n':
		return '\n', s[1:], nil
	case 't':
		return '\t', s[1:], nil
	case 's':
		return ' ', s[1:], nil
	case '0':
		return 0, s[1:], nil
	case '\\':
		return '\\', s[1:], nil
	case 'x':
		if len(s) >= 3 {
			if v, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
				return byte(v), s[3:], nil
			}
		}
	}
	return 0, "", fmt.Errorf("an escape that is none: \\%s", s)
}
