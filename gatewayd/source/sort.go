package source

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gwctl/gwctl/gatewayd/api"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/problem"
)

// sorted orders items by name and place and drops later ones of a name.
func sorted[T api.Resource](s *Set, items []Item[T]) []Item[T] {
	slices.SortStableFunc(items, func(a, b Item[T]) int {
		return cmp.Or(
			cmp.Compare(a.Object.GetNamespace(), b.Object.GetNamespace()),
			cmp.Compare(a.Object.GetName(), b.Object.GetName()),
			cmp.Compare(a.Origin.File, b.Origin.File),
			cmp.Compare(a.Origin.Line, b.Origin.Line),
			cmp.Compare(a.Origin.Version, b.Origin.Version),
		)
	})
	kept := items[:0]
	for _, i := range items {
		if len(kept) == 0 || !sameName(kept[len(kept)-1], i) {
			kept = append(kept, i)
			continue
		}
		first := kept[len(kept)-1].Origin
		s.Problems = append(s.Problems, i.Source().Problem(problem.Error, "metadata.name", fmt.Sprintf(
			"stands in %s:%d already, which is the one that is used; remove one of them", first.File, first.Line)))
	}
	clear(items[len(kept):])
	return kept
}

func sameName[T api.Resource](a, b Item[T]) bool {
	return a.Object.GetNamespace() == b.Object.GetNamespace() && a.Object.GetName() == b.Object.GetName()
}

func names[T api.Resource](out []entity.Object, items []Item[T]) []entity.Object {
	for _, i := range items {
		out = append(out, entity.Object{Name: api.Name(i.Object), Version: i.Origin.Version})
	}
	return out
}
