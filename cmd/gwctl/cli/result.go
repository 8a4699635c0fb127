package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/gwctl/gwctl/cmd/gwctl/cli/output"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/sandbox"
)

// summary says in one line what up made.
func summary(r *sandbox.Result) string {
	what := r.Manifests
	if r.Demo {
		what = "the demo"
	}
	if r.Applied {
		return fmt.Sprintf("sandbox %s is applied, and served in a moment", r.Name)
	}
	if !r.Started {
		return fmt.Sprintf("sandbox %s is up already and serves %s", r.Name, what)
	}
	return fmt.Sprintf("sandbox %s is up and serves %s", r.Name, what)
}

// printResult says what up made, what the first requests were answered, and
// what to try next.
func (a App) printResult(r *sandbox.Result) {
	p := output.For(a.Out)
	_, _ = fmt.Fprintf(a.Out, "\n%s\n", strings.TrimSuffix(p.Bold(summary(r))+": "+r.URL(), ": "))
	if len(r.Answers) > 0 {
		_, _ = fmt.Fprintln(a.Out)
	}
	for _, x := range r.Answers {
		with := "without a key"
		if x.Key {
			with = "with the key"
		}
		head := fmt.Sprintf("GET %s%s %s: ", x.Host, x.Path, with)
		room := max(output.Columns(a.Out)-len(head)-len("  200  …"), 20)
		_, _ = fmt.Fprintf(a.Out, "  %s  %s%s\n", p.Status(x.Status, fmt.Sprint(x.Status)), head, oneLine(x.Body, room))
	}
	_, _ = fmt.Fprintln(a.Out, "\nTry next:")
	for _, t := range next(r) {
		_, _ = fmt.Fprintf(a.Out, "  %s\n  %s\n", p.Dim("# "+t[1]), t[0])
	}
}

func oneLine(body string, long int) string {
	s := []rune(strings.Join(strings.Fields(body), " "))
	if len(s) > long {
		return string(s[:long]) + "…"
	}
	return string(s)
}

// next lists commands to try, each with what it shows. All can be pasted into a
// shell.
func next(r *sandbox.Result) [][2]string {
	name := ""
	if r.Name != sandbox.DefaultName {
		name = " --name " + r.Name
	}
	var list [][2]string
	switch {
	case r.Demo:
		list = [][2]string{
			{"curl -i " + r.URL() + "/echo-1", "401: no key"},
			{fmt.Sprintf(`curl -i -H "%s: %s" %s/echo-1`, sandbox.KeyHeader, sandbox.DemoKey, r.URL()), "200, four left"},
			{"gwctl fire /echo-2 --key " + sandbox.DemoKey + name, "five pass, then 429"},
		}
	case len(r.Answers) > 0:
		x := r.Answers[0]
		host := ""
		if x.Host != "" {
			host = fmt.Sprintf(`-H "Host: %s" `, x.Host)
		}
		list = [][2]string{
			{"curl -i " + host + r.URL() + x.Path, "what was asked just now"},
			{"gwctl fire " + x.Path + " " + strings.TrimSuffix(host, " ") + name, "eight requests, and what becomes of each"},
		}
	}
	return append(list, [][2]string{
		{"gwctl status" + name, "routes, plugins, problems"},
		{"gwctl watch" + name, "everybody's requests, live"},
		{"gwctl down" + name, "remove it"},
	}...)
}

// printProblems lists what is wrong with the manifests.
func (a App) printProblems(w io.Writer, problems []problem.Problem) {
	p := output.For(w)
	for _, x := range problems {
		text := x.String()
		if x.Severity == problem.Error {
			text = p.Bad(text)
		} else {
			text = p.Warn(text)
		}
		_, _ = fmt.Fprintf(w, "  %s\n", text)
	}
}
