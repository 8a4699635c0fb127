package limit

import (
	"slices"
	"time"
)

// queue lists the requests of one key that wait for their slots in leaky
// buckets, in order.
//
// Their slots follow from the debt of the buckets: the last has the last slot,
// the one before it that of one interval earlier. When one leaves, debt and list
// get shorter together, so all behind it move up and nobody before it moves.
// Only the first needs to know at once: each of the others is told when it has
// become first.
type queue struct {
	waiting []*place
}

// place implements Place for Memory.
type place struct {
	m     *Memory
	h     uint64
	key   Key
	rules []Rule
	due   int64  // the slot, as far as its holder knows
	moved func() // wakes the holder
}

func (k *Key) whole() string { return k.Owner + "\x00" + k.Scope + "\x00" + k.ID }

// join appends a request to the queue of its key.
func (s *shard) join(m *Memory, h uint64, k Key, rules []Rule, due int64) Place {
	p := &place{m: m, h: h, key: k, rules: rules, due: due}
	if s.queues == nil {
		s.queues = make(map[string]*queue)
	}
	name := k.whole()
	q := s.queues[name]
	if q == nil {
		q = &queue{}
		s.queues[name] = q
	}
	q.waiting = append(q.waiting, p)
	return p
}

// slots calls f for every leaky rule with its row and what the row owes before
// the request that has behind others behind it gets its slot. f may be told of
// a debt that is negative: that slot has passed.
func (p *place) slots(s *shard, behind int, f func(r *Rule, w *row, debt int64)) {
	head := s.t.find(p.h, &p.key)
	for i := range p.rules {
		r := &p.rules[i]
		if r.Algorithm != LeakyBucket {
			continue
		}
		if n := s.t.of(head, r.tag()); n != 0 {
			w := s.t.row(n)
			f(r, w, w.n-int64(behind)-1)
		}
	}
}

// slot says when the slot of the place is; behind is how many wait behind it.
func (p *place) slot(s *shard, behind int) int64 {
	var at int64
	p.slots(s, behind, func(r *Rule, w *row, debt int64) {
		at = max(at, w.at+r.drain(debt, w.more))
	})
	return at
}

// Due implements Place.
func (p *place) Due(moved func()) time.Time {
	_, s := p.m.locate(&p.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.moved = moved
	if q := s.queues[p.key.whole()]; q != nil && q.waiting[0] == p {
		p.due = min(p.due, p.slot(s, len(q.waiting)-1))
	}
	return time.Unix(0, p.due)
}

// Start implements Place.
func (p *place) Start() {
	_, s := p.m.locate(&p.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part(p)
}

// Leave implements Place.
func (p *place) Leave(now time.Time) {
	t := nanos(now)
	_, s := p.m.locate(&p.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[p.key.whole()]
	if q == nil {
		return
	}
	i := slices.Index(q.waiting, p)
	if i < 0 {
		return
	}
	behind := len(q.waiting) - 1 - i
	if min(p.due, p.slot(s, behind)) > t {
		p.slots(s, behind, func(r *Rule, w *row, debt int64) {
			if w.at+r.drain(debt, w.more) > t {
				w.n--
				w.expires = w.at + r.drain(w.n, w.more)
			}
		})
	}
	s.part(p)
}

// part takes the place out of its queue and wakes the first one left when that
// has an earlier slot than it knows.
func (s *shard) part(p *place) {
	name := p.key.whole()
	q := s.queues[name]
	if q == nil {
		return
	}
	i := slices.Index(q.waiting, p)
	if i < 0 {
		return
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	if len(q.waiting) == 0 {
		delete(s.queues, name)
		return
	}
	first := q.waiting[0]
	if first.moved != nil && first.slot(s, len(q.waiting)-1) < first.due {
		first.moved()
		first.moved = nil
	}
}
