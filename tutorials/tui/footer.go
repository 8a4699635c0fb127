package tui

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/charmbracelet/bubbles/key"
)

// footer draws what to do next and the keys that matter now.
func (m *Model) footer(w int) []string {
	k := m.look
	first := " " + m.nextWords()
	if m.note != "" {
		first = sides(first, k.warn.Render(k.cut(m.note, w*2/3))+" ", w)
		if ansi.StringWidth(m.nextWords())+ansi.StringWidth(m.note)+4 > w {
			first = " " + k.warn.Render(k.cut(m.note, w-2))
		}
	}
	return []string{fit(first, w), fit(" "+m.keyWords(w-1), w)}
}

// nextWords says what Enter does, or what is under way.
func (m *Model) nextWords() string {
	k := m.look
	switch {
	case m.busy != "":
		return m.busyWords()
	case m.ready.Next == "none":
		return k.accent.Render("Enter") + " leave"
	case m.ready.Next == "predict":
		return m.promptWords()
	case m.paused && !m.opts.Auto:
		return k.accent.Render("Enter") + " " + m.ready.About
	}
	about := m.ready.About
	if m.failed && m.ready.Next == "check" {
		about = "check again"
		switch {
		case m.can("edit") && m.opts.Edit != nil:
			about += ", once you have changed it: e opens your editor"
		case m.can("edit"):
			about += ", once you have edited the file that gwctl status names"
		}
	}
	return k.accent.Render("Enter") + " " + about
}

func (m *Model) busyWords() string {
	k := m.look
	sign := k.now
	if !k.still {
		sign = string(k.spinner[m.frame%len(k.spinner)])
	}
	text := upper(m.busy) + k.dots
	if left := m.waitLeft(); left > 0 {
		text = fmt.Sprintf("Waiting, %d s left", int(math.Ceil(left.Seconds())))
	}
	if m.stop != nil && !m.leaving {
		text += k.dim.Render("   Esc stops it")
	}
	return k.warn.Render(sign) + " " + text
}

func (m *Model) promptWords() string {
	k := m.look
	typed := k.bold.Render(m.typed) + k.cursor
	help := "type a number, then Enter; Enter alone skips"
	if m.choices() {
		help = "type your choice, then Enter; Enter alone skips"
	}
	if m.typed != "" {
		help = "Enter takes it"
	}
	return k.accent.Render("Your prediction: ") + typed + "   " + k.dim.Render(help)
}

// keyWords lists the keys that do something now, as many as fit.
func (m *Model) keyWords(w int) string {
	type hint struct {
		key, text string
		on        bool
	}
	idle := m.busy == ""
	refused := idle && m.can("try") && m.countdown.proof == nil && !m.countdown.armed
	list := []hint{
		{"Esc", "close", m.traffic.open() || m.big},
		{"t", "try again", refused},
		{"h", "hint", idle && m.can("hint")},
		{"e", "edit", idle && m.can("edit")},
		{"s", "solve", idle && m.can("solve")},
		{m.arrows(), "look into a request", len(m.traffic.dots) > 0 && !m.traffic.open()},
		{m.arrows(), "other requests", m.traffic.open()},
		{"f", "again", idle && m.can("again")},
		{"p", "back", idle && m.can("back")},
		{"b", "big", m.lesson.ID != ""},
	}
	k := m.look
	line, end := "", k.accent.Render("?")+" help  "+k.accent.Render("q")+" quit"
	for _, h := range list {
		if !h.on {
			continue
		}
		part := k.accent.Render(h.key) + " " + h.text + "  "
		if ansi.StringWidth(line)+ansi.StringWidth(part)+ansi.StringWidth(end) > w {
			continue
		}
		line += part
	}
	return line + end
}

func (m *Model) arrows() string {
	if m.opts.ASCII {
		return "<- ->"
	}
	return "← →"
}

// drawHelp draws what every key does.
func (m *Model) drawHelp(w, h int) []string {
	k := &m.keys
	groups := [][]string{{"Going on"}, {"Looking"}, {"More"}}
	add := func(n int, key, text string) {
		groups[n] = append(groups[n], m.look.accent.Render(fit(key, 7))+text)
	}
	for _, b := range []keyHelp{k.next.Help(), k.check.Help(), k.again.Help(), k.try.Help(), k.hint.Help(), k.solve.Help(), k.edit.Help()} {
		add(0, b.Key, b.Desc)
	}
	add(1, m.arrows(), "open a request, go to the next")
	add(1, m.look.up+" "+m.look.down, "scroll, choose a lane")
	for _, b := range []keyHelp{k.pageUp.Help(), k.pageDown.Help(), k.tab.Help(), k.lanes.Help(), k.big.Help()} {
		add(1, b.Key, b.Desc)
	}
	for _, b := range []keyHelp{k.forth.Help(), k.back.Help(), k.reset.Help(), k.restart.Help(), k.escape.Help(), k.quit.Help()} {
		add(2, b.Key, b.Desc)
	}
	var out []string
	half := (w - 4) / 2
	out = append(out, m.look.title.Render(fit(groups[0][0], half)+groups[1][0]))
	for i := 1; i < max(len(groups[0]), len(groups[1])); i++ {
		left, right := "", ""
		if i < len(groups[0]) {
			left = groups[0][i]
		}
		if i < len(groups[1]) {
			right = groups[1][i]
		}
		out = append(out, fit(m.look.cut(left, half-1), half)+m.look.cut(right, half))
	}
	out = append(out, "", m.look.title.Render(groups[2][0]))
	out = append(out, groups[2][1:]...)
	signs := []string{}
	for c, s := range [classes]string{"no answer", "2xx", "3xx", "401 403", "429", "4xx", "5xx"} {
		signs = append(signs, m.look.classes[c].Render(m.look.dot[c])+" "+s)
	}
	out = append(out, "", strings.Join(signs, "   "), m.look.dim.Render("any key closes this"))
	if len(out) > h {
		out = append(out[:h-2], out[len(out)-2:]...)
	}
	return m.column(out, w)
}

// keyHelp is what a key says of itself.
type keyHelp = key.Help
