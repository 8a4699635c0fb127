package engine

import (
	"testing"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

func TestFits(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	number := func(n float64) *float64 { return &n }
	yes, no := true, false
	tests := []struct {
		name  string
		m     lesson.Match
		value string
		there bool
		want  bool
	}{
		{"equal", lesson.Match{Equals: text("a")}, "a", true, true},
		{"not equal", lesson.Match{Equals: text("a")}, "b", true, false},
		{"equal as numbers", lesson.Match{Equals: text("3")}, "3.0", true, true},
		{"equal, but not there", lesson.Match{Equals: text("")}, "", false, false},
		{"another", lesson.Match{Not: text("a")}, "b", true, true},
		{"not another", lesson.Match{Not: text("a")}, "a", true, false},
		{"another, as there is none", lesson.Match{Not: text("a")}, "", false, true},
		{"contains", lesson.Match{Contains: "b"}, "abc", true, true},
		{"does not contain", lesson.Match{Contains: "d"}, "abc", true, false},
		{"contains, but not there", lesson.Match{Contains: "d"}, "", false, false},
		{"matches", lesson.Match{Matches: "^a.c$"}, "abc", true, true},
		{"does not match", lesson.Match{Matches: "^a.c$"}, "abd", true, false},
		{"between", lesson.Match{AtLeast: number(1), AtMost: number(60)}, "60", true, true},
		{"above", lesson.Match{AtLeast: number(1), AtMost: number(60)}, "61", true, false},
		{"below", lesson.Match{AtLeast: number(1)}, "0.5", true, false},
		{"no number", lesson.Match{AtLeast: number(0)}, "many", true, false},
		{"must be there", lesson.Match{Present: &yes}, "", true, true},
		{"must be there and is not", lesson.Match{Present: &yes}, "", false, false},
		{"must not be there", lesson.Match{Present: &no}, "", false, true},
		{"must not be there and is", lesson.Match{Present: &no}, "a", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fits(&tt.m, tt.value, tt.there); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
			if words(&tt.m) == "" {
				t.Error("it has no words")
			}
		})
	}
}

func TestSumSeries(t *testing.T) {
	t.Parallel()
	const text = `# HELP a help
# TYPE a counter
a{code="200",route="x"} 3
a{code="429",route="x"} 2
a{code="429",route="y, \"z\"} w"} 5
ab{code="429"} 100
plain 7
a_bad
`
	tests := []struct {
		name   string
		labels map[string]string
		metric string
		want   float64
		found  bool
	}{
		{"all", nil, "a", 10, true},
		{"one label", map[string]string{"code": "429"}, "a", 7, true},
		{"two labels", map[string]string{"code": "429", "route": "x"}, "a", 2, true},
		{"none", map[string]string{"code": "500"}, "a", 0, false},
		{"part of a value", map[string]string{"code": "42"}, "a", 0, false},
		{"no labels", nil, "plain", 7, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, found := sumSeries([]byte(text), &lesson.Metric{Name: tt.metric, Labels: tt.labels})
			if got != tt.want || found != tt.found {
				t.Errorf("got %v, %t; want %v, %t", got, found, tt.want, tt.found)
			}
		})
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	const doc = "metadata:\n  annotations: {konghq.com/plugins: a}\nconfig: {minute: 3, set: true, list: [{x: 1.5}], none: null}\n"
	for path, want := range map[string]string{
		"{.metadata.annotations['konghq.com/plugins']}": "a", ".config.minute": "3", ".config.set": "true", ".config.list[0].x": "1.5",
		".config.list[1]": "", ".config.none": "", ".nothing.at.all": "", ".config.minute.x": "",
	} {
		if got, there := at(doc, path); got != want || there != (want != "") {
			t.Errorf("%s: got %q, %t; want %q", path, got, there, want)
		}
	}
}
