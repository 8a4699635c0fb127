package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/gwctl/gwctl/gatewayd/event"
)

// station is one place on a request's way.
type station struct {
	sign, name, what, took string
	style                  lipgloss.Style
	reached                bool
}

// stations is the way of a request through the gateway, in order.
func (l *look) stations(d *dot) []station {
	g := d.Gateway
	if g == nil {
		return nil
	}
	out := []station{{l.yes, "client", g.Method + " " + g.Path + " from " + g.Client, "", l.good, true}}
	if g.Route == "" {
		out = append(out, station{l.no, "route", "none matches", "", l.bad, true})
	} else {
		out = append(out, station{l.yes, "route", routeName(g), "", l.good, true})
	}
	for i := range g.Plugins {
		if p := &g.Plugins[i]; p.Plugin != "route" || p.Decision != "" {
			out = append(out, l.plugin(p))
		}
	}
	name := "upstream"
	if g.Service != "" {
		name = short(g.Service)
	}
	if g.Target == "" {
		return append(out, station{l.off, name, "never reached", "", l.dim, false})
	}
	what := fmt.Sprintf("%s asked for %s", g.Target, g.Upstream)
	if g.Tries > 1 {
		what += fmt.Sprintf(", %d tries", g.Tries)
	}
	s := station{l.yes, name, what, l.micros(g.UpstreamMicros), l.good, true}
	if g.Error != "" || g.Status >= 500 {
		s.sign, s.style, s.what = l.no, l.bad, what+" "+g.Error
	}
	return append(out, s)
}

// plugin is the place where a plugin decides.
func (l *look) plugin(p *event.Step) station {
	s := station{l.yes, p.Plugin, p.Reason, l.micros(p.Micros), l.good, true}
	switch p.Decision {
	case "deny":
		s.sign, s.style = l.no, l.bad
	case "error":
		s.sign, s.style = l.no, l.bad
	case "skip":
		s.sign, s.style = l.off, l.dim
	}
	if p.Phase != "access" && p.Phase != "" {
		s.name += " (" + p.Phase + ")"
	}
	for _, x := range p.Limits {
		if x.Wait > 0 {
			s.what += fmt.Sprintf(", waited %.1f s", x.Wait.Seconds())
		}
	}
	return s
}

func (l *look) micros(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f s", float64(n)/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%d ms", n/1000)
	case n <= 0:
		return "<1 " + l.micro
	}
	return fmt.Sprintf("%d %s", n, l.micro)
}

func (m *Model) flowNeed() (want, least int) {
	d := m.traffic.newest()
	if d == nil || d.Gateway == nil {
		return 0, 0
	}
	return len(m.look.stations(d)) + 1, 2
}

// drawFlow draws the way of the request that is open, or of the last one: a line
// for each place, or one line for all.
func (m *Model) drawFlow(w, h int) []string {
	d := m.traffic.newest()
	if d == nil || d.Gateway == nil {
		return nil
	}
	list := m.look.stations(d)
	end := m.look.status(d.Status) + m.look.dim.Render(fmt.Sprintf(" after %s", m.look.micros(d.Gateway.TotalMicros)))
	if h < len(list)+1 {
		return m.look.chain(list, end, w, h)
	}
	wide := 0
	for _, s := range list {
		wide = max(wide, ansi.StringWidth(s.name))
	}
	wide = min(wide, w/3)
	var out []string
	for _, s := range list {
		left := s.style.Render(s.sign+" "+fit(s.name, wide)) + "  "
		room := w - wide - 5 - ansi.StringWidth(s.took)
		what := m.look.cut(s.what, room)
		if !s.reached {
			what = m.look.dim.Render(what)
		}
		out = append(out, sides(left+what, m.look.dim.Render(s.took), w))
	}
	return append(out, m.look.arrow+" "+end)
}

// chain draws the way in at most h lines, the last of which says how it ended.
func (l *look) chain(list []station, end string, w, h int) []string {
	lines := l.links(list[1:], w, true) // that it came from a client is plain
	if len(lines) > h-1 {
		lines = l.links(list[1:], w, false)
	}
	lines = lines[:max(0, min(len(lines), h-1))]
	for _, s := range list {
		if s.sign == l.no {
			end += ": " + s.what
		}
	}
	return append(lines, l.cut(end, w))
}

// links draws places one after the other, with the times they took or without.
func (l *look) links(list []station, w int, took bool) []string {
	var lines []string
	line := ""
	for _, s := range list {
		name := s.name
		if name == "route" {
			name = s.what
		}
		text := s.style.Render(s.sign + " " + name)
		if took && s.took != "" {
			text += l.dim.Render(" " + s.took)
		}
		if line != "" {
			text = " " + l.arrow + " " + text
		}
		if line != "" && ansi.StringWidth(line)+ansi.StringWidth(text) > w {
			lines = append(lines, line)
			line, text = "", strings.TrimPrefix(text, " ")
		}
		line += text
	}
	return append(lines, line)
}
