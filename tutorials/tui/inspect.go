package tui

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// drawDetail draws the request that is open: how it was asked, what changed since
// the answer before it, its way, its answer.
func (m *Model) drawDetail(w, h int) []string {
	d := m.traffic.chosen()
	if d == nil {
		return nil
	}
	lines := m.detailLines(d, w)
	m.detail.total, m.detail.height = len(lines), h
	m.detail.by(0)
	return lines[m.detail.offset:min(len(lines), m.detail.offset+h)]
}

func (m *Model) detailTitle() string {
	d := m.traffic.chosen()
	if d == nil {
		return "request"
	}
	name := fmt.Sprintf("request %d of %d", d.N, d.Of)
	if d.N == 0 {
		name = "somebody else's request"
	}
	return name + ", " + d.At.UTC().Format("15:04:05.000")
}

func (m *Model) detailLines(d *dot, w int) []string {
	k := m.look
	out := []string{k.status(d.Status) + k.dim.Render(fmt.Sprintf("  after %.1f ms", d.Millis))}
	if d.Error != "" {
		out = append(out, style(wrapped(d.Error, w, ""), k.bad.Render)...)
	}
	if changes := m.changes(d, w); len(changes) > 0 {
		out = append(out, k.title.Render("what changed since the answer before"))
		out = append(out, changes...)
	}
	if list := k.stations(d); len(list) > 0 {
		out = append(out, k.title.Render("its way"))
		out = append(out, m.drawFlow(w, len(list)+1)[:len(list)]...)
	}
	out = append(out, k.title.Render("asked"))
	out = append(out, m.askedLines(d, w)...)
	out = append(out, k.title.Render("answered"))
	for _, name := range telling(d.Header) {
		out = append(out, k.field(name, strings.Join(d.Header[name], ", "), w))
	}
	if d.Body != "" {
		for line := range strings.Lines(printable(d.Body)) {
			out = append(out, k.cut(strings.TrimRight(line, "\n"), w))
		}
	}
	return out
}

// askedLines draws the head of a request.
func (m *Model) askedLines(d *dot, w int) []string {
	k := m.look
	if d.volley == nil {
		if d.Gateway == nil {
			return nil
		}
		return []string{k.cut(d.Gateway.Method+" "+d.Gateway.Path, w)}
	}
	for _, l := range d.volley.Lanes {
		if l.Name != d.Lane {
			continue
		}
		out := []string{k.cut(l.Method+" "+l.Path, w)}
		for _, name := range slices.Sorted(maps.Keys(l.Header)) {
			out = append(out, k.field(name, strings.Join(l.Header[name], ", "), w))
		}
		if l.Body != "" {
			out = append(out, k.cut(printable(l.Body), w))
		}
		return out
	}
	return nil
}

// field draws a header field.
func (l *look) field(name, value string, w int) string {
	name = spelled(name)
	return l.code.Render(name+":") + " " + l.cut(value, w-len(name)-2)
}

// changes lists the header fields that differ from those of the answer before.
func (m *Model) changes(d *dot, w int) []string {
	if d.before == nil {
		return nil
	}
	k := m.look
	var out []string
	if a, b := d.before.Status, d.Status; a != b {
		out = append(out, fmt.Sprintf("%s %s %s", k.status(a), k.arrow, k.status(b)))
	}
	old := d.before.Header
	for _, name := range slices.Sorted(maps.Keys(both(old, d.Header))) {
		shown := spelled(name)
		was, is := strings.Join(old[name], ", "), strings.Join(d.Header[name], ", ")
		switch {
		case was == is || dull(name):
		case was == "":
			out = append(out, k.good.Render(k.cut("+ "+shown+": "+is, w)))
		case is == "":
			out = append(out, k.dim.Render(k.cut("- "+shown+": "+was, w)))
		default:
			out = append(out, k.cut(fmt.Sprintf("  %s: %s %s ", shown, was, k.arrow), w-len(is))+k.bold.Render(is))
		}
	}
	return out
}

// dull are fields that differ in every answer.
func dull(name string) bool {
	switch name {
	case "Date", "X-Kong-Request-Id", "Content-Length":
		return true
	}
	return strings.HasSuffix(name, "-Latency")
}

func both(a, b http.Header) http.Header {
	out := maps.Clone(a)
	if out == nil {
		out = http.Header{}
	}
	maps.Copy(out, b)
	return out
}

// telling gives the names of fields, those that tell of limits first and those
// that every answer has last.
func telling(h http.Header) []string {
	rank := func(name string) int {
		switch {
		case name == "Retry-After":
			return 0
		case strings.Contains(name, "Ratelimit") || name == "Www-Authenticate":
			return 1
		case dull(name) || name == "Connection" || name == "Server":
			return 3
		}
		return 2
	}
	return slices.SortedFunc(maps.Keys(h), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// spelled writes the name of a field as the gateway does; Go changes its case.
func spelled(name string) string {
	if name == "Www-Authenticate" {
		return "WWW-Authenticate"
	}
	return strings.Replace(name, "Ratelimit", "RateLimit", 1)
}
