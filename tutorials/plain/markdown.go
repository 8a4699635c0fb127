package plain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// width is how long lines of prose get.
const width = 78

// Markdown writes Markdown as plain lines: paragraphs wrapped, lists with
// dashes, code indented, emphasis and links as their words.
func Markdown(source string) string {
	src := []byte(source)
	w := &writer{src: src}
	root := goldmark.New().Parser().Parse(text.NewReader(src))
	w.blocks(root, "", "")
	return strings.TrimRight(w.out.String(), "\n")
}

type writer struct {
	src []byte
	out strings.Builder
}

// blocks writes the children of a node; the first line is behind first, all
// others behind indent.
func (w *writer) blocks(parent ast.Node, first, indent string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading, *ast.Paragraph, *ast.TextBlock:
			w.out.WriteString(wrap(w.inline(n), first, indent) + "\n")
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				w.out.WriteString(strings.TrimRight(indent+"    "+string(line.Value(w.src)), " \n") + "\n")
			}
		case *ast.List:
			w.list(n, indent)
		case *ast.Blockquote:
			w.blocks(n, indent, indent)
		case *ast.ThematicBreak:
		default:
		}
		first = indent
		if n.NextSibling() != nil && !tight(n) {
			w.out.WriteString("\n")
		}
	}
}

func tight(n ast.Node) bool {
	return n.Kind() == ast.KindTextBlock
}

func (w *writer) list(l *ast.List, indent string) {
	number := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if l.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		w.blocks(item, indent+mark, indent+strings.Repeat(" ", len(mark)))
	}
}

// inline gives the words of a block.
func (w *writer) inline(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		switch c := c.(type) {
		case *ast.Text:
			if entering {
				b.Write(c.Segment.Value(w.src))
				if c.SoftLineBreak() || c.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(c.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(c.URL(w.src))
			}
		case *ast.Link:
			if !entering {
				fmt.Fprintf(&b, " (%s)", c.Destination)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// wrap breaks text into lines.
func wrap(text, first, indent string) string {
	var b strings.Builder
	b.WriteString(first)
	at, fresh := utf8.RuneCountInString(first), true
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case fresh:
		case at+1+n > width:
			b.WriteString("\n" + indent)
			at = utf8.RuneCountInString(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at, fresh = at+n, false
	}
	return b.String()
}
