package limit

import (
	"errors"
	"math"
	"math/bits"
	"slices"
)

// errFull says that the keys of one shard hold 4 GiB.
var errFull = errors.New("counting a request: the table of keys is full")

// row is one key in one period. It has no pointer, so that the garbage
// collector passes a million of them by.
type row struct {
	slot
	expires int64
	hash    uint64
	// key and size are where the key lies in the arena of the table.
	key, size uint32
	// next is the row of the same key in another period, or the next free row.
	next uint32
	tag  uint8 // period and algorithm
	use  uint8
}

const (
	rowFree uint8 = iota
	rowHead       // the first of a key: the index leads to it
	rowMore       // reached through next
)

func (r *Rule) tag() uint8 { return uint8(r.Period)<<4 | uint8(r.Algorithm) }

// idle says that the row has been as good as none for at least that long.
func (w *row) idle(now, since int64) bool {
	return now-since >= w.expires || w.at-now > Period(w.tag>>4).longest()
}

// entry leads from a hash to a row. It knows where the key lies too, so that
// key and row come from memory at the same time.
type entry struct {
	tag       uint32 // the lower half of the hash
	row       uint32 // 0 for none
	key, size uint32 // as in the row
}

// table finds rows by key: an index of open addressing over a list of rows. The
// zero table is empty. Rows are numbered from 1.
type table struct {
	index []entry
	rows  []row
	free  uint32 // the first free row, 0 for none
	heads int    // keys
	live  int    // rows in use
	arena []byte // the keys, one after another
	waste int    // bytes of it that belong to no row
	hand  int    // where the next step of sweeping begins
}

// clone gives a table of its own with the same rows.
func (t *table) clone() *table {
	c := *t
	c.index, c.rows, c.arena = slices.Clone(t.index), slices.Clone(t.rows), slices.Clone(t.arena)
	return &c
}

func (t *table) row(n uint32) *row { return &t.rows[n-1] }

// home is where the entry of a hash belongs; when that is taken, behind it.
func (t *table) home(h uint64) int {
	hi, _ := bits.Mul64(h, uint64(len(t.index)))
	return int(hi)
}

func (t *table) after(i int) int {
	if i++; i < len(t.index) {
		return i
	}
	return 0
}

// find gives the first row of the key, 0 for none.
func (t *table) find(h uint64, k *Key) uint32 {
	if len(t.index) == 0 {
		return 0
	}
	for i := t.home(h); ; i = t.after(i) {
		e := &t.index[i]
		if e.row == 0 {
			return 0
		}
		if e.tag == uint32(h) && t.same(e, k) {
			return e.row
		}
	}
}

// same compares the whole key.
func (t *table) same(e *entry, k *Key) bool {
	if int(e.size) != len(k.Owner)+len(k.Scope)+len(k.ID)+2 {
		return false
	}
	b := t.arena[e.key : e.key+e.size]
	o, s := len(k.Owner), len(k.Owner)+1+len(k.Scope)
	return b[o] == 0 && b[s] == 0 &&
		string(b[:o]) == k.Owner && string(b[o+1:s]) == k.Scope && string(b[s+1:]) == k.ID
}

// of finds the row of the rule among those of a key.
func (t *table) of(head uint32, tag uint8) uint32 {
	for head != 0 {
		w := t.row(head)
		if w.tag == tag {
			return head
		}
		head = w.next
	}
	return 0
}

// add makes a row for the rule of the key, whose first row is head, 0 for a new
// key. It returns the row and the key's first one.
func (t *table) add(head uint32, h uint64, k *Key, tag uint8) (n, first uint32, err error) {
	if head != 0 {
		n = t.alloc()
		first := t.row(head)
		*t.row(n) = row{hash: h, key: first.key, size: first.size, next: first.next, tag: tag, use: rowMore}
		first.next = n
		return n, head, nil
	}
	size := len(k.Owner) + len(k.Scope) + len(k.ID) + 2
	if size > math.MaxUint32-len(t.arena) {
		return 0, 0, errFull
	}
	at := uint32(len(t.arena))
	t.arena = room(t.arena, size, 256)
	t.arena = append(t.arena, k.Owner...)
	t.arena = append(t.arena, 0)
	t.arena = append(t.arena, k.Scope...)
	t.arena = append(t.arena, 0)
	t.arena = append(t.arena, k.ID...)
	n = t.alloc()
	*t.row(n) = row{hash: h, key: at, size: uint32(size), tag: tag, use: rowHead}
	t.heads++
	if t.heads*4 > len(t.index)*3 {
		t.reindex(t.heads)
	} else {
		t.enter(n)
	}
	return n, n, nil
}

