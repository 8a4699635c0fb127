package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/sandbox"
)

func (a App) printStatus(s *sandbox.Sandbox, f sandbox.Found) {
	p := output.For(a.Out)
	say := func(what, format string, args ...any) {
		_, _ = fmt.Fprintf(a.Out, "%-10s %s\n", what, fmt.Sprintf(format, args...))
	}
	whose := "your copy of the demo"
	if s.Own() {
		whose = "your own"
	}
	say("sandbox", "%s, runtime %s, %s", p.Bold(s.Name()), s.Runtime(), p.Good(string(f.State)))
	for _, g := range f.Gateways {
		if g.Pod != "" {
			say("gateway", "pod %s, since %s, %d restarts", g.Pod, g.Started.Local().Format(time.DateTime), g.Restarts)
		} else {
			say("gateway", "%s, pid %d, since %s", g.Status.Instance, g.PID, g.Started.Format(time.DateTime))
		}
		say("  clients", "%s", p.Bold(g.URL()))
		if g.Pod == "" {
			say("  admin", "http://%s, guarded by a token", g.Admin)
			say("  health", "http://%s/readyz", g.Health)
		}
		say("  revision", "%s", g.Status.Revision)
	}
	say("manifests", "%s (%s)", f.Manifests, whose)
	say("log", "%s", f.Log)
	st := f.Gateways[0].Status
	a.printTables(st)
	if len(st.Problems) == 0 {
		_, _ = fmt.Fprintf(a.Out, "\nno problems\n")
		return
	}
	_, _ = fmt.Fprintf(a.Out, "\n%s\n", p.Bold(fmt.Sprintf("%d problems", len(st.Problems))))
	a.printProblems(a.Out, st.Problems)
}

func (a App) printTables(st admin.Status) {
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nROUTE\tMATCHES\tPLUGINS, IN ORDER\tSERVICE\tNOTE")
	for _, r := range st.Routes {
		note := "-"
		switch {
		case r.Broken != "":
			note = "answers 500: " + r.Broken
		case r.Unavailable != "":
			note = "answers 503: " + r.Unavailable
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, matches(r), dash(strings.Join(r.Plugins, " → ")), dash(r.Service), note)
	}
	_, _ = fmt.Fprintln(w, "\nSERVICE\tTARGETS")
	for _, s := range st.Services {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", s.Name, dash(strings.Join(s.Targets, ", ")))
	}
	_, _ = fmt.Fprintln(w, "\nCONSUMER")
	for _, c := range st.Consumers {
		_, _ = fmt.Fprintln(w, c)
	}
	_, _ = fmt.Fprintln(w, "\nPLUGIN\tFROM\tBOUND TO")
	for _, row := range pluginRows(st.Plugins) {
		_, _ = fmt.Fprintln(w, row)
	}
	_ = w.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func matches(r admin.RouteStatus) string {
	parts := []string{strings.Join(r.Methods, ","), strings.Join(r.Hosts, ","), strings.Join(r.Paths, ",")}
	if len(r.Headers) > 0 {
		parts = append(parts, "headers "+strings.Join(r.Headers, ","))
	}
	return dash(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " "))
}

// pluginRows puts together the bindings of each object.
func pluginRows(plugins []admin.PluginStatus) []string {
	var rows []string
	bound := map[string][]string{}
	for _, p := range plugins {
		key := p.Name + "\t" + dash(p.Object)
		if !p.Enabled {
			key += " (disabled)"
		}
		where := []string{}
		for _, w := range [][2]string{{"route ", p.Route}, {"service ", p.Service}, {"consumer ", p.Consumer}} {
			if w[1] != "" {
				where = append(where, w[0]+w[1])
			}
		}
		if len(where) == 0 {
			where = []string{"everything"}
		}
		if bound[key] == nil {
			rows = append(rows, key)
		}
		bound[key] = append(bound[key], strings.Join(where, " and "))
	}
	for i, key := range rows {
		rows[i] = key + "\t" + strings.Join(bound[key], ", ")
	}
	return rows
}
