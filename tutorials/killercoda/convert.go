package killercoda

import (
	"regexp"
	"strings"
)

// kind says what a block of a scenario's text is.
type kind int

const (
	words kind = iota
	command
	tip
	solution
)

type block struct {
	kind kind
	text string
}

// text is a scenario's text taken apart.
type text struct{ blocks []block }

func (t text) has(k kind) bool {
	for _, b := range t.blocks {
		if b.kind == k {
			return true
		}
	}
	return false
}

// prose gives the text as it is read, commands as code.
func (t text) prose() string {
	var out []string
	for _, b := range t.blocks {
		switch b.kind {
		case words, tip:
			out = append(out, b.text)
		case command:
			out = append(out, fenced("sh", b.text))
		case solution:
		}
	}
	return strings.Join(out, "\n\n")
}

// patterns are what is looked for in a scenario's text.
type patterns struct {
	open, exec, inline, copied, summary, under, head, note, nested *regexp.Regexp
}

func newPatterns() patterns {
	return patterns{
		open:    regexp.MustCompile("^\\s{0,3}(```+|~~~+)(.*)$"),
		exec:    regexp.MustCompile(`\{\{\s*(exec|execute)\b[^}]*\}\}`),
		inline:  regexp.MustCompile("`([^`]+)`\\s*\\{\\{\\s*(?:exec|execute)\\b[^}]*\\}\\}"),
		copied:  regexp.MustCompile(`\{\{\s*copy\b[^}]*\}\}`),
		summary: regexp.MustCompile(`(?is)<summary>(.*?)</summary>`),
		under:   regexp.MustCompile(`^\s{0,3}(=+|-+)\s*$`),
		head:    regexp.MustCompile(`^\s{0,3}#{1,2}(\s|$)`),
		nested:  regexp.MustCompile("^([\\s>*+\\-\\d.)]*(?:```+|~~~+)[^`{]*)\\{.*$"),
		note:    regexp.MustCompile(`^\s*<!-- speaker_note: .*-->\s*$`),
	}
}

// cutter takes a text apart, line by line.
type cutter struct {
	patterns
	lines []string
	at    int
	now   []string // prose that is being collected
	runs  []string // commands in it
	out   []block
}

// convert takes a scenario's text apart.
func convert(source string) text {
	c := &cutter{patterns: newPatterns(), lines: strings.Split(comments(source), "\n")}
	for c.at < len(c.lines) {
		line := c.lines[c.at]
		low := strings.ToLower(line)
		switch {
		case c.open.MatchString(line):
			c.fence()
		case strings.Contains(low, "<details"):
			c.details()
		default:
			c.at++
			c.line(line)
		}
	}
	c.flush()
	return text{c.out}
}

// comments leaves comments out, but for speaker notes.
func comments(source string) string {
	return regexp.MustCompile(`(?s)<!--.*?-->`).ReplaceAllStringFunc(source, func(s string) string {
		if strings.HasPrefix(s, "<!-- speaker_note: ") {
			return s
		}
		return ""
	})
}

// flush ends a paragraph: its words, then its commands.
func (c *cutter) flush() {
	if t := strings.TrimSpace(strings.Join(c.now, "\n")); t != "" {
		c.out = append(c.out, block{words, t})
	}
	for _, r := range c.runs {
		c.out = append(c.out, block{command, r})
	}
	c.now, c.runs = nil, nil
}

// line takes a line of prose.
func (c *cutter) line(line string) {
	for _, m := range c.inline.FindAllStringSubmatch(line, -1) {
		c.runs = append(c.runs, m[1])
	}
	line = c.inline.ReplaceAllString(line, "`$1`")
	line = c.nested.ReplaceAllString(line, "$1") // braces behind a fence would be an action
	line = c.copied.ReplaceAllString(c.exec.ReplaceAllString(line, ""), "")
	switch {
	case strings.TrimSpace(line) == "" && len(c.runs) > 0:
		c.flush()
		return
	case c.head.MatchString(line): // a step is a heading of the second level
		line = "### " + strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#"))
	case c.under.MatchString(line) && len(c.now) > 0 && strings.TrimSpace(c.now[len(c.now)-1]) != "":
		last := len(c.now) - 1
		c.now[last] = "### " + strings.TrimSpace(c.now[last])
		return
	case !c.note.MatchString(line):
		line = strings.ReplaceAll(line, "<!--", "&lt;!--")
	}
	c.now = append(c.now, line)
}

// fence takes a block of code: a command when it is to be pressed.
func (c *cutter) fence() {
	m := c.open.FindStringSubmatch(c.lines[c.at])
	mark, info := m[1], m[2]
	first := c.at
	c.at++
	var body []string
	tail := ""
	for ; c.at < len(c.lines); c.at++ {
		if t := strings.TrimSpace(c.lines[c.at]); strings.HasPrefix(t, mark) {
			tail = strings.TrimLeft(t, mark[:1])
			break
		}
		body = append(body, c.lines[c.at])
	}
	c.at++
	if first > 0 && strings.HasPrefix(info, "{{") { // a fence that ends where none began
		info = ""
	}
	code := strings.Trim(strings.Join(body, "\n"), "\n")
	if strings.TrimSpace(code) == "" {
		return
	}
	if c.exec.MatchString(tail) {
		c.flush()
		c.out = append(c.out, block{command, commandOf(code)})
		return
	}
	info, _, _ = strings.Cut(info, "{") // braces would be an action
	if last := len(c.now) - 1; last >= 0 && strings.TrimSpace(c.now[last]) != "" {
		c.now = append(c.now, "")
	}
	c.now = append(c.now, fenced(strings.TrimSpace(info), code))
	if c.at < len(c.lines) && strings.TrimSpace(c.lines[c.at]) != "" {
		c.now = append(c.now, "")
	}
}

// commandOf makes a command of a block: several lines are one script, so that
// they share a shell.
func commandOf(code string) string {
	if !strings.Contains(code, "\n") {
		return strings.TrimSpace(code)
	}
	return whole(code)
}

// details takes a folded text: a hint, or a solution that is hint and solve.
func (c *cutter) details() {
	c.flush()
	var body []string
	for ; c.at < len(c.lines); c.at++ {
		body = append(body, c.lines[c.at])
		if strings.Contains(strings.ToLower(c.lines[c.at]), "</details>") {
			c.at++
			break
		}
	}
	inner := regexp.MustCompile(`(?i)</?details(\s[^>\n]*)?>?`).ReplaceAllString(strings.Join(body, "\n"), "")
	title := ""
	if m := c.summary.FindStringSubmatch(inner); m != nil {
		title = strings.TrimSpace(m[1])
		inner = strings.Replace(inner, m[0], "", 1)
	}
	t := convert(strings.TrimSpace(inner))
	if body := strings.TrimSpace(t.prose()); body != "" {
		if title != "" && !strings.HasPrefix(strings.ToLower(title), "hint") {
			body = "**" + title + "**\n\n" + body
		}
		c.out = append(c.out, block{tip, body})
	}
	if !strings.HasPrefix(strings.ToLower(title), "solution") {
		return
	}
	for _, b := range t.blocks {
		if b.kind == command {
			c.out = append(c.out, block{solution, b.text})
		}
	}
}
