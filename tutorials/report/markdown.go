package report

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown makes HTML of prose. HTML in it, and what a link could run, is left
// out; pictures become links, since the page loads nothing.
func markdown(source string) template.HTML {
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(plainer{}, 0))),
	)
	var b strings.Builder
	if err := md.Convert([]byte(source), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) //nolint:gosec // it is escaped
	}
	return template.HTML(b.String()) //nolint:gosec // goldmark has escaped it
}

// plainer makes links of pictures, and headings no higher than the page's own.
type plainer struct{}

const ownHeading = 3

// Transform implements parser.ASTTransformer.
func (plainer) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var pictures []*ast.Image
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Image:
			if entering {
				pictures = append(pictures, n)
			}
		case *ast.Heading:
			n.Level = max(n.Level, ownHeading)
		}
		return ast.WalkContinue, nil
	})
	for _, p := range pictures {
		l := ast.NewLink()
		l.Destination, l.Title = p.Destination, p.Title
		for c := p.FirstChild(); c != nil; {
			next := c.NextSibling()
			l.AppendChild(l, c)
			c = next
		}
		p.Parent().ReplaceChild(p.Parent(), p, l)
	}
}

// policy allows the page's own style and nothing else.
func policy(style []byte) string {
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}
