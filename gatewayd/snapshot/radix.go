package snapshot

import "slices"

// radix is a compressed trie over path prefixes. Building costs the sum of the
// keys' lengths; a walk costs the length of the path, however many keys there
// are.
type radix struct {
	prefix   string
	entries  []*entry // of the key that ends here, best first
	children []*radix // each begins with another byte, in order
}

// insert adds an entry under key. Call sort when all are in.
func (n *radix) insert(key string, e *entry) {
	if key == "" {
		n.entries = append(n.entries, e)
		return
	}
	i, found := slices.BinarySearchFunc(n.children, key[0], func(c *radix, b byte) int { return int(c.prefix[0]) - int(b) })
	if !found {
		n.children = slices.Insert(n.children, i, &radix{prefix: key, entries: []*entry{e}})
		return
	}
	child := n.children[i]
	common := commonPrefix(child.prefix, key)
	if common < len(child.prefix) {
		n.children[i] = &radix{prefix: key[:common], children: []*radix{child}}
		child.prefix = child.prefix[common:]
		child = n.children[i]
	}
	child.insert(key[common:], e)
}

func (n *radix) child(b byte) *radix {
	lo, hi := 0, len(n.children)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if n.children[mid].prefix[0] < b {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(n.children) && n.children[lo].prefix[0] == b {
		return n.children[lo]
	}
	return nil
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
