package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/entity"
)

// order is the wish of one plugin to run before or after others.
type order struct {
	name string
	e    *entity.Plugin
}

// arrange puts slots, which come by priority, into the order of the access
// phase. The plugin that states a wish is the one that moves, and no further
// than it must, so that the others keep their places: "rate-limiting before
// key-auth" leaves acl behind key-auth. Wishes that contradict each other are
// an error.
func arrange(slots []*Slot, rules []order) ([]*Slot, error) {
	if len(rules) == 0 {
		return slots, nil
	}
	names := make([]string, len(slots))
	byName := map[string]*Slot{}
	for i, s := range slots {
		names[i] = s.Kind.Name
		byName[s.Kind.Name] = s
	}
	edges := wishes(rules, byName)
	if cycle := findCycle(names, edges); cycle != nil {
		return slots, fmt.Errorf("the order contradicts itself: %s", strings.Join(cycle, " before "))
	}
	// Each round moves at least one plugin to where its wish holds; without a
	// cycle that ends, and the bound only guards against a fault of ours.
	for range len(names) * len(names) {
		if !moveOne(&names, edges) {
			break
		}
	}
	out := make([]*Slot, len(names))
	for i, n := range names {
		out[i] = byName[n]
	}
	return out, nil
}

// wish says that first runs before second; mover is the one that asked.
type wish struct{ first, second, mover string }

func wishes(rules []order, present map[string]*Slot) []wish {
	var out []wish
	for _, r := range rules {
		if b := r.e.Ordering.Before; b != nil {
			for _, n := range b.Access {
				if present[n] != nil && n != r.name {
					out = append(out, wish{r.name, n, r.name})
				}
			}
		}
		if a := r.e.Ordering.After; a != nil {
			for _, n := range a.Access {
				if present[n] != nil && n != r.name {
					out = append(out, wish{n, r.name, r.name})
				}
			}
		}
	}
	return out
}

// moveOne mends the first wish that does not hold, and says whether there was one.
func moveOne(names *[]string, edges []wish) bool {
	for _, w := range edges {
		first, second := slices.Index(*names, w.first), slices.Index(*names, w.second)
		if first < second {
			continue
		}
		if w.mover == w.first {
			*names = slices.Insert(slices.Delete(*names, first, first+1), second, w.first)
		} else {
			*names = slices.Delete(slices.Insert(*names, first+1, w.second), second, second+1)
		}
		return true
	}
	return false
}

// findCycle returns a cycle of names, its first repeated at the end, or nil.
func findCycle(names []string, edges []wish) []string {
	next := map[string][]string{}
	for _, w := range edges {
		next[w.first] = append(next[w.first], w.second)
	}
	done := map[string]bool{}
	var path []string
	var visit func(n string) []string
	visit = func(n string) []string {
		if i := slices.Index(path, n); i >= 0 {
			return append(slices.Clone(path[i:]), n)
		}
		if done[n] {
			return nil
		}
		done[n] = true
		path = append(path, n)
		for _, m := range next[n] {
			if c := visit(m); c != nil {
				return c
			}
		}
		path = path[:len(path)-1]
		return nil
	}
	for _, n := range names {
		if c := visit(n); c != nil {
			return c
		}
	}
	return nil
}
