package killercoda

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// text writes what a learner reads in a step.
func (x *exporter) text(st *lesson.Step) string {
	var out []string
	for n := range st.Items {
		out = append(out, x.item(st, &st.Items[n]))
	}
	for n, h := range st.Hints {
		out = append(out, folded(fmt.Sprintf("Hint %d", n+1), h.Text))
	}
	if len(st.Solve) > 0 {
		var shown []string
		for n := range st.Solve {
			shown = append(shown, show(&st.Solve[n]))
		}
		out = append(out, folded("Solution", joined(append(shown, pressed(x.call(st, "--solve")))...)))
	}
	if len(st.Checks()) > 0 {
		out = append(out, "Then press **Check**.")
	}
	return joined(append(out, notes(st.Notes))...)
}

func (x *exporter) item(st *lesson.Step, i *lesson.Item) string {
	switch i.Kind {
	case lesson.Prose:
		return i.Text
	case lesson.Apply, lesson.Fire:
		return joined(show(i), pressed(x.call(st, i.ID)))
	case lesson.Run:
		if strings.HasPrefix(i.Text, "#!") {
			return joined(show(i), pressed(x.call(st, i.ID)))
		}
		var out []string
		for line := range strings.Lines(i.Text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, pressed(line))
			}
		}
		return joined(out...)
	case lesson.Predict:
		return question(i.Quiz)
	case lesson.Check, lesson.Pause:
	}
	return ""
}

// show writes what a block does.
func show(i *lesson.Item) string {
	switch i.Kind {
	case lesson.Apply:
		return fenced("yaml", i.Text)
	case lesson.Run:
		return fenced("sh", i.Text)
	case lesson.Fire:
		return joined(about(i.Volley), fenced("http", requests(i.Volley)))
	case lesson.Prose, lesson.Predict, lesson.Check, lesson.Pause:
	}
	return ""
}

// about says how the requests of a volley are sent.
func about(v *lesson.Volley) string {
	switch {
	case v.AfterRetry:
		return "After as long as Retry-After said:"
	case v.Wait > 0:
		return fmt.Sprintf("After %s:", v.Wait)
	case v.At != nil:
		return fmt.Sprintf("At second %g of a minute:", v.At.Seconds())
	}
	return ""
}

func requests(v *lesson.Volley) string {
	var out []string
	for _, l := range v.Lanes {
		var lines []string
		how := ""
		if l.Count > 1 {
			how = fmt.Sprintf("%d times", l.Count)
		}
		if l.Rate > 0 {
			how += fmt.Sprintf(", %g a second", l.Rate)
		}
		if head := strings.Trim(l.Name+": "+how, ": ,"); head != "" {
			lines = append(lines, "# "+head)
		}
		lines = append(lines, l.Method+" "+l.Path)
		for _, name := range slices.Sorted(maps.Keys(l.Header)) {
			for _, value := range l.Header[name] {
				lines = append(lines, strings.ToLower(name)+": "+value)
			}
		}
		if l.Body != "" {
			lines = append(lines, "", l.Body)
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	return strings.Join(out, "\n\n")
}

func question(q *lesson.Quiz) string {
	out := []string{"**Predict:** " + q.Question}
	var choices []string
	for _, c := range q.Choices {
		choices = append(choices, "- "+c.Key+": "+c.Text)
	}
	if len(choices) > 0 {
		out = append(out, strings.Join(choices, "\n"))
	}
	if q.Answer != "" {
		out = append(out, folded("Answer", "It is "+q.Answer+"."))
	}
	return joined(out...)
}

// fenced writes a block whose fence is longer than any in it.
func fenced(info, text string) string {
	mark := "```"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	return mark + info + "\n" + strings.TrimRight(text, "\n") + "\n" + mark
}

// pressed writes a command that runs when it is pressed.
func pressed(command string) string { return fenced("", command) + "{{exec}}" }

func folded(title, text string) string {
	return "<details><summary>" + title + "</summary>\n\n" + strings.TrimSpace(text) + "\n\n</details>"
}

func notes(list []string) string {
	var out []string
	for _, n := range list {
		out = append(out, "<!-- speaker_note: "+n+" -->")
	}
	return strings.Join(out, "\n\n")
}
