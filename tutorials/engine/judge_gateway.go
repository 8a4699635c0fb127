package engine

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gwctl/gwctl/gatewayd/admin"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/tutorials/lesson"
)

func judgeObject(o *lesson.Object, docs []byte) verdict {
	name := o.Kind + " " + o.Name
	if o.Namespace != "" {
		name = o.Kind + " " + o.Namespace + "/" + o.Name
	}
	doc := document(docs, name)
	switch {
	case doc == "":
		return no("there is no %s", name)
	case o.Path == "":
		return yes("%s is there", name)
	}
	value, there := at(doc, o.Path)
	if fits(o.Value, value, there) {
		return yes("%s of %s is %s", o.Path, name, orNothing(value, there))
	}
	return no("%s of %s is %s, and should be %s", o.Path, name, orNothing(value, there), words(o.Value))
}

func orNothing(value string, there bool) string {
	if !there {
		return "not set"
	}
	return value
}

// at follows a path through a document.
func at(doc, path string) (value string, there bool) {
	var now any
	if yaml.Unmarshal([]byte(doc), &now) != nil {
		return "", false
	}
	parts, err := lesson.ParsePath(path)
	if err != nil {
		return "", false
	}
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			m, _ := now.(map[string]any)
			if now, there = m[p]; !there {
				return "", false
			}
		case int:
			l, _ := now.([]any)
			if p >= len(l) {
				return "", false
			}
			now = l[p]
		}
	}
	switch v := now.(type) {
	case nil:
		return "", false
	case float64:
		return plain(v), true
	default:
		return fmt.Sprint(v), true
	}
}

func judgeProblem(p *lesson.Problem, gateways []admin.Status) verdict {
	var all []problem.Problem
	for _, g := range gateways {
		all = append(all, g.Problems...)
	}
	if p.None {
		if len(all) == 0 {
			return yes("there is no problem")
		}
		return no("there is a problem: %s %s %s", all[0].Object, all[0].Field, all[0].Reason)
	}
	for _, x := range all {
		if (p.Object == nil || fits(p.Object, x.Object, true)) && (p.Field == nil || fits(p.Field, x.Field, x.Field != "")) &&
			(p.Reason == nil || fits(p.Reason, x.Reason, true)) {
			return yes("there is the problem: %s %s %s", x.Object, x.Field, x.Reason)
		}
	}
	return no("none of the %d problems is the one that is looked for", len(all))
}

// judgeMetric sums the series of a metric over all gateways.
func (s *Session) judgeMetric(ctx context.Context, m *lesson.Metric) (verdict, error) {
	list, err := s.present(ctx)
	if err != nil {
		return verdict{}, err
	}
	sum, found := 0.0, false
	for _, g := range list {
		text, err := g.Client().Metrics(ctx)
		if err != nil {
			return verdict{}, unheard(ctx, s.host.Name(), err)
		}
		v, ok := sumSeries(text, m)
		sum, found = sum+v, found || ok
	}
	if fits(&m.Value, plain(sum), found) {
		return yes("%s is %s", m.Name, plain(sum)), nil
	}
	if !found {
		return no("the metric %s has no series with these labels", m.Name), nil
	}
	return no("%s is %s, and should be %s", m.Name, plain(sum), words(&m.Value)), nil
}

// sumSeries adds up the series of Prometheus' text format that have the labels.
func sumSeries(text []byte, m *lesson.Metric) (sum float64, found bool) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		name, rest, _ := strings.Cut(line, " ")
		labels := ""
		if i := strings.IndexByte(line, '{'); i >= 0 {
			end := strings.LastIndex(line, "} ")
			if end < i {
				continue
			}
			name, labels, rest = line[:i], line[i+1:end], line[end+2:]
		}
		value, err := strconv.ParseFloat(strings.Fields(rest + " x")[0], 64)
		if name != m.Name || err != nil || !hasLabels(labels, m.Labels) {
			continue
		}
		sum, found = sum+value, true
	}
	return sum, found
}

func hasLabels(labels string, want map[string]string) bool {
	for name, value := range want {
		pair := name + "=" + strconv.Quote(value)
		if labels != pair && !strings.HasPrefix(labels, pair+",") && !strings.HasSuffix(labels, ","+pair) && !strings.Contains(labels, ","+pair+",") {
			return false
		}
	}
	return true
}