func (t *table) alloc() uint32 {
	t.live++
	if n := t.free; n != 0 {
		t.free = t.row(n).next
		return n
	}
	t.rows = append(room(t.rows, 1, 4), row{})
	return uint32(len(t.rows))
}

// room makes room for n more, and then for a quarter more than there is: less
// than append does, as here memory counts for more than the copying.
func room[E any](s []E, n, least int) []E {
	if len(s)+n <= cap(s) {
		return s
	}
	to := make([]E, len(s), len(s)+max(n, least, len(s)/4))
	copy(to, s)
	return to
}

func (t *table) enter(n uint32) {
	w := t.row(n)
	i := t.home(w.hash)
	for t.index[i].row != 0 {
		i = t.after(i)
	}
	t.index[i] = entry{tag: uint32(w.hash), row: n, key: w.key, size: w.size}
}

// reindex makes an index that that many keys fill to three fifths, as it grows
// when it is full to three quarters.
func (t *table) reindex(heads int) {
	t.index = make([]entry, heads*5/3+4)
	for i := range t.rows {
		if t.rows[i].use == rowHead {
			t.enter(uint32(i + 1))
		}
	}
}

// remove forgets the key whose first row is head.
func (t *table) remove(head uint32) {
	w := t.row(head)
	i := t.home(w.hash)
	for t.index[i].row != head {
		i = t.after(i)
	}
	// Move back those behind it that would no longer be found.
	for j := t.after(i); t.index[j].row != 0; j = t.after(j) {
		home := t.home(t.row(t.index[j].row).hash)
		if t.behind(home, j) >= t.behind(i, j) {
			t.index[i] = t.index[j]
			i = j
		}
	}
	t.index[i] = entry{}
	t.heads--
	t.waste += int(w.size)
	for n := head; n != 0; {
		w := t.row(n)
		next := w.next
		*w = row{next: t.free}
		t.free = n
		t.live--
		n = next
	}
}

// behind is how far j lies behind i, going round.
func (t *table) behind(i, j int) int {
	if j >= i {
		return j - i
	}
	return j - i + len(t.index)
}

// idle says that every row of the key is idle.
func (t *table) idle(head uint32, now, since int64) bool {
	for n := head; n != 0; n = t.row(n).next {
		if !t.row(n).idle(now, since) {
			return false
		}
	}
	return true
}

// step looks at the next n rows and forgets the keys among them that have been
// idle for a while: those of a fast bucket are, again and again. Having gone all round it gives memory back when most of it is unused.
func (t *table) step(n int, now int64) {
	const while = 10 * second
	for range min(n, len(t.rows)) {
		if t.hand >= len(t.rows) {
			t.hand = 0
			t.shrink(small)
			return
		}
		t.hand++
		if t.rows[t.hand-1].use == rowHead && t.idle(uint32(t.hand), now, while) {
			t.remove(uint32(t.hand))
		}
	}
}

// small is how many rows are not worth the work of giving them back while the
// table is in use.
const small = 64

// shrink rebuilds a table of more rows than least when less than half of it is
// in use.
func (t *table) shrink(least int) {
	if t.live == 0 && len(t.rows) > least {
		*t = table{}
	}
	sparse := len(t.rows) > small && t.live < len(t.rows)/2
	wasteful := len(t.arena) > small*small && t.waste > len(t.arena)/2
	if !sparse && !wasteful {
		return
	}
	to := table{
		rows:  make([]row, 0, t.live+t.live/8),
		arena: make([]byte, 0, len(t.arena)-t.waste),
		heads: t.heads, live: t.live,
	}
	for i := range t.rows {
		if t.rows[i].use != rowHead {
			continue
		}
		at := uint32(len(to.arena))
		to.arena = append(to.arena, t.arena[t.rows[i].key:t.rows[i].key+t.rows[i].size]...)
		for n := uint32(i + 1); n != 0; {
			w := *t.row(n)
			n = w.next
			w.key = at
			if n != 0 {
				w.next = uint32(len(to.rows) + 2)
			}
			to.rows = append(to.rows, w)
		}
	}
	to.reindex(to.heads)
	*t = to
}
