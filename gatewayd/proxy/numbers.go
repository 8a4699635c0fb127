package proxy

import "strconv"

// numbers holds the texts of small whole numbers, so that latencies and lengths
// cost no allocation.
type numbers struct{ text [1024]string }

func newNumbers() *numbers {
	n := &numbers{}
	for i := range n.text {
		n.text[i] = strconv.Itoa(i)
	}
	return n
}

func (n *numbers) format(i int64) string {
	if i >= 0 && i < int64(len(n.text)) {
		return n.text[i]
	}
	return strconv.FormatInt(i, 10)
}
