// Package output is how text leaves gwctl: colours and widths that fit where it
// goes, and the flag that chooses between text and JSON.
package output

import (
	"io"
	"os"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
)

// Terminal reports whether w is one that understands more than lines.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && os.Getenv("ACCESSIBLE") == "" && isatty.IsTerminal(f.Fd())
}

// For colours text for w: not at all where w is no terminal, or NO_COLOR is
// set.
func For(w io.Writer) Paint {
	return Paint{on: Terminal(w) && os.Getenv("NO_COLOR") == ""}
}

// Paint colours text, or leaves it as it is; the zero Paint does that.
type Paint struct{ on bool }

func (p Paint) color(text string, attributes ...color.Attribute) string {
	if !p.on {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

// Good colours what went well.
func (p Paint) Good(text string) string { return p.color(text, color.FgGreen) }

// Bad colours what failed.
func (p Paint) Bad(text string) string { return p.color(text, color.FgRed) }

// Warn colours what may be a problem.
func (p Paint) Warn(text string) string { return p.color(text, color.FgYellow) }

// Dim puts text in the background.
func (p Paint) Dim(text string) string { return p.color(text, color.Faint) }

// Bold makes text stand out.
func (p Paint) Bold(text string) string { return p.color(text, color.Bold) }

// Status colours text as the status asks.
func (p Paint) Status(status int, text string) string {
	switch {
	case status == 0 || status >= 500:
		return p.color(text, color.FgRed, color.Bold)
	case status == 429:
		return p.Warn(text)
	case status >= 400:
		return p.Bad(text)
	}
	return p.Good(text)
}
