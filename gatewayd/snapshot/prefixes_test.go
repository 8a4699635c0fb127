package snapshot

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/plugin"
)

// TestPrefixesFindWhatALinearSearchFinds: however paths are kept, the entry found
// is the best of those whose prefix the path begins with.
func TestPrefixesFindWhatALinearSearchFinds(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		var b strings.Builder
		b.WriteByte('/')
		for range rnd.IntN(6) {
			b.WriteByte("ab/"[rnd.IntN(3)])
		}
		return b.String()
	}
	for range 2_000 {
		var p prefixes
		keys := map[*entry]string{}
		for i := range 1 + rnd.IntN(8) {
			e := &entry{priority: uint64(rnd.IntN(3)), id: strconv.Itoa(i)}
			keys[e] = word()
			p.insert(keys[e], e)
		}
		p.sort()
		for range 10 {
			path := word()
			var want *entry
			for e, key := range keys {
				if strings.HasPrefix(path, key) && (want == nil || compareEntries(e, want) < 0) {
					want = e
				}
			}
			s := search{req: &plugin.Request{Path: path}}
			s.prefixed(&p, path)
			if s.best != want || want != nil && s.matched != keys[want] {
				t.Fatalf("%s among %v: got %q, want %q", path, keys, s.matched, keys[want])
			}
		}
	}
}
