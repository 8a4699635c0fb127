package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// markdown draws Markdown in lines of at most w cells. Glamour would draw it too,
// but its highlighter's tables cost every start of gwctl some ten milliseconds.
func markdown(l *look, source string, w int) []string {
	src := []byte(source)
	r := &renderer{look: l, src: src, width: max(w, 12)}
	r.blocks(goldmark.New().Parser().Parse(text.NewReader(src)), "", "")
	for len(r.lines) > 0 && r.lines[len(r.lines)-1] == "" {
		r.lines = r.lines[:len(r.lines)-1]
	}
	return r.lines
}

type renderer struct {
	look  *look
	src   []byte
	width int
	lines []string
}

// blocks draws the children of a node; the first line is behind first, all others
// behind indent.
func (r *renderer) blocks(parent ast.Node, first, indent string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			r.wrap(r.inline(n, r.look.bold), first, indent)
		case *ast.Paragraph, *ast.TextBlock:
			r.wrap(r.inline(n, r.look.plain), first, indent)
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				text := strings.TrimRight(strings.ReplaceAll(string(line.Value(r.src)), "\t", "  "), "\n ")
				r.lines = append(r.lines, indent+"  "+r.look.code.Render(r.look.cut(text, r.width-len(indent)-2)))
			}
		case *ast.List:
			r.list(n, indent)
		case *ast.Blockquote:
			r.blocks(n, indent+r.look.bar+" ", indent+r.look.bar+" ")
		default:
		}
		first = indent
		if n.NextSibling() != nil && n.Kind() != ast.KindTextBlock {
			r.lines = append(r.lines, "")
		}
	}
}

func (r *renderer) list(l *ast.List, indent string) {
	number := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		mark := r.look.bullet + " "
		if l.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		r.blocks(item, indent+mark, indent+strings.Repeat(" ", ansi.StringWidth(mark)))
	}
}

// word is a word in its style; glued ones have no blank before them.
type word struct {
	text  string
	style lipgloss.Style
	glued bool
}

// inline gives the words of a block.
func (r *renderer) inline(n ast.Node, base lipgloss.Style) []word {
	var out []word
	blank := true
	add := func(text string, s lipgloss.Style) {
		for i, part := range strings.Fields(text) {
			lead := i > 0 || strings.TrimLeft(text, " \n\t") != text
			out = append(out, word{part, s, !lead && !blank})
			blank = false
		}
		if strings.TrimRight(text, " \n\t") != text {
			blank = true
		}
	}
	var walk func(ast.Node, lipgloss.Style)
	walk = func(p ast.Node, s lipgloss.Style) {
		for c := p.FirstChild(); c != nil; c = c.NextSibling() {
			switch c := c.(type) {
			case *ast.Text:
				add(string(c.Segment.Value(r.src)), s)
				blank = blank || c.SoftLineBreak() || c.HardLineBreak()
			case *ast.String:
				add(string(c.Value), s)
			case *ast.CodeSpan:
				walk(c, r.look.code)
			case *ast.Emphasis:
				walk(c, r.look.bold)
			case *ast.AutoLink:
				add(string(c.URL(r.src)), r.look.accent)
			case *ast.Link:
				walk(c, s)
				add(" ("+string(c.Destination)+")", r.look.dim)
			default:
				walk(c, s)
			}
		}
	}
	walk(n, base)
	return out
}

// wrap breaks words into lines. Each word has its style for itself, so that none
// runs over a line's end.
func (r *renderer) wrap(words []word, first, indent string) {
	line, at, fresh := first, ansi.StringWidth(first), true
	for i := range words {
		w := &words[i]
		n := ansi.StringWidth(w.text)
		for j := i + 1; j < len(words) && words[j].glued; j++ {
			n += ansi.StringWidth(words[j].text) // what is glued to it stays with it
		}
		switch {
		case fresh || w.glued:
		case at+1+n > r.width:
			r.lines = append(r.lines, line)
			line, at = indent, ansi.StringWidth(indent)
		default:
			line += " "
			at++
		}
		line += w.style.Render(w.text)
		at, fresh = at+ansi.StringWidth(w.text), false
	}
	r.lines = append(r.lines, line)
}
