package lesson

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

type pieceKind int

const (
	prosePiece pieceKind = iota
	headingPiece
	fencePiece
	notePiece
	pausePiece
)

// piece is one part of a lesson's text.
type piece struct {
	kind   pieceKind
	line   int // of the file
	text   string
	id     string // of a heading
	info   info
	nested bool
}

const (
	stepLevel   = 2
	noteComment = "speaker_note:"
	pauseWord   = "pause"
)

// pieces takes Markdown apart: headings of steps, blocks with actions, comments
// that mean something, and the prose between them.
func pieces(r *report, body string, bodyLine int) []piece {
	src := []byte(body)
	c := &cutter{report: r, src: src, bodyLine: bodyLine}
	root := goldmark.New().Parser().Parse(text.NewReader(src))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		c.node(n)
	}
	c.prose(len(src))
	return c.out
}

type cutter struct {
	*report
	src      []byte
	bodyLine int
	from     int // where the prose that is not yet taken begins
	out      []piece
}

func (c *cutter) line(at int) int { return c.bodyLine + 1 + bytes.Count(c.src[:at], []byte("\n")) }

func (c *cutter) lineStart(at int) int { return bytes.LastIndexByte(c.src[:at], '\n') + 1 }

func (c *cutter) lineEnd(at int) int {
	if i := bytes.IndexByte(c.src[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(c.src)
}

// prose takes the prose up to a place.
func (c *cutter) prose(to int) {
	if to <= c.from {
		return
	}
	raw := c.src[c.from:to]
	if text := strings.TrimSpace(string(raw)); text != "" {
		at := c.from + bytes.IndexFunc(raw, func(r rune) bool { return r != '\n' && r != ' ' && r != '\t' })
		c.out = append(c.out, piece{kind: prosePiece, line: c.line(at), text: text})
	}
}

// take takes what stands from start to end as a piece, after the prose before.
func (c *cutter) take(start, end int, p piece) {
	c.prose(start)
	p.line = c.line(start)
	c.out = append(c.out, p)
	c.from = end
}

// drop leaves out what stands from start to end.
func (c *cutter) drop(start, end int) {
	c.prose(start)
	c.from = end
}

func (c *cutter) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		c.heading(n)
	case *ast.FencedCodeBlock:
		c.fence(n, false)
	case *ast.HTMLBlock:
		c.comment(n)
	default:
		_ = ast.Walk(n, func(in ast.Node, entering bool) (ast.WalkStatus, error) {
			if f, ok := in.(*ast.FencedCodeBlock); ok && entering {
				c.fence(f, true)
			}
			return ast.WalkContinue, nil
		})
	}
}

func (c *cutter) heading(n *ast.Heading) {
	if n.Level > stepLevel || n.Lines().Len() == 0 {
		return
	}
	first, last := n.Lines().At(0), n.Lines().At(n.Lines().Len()-1)
	start, end := c.lineStart(first.Start), c.lineEnd(last.Start)
	if c.src[start] != '#' { // underlined: the line of = or - belongs to it
		end = c.lineEnd(min(end, len(c.src)-1))
	}
	if n.Level < stepLevel {
		c.drop(start, end) // the title is in the front matter
		return
	}
	title := strings.TrimSpace(strings.TrimRight(string(c.src[first.Start:last.Stop]), "#\n "))
	id := ""
	if i := strings.LastIndex(title, "{#"); i >= 0 && strings.HasSuffix(title, "}") {
		title, id = strings.TrimSpace(title[:i]), title[i+2:len(title)-1]
	}
	c.take(start, end, piece{kind: headingPiece, text: title, id: id})
}

func (c *cutter) fence(n *ast.FencedCodeBlock, nested bool) {
	if n.Info == nil {
		return
	}
	start := c.lineStart(n.Info.Segment.Start)
	in, ok := c.parseInfo(strings.TrimSpace(string(n.Info.Segment.Value(c.src))), c.line(start))
	if !ok || in.action == "" {
		return
	}
	var body strings.Builder
	end := c.lineEnd(start)
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		body.Write(s.Value(c.src))
		end = s.Stop
	}
	p := piece{kind: fencePiece, text: body.String(), info: in, nested: nested}
	if nested {
		p.line = c.line(start)
		c.out = append(c.out, p)
		return
	}
	close := strings.TrimSpace(string(c.src[end:c.lineEnd(min(end, len(c.src)))]))
	if !strings.HasPrefix(close, "```") && !strings.HasPrefix(close, "~~~") {
		c.at(c.line(start), "the block has no end: write ``` behind it")
	}
	c.take(start, c.lineEnd(min(end, len(c.src))), p)
}

// comment takes speaker notes and pauses; any other comment is left out.
func (c *cutter) comment(n *ast.HTMLBlock) {
	if n.HTMLBlockType != ast.HTMLBlockType2 {
		return
	}
	start, end := n.Lines().At(0).Start, n.Lines().At(n.Lines().Len()-1).Stop
	if n.HasClosure() {
		end = max(end, n.ClosureLine.Stop)
	}
	raw := string(c.src[start:end])
	inner, behind, closed := strings.Cut(strings.TrimPrefix(strings.TrimSpace(raw), "<!--"), "-->")
	inner = strings.TrimSpace(inner)
	switch note, isNote := strings.CutPrefix(inner, noteComment); {
	case !closed:
		c.at(c.line(start), "the comment has no end: write --> behind it")
	case strings.TrimSpace(behind) != "":
		c.at(c.line(start), "nothing may stand behind the --> of a comment")
	case isNote:
		c.take(c.lineStart(start), end, piece{kind: notePiece, text: strings.TrimSpace(note)})
	case inner == pauseWord:
		c.take(c.lineStart(start), end, piece{kind: pausePiece})
	default:
		c.drop(c.lineStart(start), end)
	}
}
