package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/gwctl/gwctl/tutorials/tui/hush"
)

// class groups statuses that are drawn alike.
type class int

const (
	noAnswer class = iota
	success
	redirect
	unknownCaller
	overLimit
	refused
	broken
	classes
)

func classOf(status int) class {
	switch {
	case status <= 0:
		return noAnswer
	case status == 401 || status == 403:
		return unknownCaller
	case status == 429:
		return overLimit
	case status >= 500:
		return broken
	case status >= 400:
		return refused
	case status >= 300:
		return redirect
	}
	return success
}

// glyphs are the signs of a set.
type glyphs struct {
	dot                              [classes]string
	full, empty                      string
	yes, no, off, now, todo          string
	line, bar, corner, edge, pointer string
	arrow, up, down, cursor, bullet  string
	begin, end, here, spinner        string
	times, dots, block, micro        string
}

func unicodeGlyphs() glyphs {
	return glyphs{
		dot:  [classes]string{"○", "●", "▸", "◆", "▲", "▼", "■"},
		full: "▮", empty: "▯", yes: "✓", no: "✗", off: "·", now: "▶", todo: "·",
		line: "─", bar: "│", corner: "┬", edge: "┊", pointer: "^",
		arrow: "→", up: "↑", down: "↓", cursor: "▏", bullet: "•",
		begin: "├", end: "┤", here: "▼", spinner: `|/-\`, times: "×", dots: "…", block: "█", micro: "µs",
	}
}

func asciiGlyphs() glyphs {
	return glyphs{
		dot:  [classes]string{"?", "o", ">", "K", "!", "x", "X"},
		full: "#", empty: ".", yes: "+", no: "x", off: ".", now: ">", todo: ".",
		line: "-", bar: "|", corner: "-", edge: ":", pointer: "^",
		arrow: "->", up: "^", down: "v", cursor: "_", bullet: "-",
		begin: "|", end: "|", here: "v", spinner: `|/-\`, times: "x", dots: "...", block: "#", micro: "us",
	}
}

// look is how things are drawn: colours, signs, motion.
type look struct {
	glyphs
	classes                                 [classes]lipgloss.Style
	plain, dim, bold, accent, good, bad     lipgloss.Style
	warn, code, title, focus, chosen, large lipgloss.Style
	still                                   bool
}

// Bubble Tea has been linked by now, and has asked the terminal nothing.
func init() { hush.Over() } //nolint:gochecknoinits // before main, as Bubble Tea's own

// newLook makes the styles for a terminal; out is where its colours are told from.
func newLook(out io.Writer, o Options) *look {
	r := lipgloss.NewRenderer(out)
	if o.NoColor {
		r.SetColorProfile(termenv.Ascii)
		r.SetHasDarkBackground(true) // it does not matter
	}
	r.HasDarkBackground() // asks the terminal: now, not while it reads keys
	return lookOf(r, o)
}

func lookOf(r *lipgloss.Renderer, o Options) *look {
	c := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	l := &look{glyphs: unicodeGlyphs(), still: o.Still}
	if o.ASCII {
		l.glyphs = asciiGlyphs()
	}
	l.plain = r.NewStyle()
	l.dim = c("#6a6a6a", "#8f8f8f")
	l.bold = r.NewStyle().Bold(true)
	l.accent = c("#005f87", "#5fd7ff").Bold(true)
	l.good = c("#00662b", "#5fd787")
	l.bad = c("#a80000", "#ff8787")
	l.warn = c("#8a5000", "#ffaf5f")
	l.code = c("#5f3b8c", "#d7afff")
	l.title = c("#005f87", "#87afd7")
	l.focus = c("#005f87", "#5fd7ff").Bold(true)
	l.chosen = r.NewStyle().Reverse(true)
	l.large = r.NewStyle().Bold(true)
	l.classes = [classes]lipgloss.Style{l.bad, l.good, l.code, l.code, l.warn, l.bad, l.bad.Bold(true)}
	return l
}

// status draws a status with the sign of its class.
func (l *look) status(status int) string {
	k := classOf(status)
	return l.classes[k].Render(l.dot[k] + " " + statusText(status))
}

func statusText(status int) string {
	if status <= 0 {
		return "no answer"
	}
	return itoa(status)
}

// fit makes a line exactly w cells wide.
func fit(line string, w int) string {
	if w <= 0 {
		return ""
	}
	n := ansi.StringWidth(line)
	switch {
	case n > w:
		return ansi.Truncate(line, w, "")
	case n < w:
		return line + strings.Repeat(" ", w-n)
	}
	return line
}

// cut shortens a text to w cells, with a mark that it goes on.
func (l *look) cut(text string, w int) string {
	if ansi.StringWidth(text) <= w {
		return text
	}
	return ansi.Truncate(text, max(w, 0), l.dots)
}

// wrapped breaks a text at words; continued lines are behind indent.
func wrapped(text string, w int, indent string) []string {
	w = max(w, 8)
	lines := strings.Split(ansi.Wrap(text, w, ""), "\n")
	if len(lines) > 1 && indent != "" {
		rest := strings.Join(strings.Fields(strings.Join(lines[1:], " ")), " ")
		lines = append(lines[:1], strings.Split(ansi.Wrap(rest, max(w-len(indent), 8), ""), "\n")...)
		for i := range lines[1:] {
			lines[i+1] = indent + lines[i+1]
		}
	}
	return lines
}

// sides puts one text to the left and one to the right of a line.
func sides(left, right string, w int) string {
	room := w - ansi.StringWidth(right)
	if room < ansi.StringWidth(left)+1 {
		return fit(left, w)
	}
	return fit(left, room) + right
}
