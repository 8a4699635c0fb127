package lesson_test

import (
	"strings"
	"testing"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// TestQuiz: what a predict block may say of its answer.
func TestQuiz(t *testing.T) {
	t.Parallel()
	tests := []struct{ attributes, choices, want string }{
		{"answer=a", "- a: one\n- b: two\n", ""},
		{"of=code", "- 200: passed\n- 429: too many\n", ""},
		{"of=code answer=429", "- 200: passed\n- 429: too many\n", ""},
		{"of=code answer=401", "- 200: passed\n- 429: too many\n", "with choices the answer must be one of them"},
		{"of=code", "- passed: 200\n- 429: too many\n", `choice "passed" is no number, and of counts one`},
		{"of=code within=1", "- 200: passed\n- 201: made\n", "within means nothing with choices"},
		{"answer=a", "- a: one\n- a: two\n", `two choices have the key "a"`},
		{"answer=c", "- a: one\n- b: two\n", "with choices the answer must be one of them"},
		{"", "- a: one\n- b: two\n", "predict has no answer"},
	}
	for _, tt := range tests {
		text := "---\nformat: 1\nid: test\ntitle: Test\nsummary: s\nminutes: 1\n---\n\n## One {#one}\n\n```quiz {predict " + tt.attributes +
			"}\nWhich?\n" + tt.choices + "```\n\n```http {fire}\nGET /\n```\n"
		_, err := lesson.Parse(text, lesson.Options{Name: "test"})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s with %q: got %v, want %q", tt.attributes, tt.choices, err, tt.want)
		}
	}
}
