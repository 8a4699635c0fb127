package cli

import (
	"io"
	"os"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
)

// terminal reports whether w is one that understands more than lines.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && os.Getenv("ACCESSIBLE") == "" && isatty.IsTerminal(f.Fd())
}

// paint colours text for w: not at all where w is no terminal, or NO_COLOR is
// set.
func (App) paint(w io.Writer) paint {
	return paint{on: terminal(w) && os.Getenv("NO_COLOR") == ""}
}

type paint struct{ on bool }

func (p paint) color(text string, attributes ...color.Attribute) string {
	if !p.on {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

func (p paint) good(text string) string { return p.color(text, color.FgGreen) }
func (p paint) bad(text string) string  { return p.color(text, color.FgRed) }
func (p paint) warn(text string) string { return p.color(text, color.FgYellow) }
func (p paint) dim(text string) string  { return p.color(text, color.Faint) }
func (p paint) bold(text string) string { return p.color(text, color.Bold) }

// status colours text as the status asks.
func (p paint) status(status int, text string) string {
	switch {
	case status == 0 || status >= 500:
		return p.color(text, color.FgRed, color.Bold)
	case status == 429:
		return p.warn(text)
	case status >= 400:
		return p.bad(text)
	}
	return p.good(text)
}
