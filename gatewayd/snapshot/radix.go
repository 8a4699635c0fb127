package snapshot

import (
	"bytes"
	"slices"
	"strings"
)

// radix is a compressed trie over path prefixes. Building costs the sum of the
// keys' lengths; a walk costs the length of the path, however many keys there
// are.
type radix struct {
	prefix   string
	entries  []*entry // of the key that ends here, best first
	first    []byte   // the first byte of each child
	children []*radix
}

// insert adds an entry under key. Call sort when all are in.
func (n *radix) insert(key string, e *entry) {
	if key == "" {
		n.entries = append(n.entries, e)
		return
	}
	i := bytes.IndexByte(n.first, key[0])
	if i < 0 {
		n.first = append(n.first, key[0])
		n.children = append(n.children, &radix{prefix: key, entries: []*entry{e}})
		return
	}
	child := n.children[i]
	common := commonPrefix(child.prefix, key)
	if common < len(child.prefix) {
		n.children[i] = &radix{prefix: key[:common], first: []byte{child.prefix[common]}, children: []*radix{child}}
		child.prefix = child.prefix[common:]
		child = n.children[i]
	}
	child.insert(key[common:], e)
}

// child finds the child that begins with b. Its first byte stands in the parent,
// so that the others are not touched.
func (n *radix) child(b byte) *radix {
	switch len(n.first) {
	case 0:
		return nil
	case 1:
		if n.first[0] == b {
			return n.children[0]
		}
		return nil
	}
	if i := bytes.IndexByte(n.first, b); i >= 0 {
		return n.children[i]
	}
	return nil
}

// along calls each with the entries of every key that path begins with.
func (n *radix) along(path string, each func([]*entry)) {
	for {
		if len(n.entries) > 0 {
			each(n.entries)
		}
		if path == "" {
			return
		}
		child := n.child(path[0])
		if child == nil || !strings.HasPrefix(path, child.prefix) {
			return
		}
		path = path[len(child.prefix):]
		n = child
	}
}

func (n *radix) sort() {
	slices.SortFunc(n.entries, compareEntries)
	for _, c := range n.children {
		c.sort()
	}
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
