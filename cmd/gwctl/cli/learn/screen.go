package learn

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/tutorials"
	"github.com/gwctl/gwctl/tutorials/plain"
	"github.com/gwctl/gwctl/tutorials/record"
	"github.com/gwctl/gwctl/tutorials/tui"
)

// screenFlags are those of the full screen.
type screenFlags struct{ ascii, still, mouse bool }

func (s *screenFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&s.ascii, "ascii", false, "full screen: draw with ASCII alone (default where the locale is not UTF-8)")
	f.BoolVar(&s.still, "still", false, "full screen: no motion, a frame a second at most (also GWCTL_REDUCED_MOTION=1)")
	f.BoolVar(&s.mouse, "mouse", false, "full screen: the wheel scrolls")
}

// fullScreen says whether a lesson is shown on the whole terminal: where there is
// one, and lines are not asked for.
func (a App) fullScreen(r runner) bool {
	asJSON, _ := r.JSON() // a fault has been told
	return !r.plain && !asJSON && output.Terminal(a.Out) && a.In != nil && output.Terminal(a.In)
}

// screen picks what shows the lesson; rec records it, nil for nobody. hide takes keys
// out of what is shown that no event tells.
func (a App) screen(r runner, asJSON bool, out io.Writer, rec *record.Writer, hide mask) tutorials.Screen {
	if a.fullScreen(r) {
		o := tui.Options{
			In: a.In, Out: a.Out.(*os.File),
			ASCII: r.ascii || !utf8Locale(os.Getenv), NoColor: os.Getenv("NO_COLOR") != "", Still: r.still || truth(os.Getenv("GWCTL_REDUCED_MOTION")),
			Mouse: r.mouse, Auto: r.auto, Pace: r.pace, Breaks: r.breaks, Edit: a.editor(), Mask: hide.text,
		}
		if rec != nil {
			o.Record, o.Resized = rec, rec.Resize
		}
		return tui.New(o)
	}
	o := plain.Options{Out: out, JSON: asJSON, Auto: r.auto, Pace: r.pace, Breaks: r.breaks, Edit: a.editor()}
	if a.In != nil {
		o.In = a.In
	}
	return plain.New(o)
}

// utf8Locale says whether the terminal's locale knows more than ASCII.
func utf8Locale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return env("WT_SESSION") != "" || env("TERM_PROGRAM") != "" // terminals that always do
}

// truth reads a variable that switches something on.
func truth(v string) bool {
	on, err := strconv.ParseBool(v)
	return on || err != nil && v != ""
}

// castSize is the size of the terminal that is recorded, in cells.
func (a App) castSize(full bool) (width, height int) {
	const usualHeight = 24
	if f, ok := a.Out.(*os.File); ok && full {
		if w, h := output.Size(f.Fd()); w > 0 && h > 0 {
			return w, h
		}
	}
	return output.Columns(a.Out), usualHeight
}
