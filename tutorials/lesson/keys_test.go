package lesson_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gwctl/gwctl/tutorials/lesson"
)

// TestKeys: the credentials of a lesson are those that it sends and those that its
// Secrets hold, wherever they stand.
func TestKeys(t *testing.T) {
	t.Parallel()
	text := "---\nformat: 1\nid: test\ntitle: Test\nsummary: s\nminutes: 1\n---\n\n" +
		"```yaml {setup}\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\nstringData: {key: plain-key}\ndata: {key: Y29kZWQta2V5}\n" +
		"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: none}\n```\n\n## One {#one}\n\n" +
		"```http {fire}\n### a\nGET /?q=no&api_key=in%20query\nX-Key: in-header\nAuthorization: Bearer bearer\nAccept: no\n\n### b\nGET /\n```\n"
	l, err := lesson.Parse(text, lesson.Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Bearer bearer", "coded-key", "in query", "in-header", "plain-key"}, slices.Sorted(slices.Values(l.Keys()))); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
}
