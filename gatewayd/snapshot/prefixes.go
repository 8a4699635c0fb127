package snapshot

import (
	"slices"
	"strings"
)

// prefixes holds the entries of path prefixes. A trie alone would cost a step for
// every digit that many names differ in, so paths are looked up by their first
// element: what lies below it stands in a trie of its own, and the shorter
// prefixes that lead to it are gathered there when the router is made.
type prefixes struct {
	elements map[string]*element
	// short holds the prefixes without a second slash. Paths are looked up there
	// whose first element nobody names.
	short radix
}

// element is one first element of paths, with its slash: "/orders".
type element struct {
	length int
	// short are the entries of all prefixes that it begins with, best first.
	short []*entry
	// long holds the prefixes that go on behind it, without it.
	long radix
}

// firstElement gives the path up to its second slash.
func firstElement(path string) string {
	if path == "" {
		return path
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:i+1]
	}
	return path
}

// insert adds an entry under a prefix. Call sort when all are in.
func (p *prefixes) insert(key string, e *entry) {
	e.length = len(key)
	first := firstElement(key)
	el := p.elements[first]
	if el == nil {
		el = &element{length: len(first)}
		if p.elements == nil {
			p.elements = map[string]*element{}
		}
		p.elements[first] = el
	}
	if len(key) > len(first) {
		el.long.insert(key[len(first):], e)
		return
	}
	p.short.insert(key, e)
}

func (p *prefixes) sort() {
	p.short.sort()
	for first, el := range p.elements {
		p.short.along(first, func(es []*entry) { el.short = append(el.short, es...) })
		slices.SortFunc(el.short, compareEntries)
		el.long.sort()
	}
}
