package limit

import (
	"context"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync"
	"time"
)

// shards is how many parts a Memory has, each with a lock of its own.
const shards = 32

// Memory is the store of one process. Idle keys are forgotten a few at a time
// as others are counted; Sweep forgets all of them at once.
//
// A key costs 56 bytes a period, 21 to 32 for the index, and its own bytes once;
// up to a quarter of that on top is room to grow.
type Memory struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu     sync.Mutex
	t      table
	kept   *table // what Keep has put aside, nil for nothing
	calls  uint32
	owed   int               // rows to look at in the next step of sweeping
	queues map[string]*queue // by whole key; only of those that have waiting requests
	_      [64]byte          // no two shards share a cache line
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{seed: maphash.MakeSeed()} }

func (m *Memory) locate(k *Key) (uint64, *shard) {
	hi, lo := bits.Mul64(maphash.String(m.seed, k.Scope)^0x9e3779b97f4a7c15, maphash.String(m.seed, k.ID)^0xd6e8feb86659fd93)
	h := hi ^ lo
	return h, &m.shards[h>>26%shards]
}

// Take implements Store. It neither blocks nor fails but when the keys of a
// shard hold 4 GiB.
func (m *Memory) Take(_ context.Context, now time.Time, k Key, rules []Rule, d *Decision) error {
	t := nanos(now)
	h, s := m.locate(&k)
	if cap(d.States) < len(rules) {
		d.States, d.views = make([]State, len(rules)), make([]view, len(rules))
	}
	d.States, d.views = d.States[:len(rules)], d.views[:len(rules)]

	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepSome(t)
	head := s.t.find(h, &k)
	refused := false
	for i := range rules {
		r := &rules[i]
		var old slot
		n := s.t.of(head, r.tag())
		if n != 0 {
			old = s.t.row(n).slot
		}
		d.views[i] = r.settle(old, n != 0, t)
		d.views[i].row = n
		refused = refused || d.views[i].free < 1
	}
	for i := range rules {
		r, v := &rules[i], &d.views[i]
		stops := v.free < 1
		d.States[i].Wait = 0
		if !refused {
			d.States[i].Wait = v.take(r)
			if err := s.put(&head, h, &k, r, v); err != nil {
				return err
			}
		}
		v.state(r, stops, t, &d.States[i])
	}
	d.Sum(refused)
	if d.Wait > 0 {
		d.Place = s.join(m, h, k, rules, t+int64(d.Wait))
	}
	return nil
}

// put writes the view back, making a row where there is none.
func (s *shard) put(head *uint32, h uint64, k *Key, r *Rule, v *view) error {
	if v.row == 0 {
		n, first, err := s.t.add(*head, h, k, r.tag())
		if err != nil {
			return err
		}
		v.row, *head = n, first
		s.owed += 2
	}
	w := s.t.row(v.row)
	w.slot, w.expires = v.slot, v.expires(r)
	return nil
}

// sweepSome pays a little of the work of sweeping. Two looks at a row for every
// row made keep idle rows fewer than the others; the few that each call adds let
// a table shrink that gets no new keys.
func (s *shard) sweepSome(now int64) {
	const every, rows, worthIt = 8, 4, 16
	if s.calls++; s.calls%every == 0 {
		s.owed += rows
	}
	if s.owed >= worthIt {
		s.t.step(s.owed, now)
		s.owed = 0
	}
}

// Sweep forgets every idle key and gives its memory back. It holds one part of
// the store at a time.
func (m *Memory) Sweep(now time.Time) {
	t := nanos(now)
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for n := range s.t.rows {
			if s.t.rows[n].use == rowHead && s.t.idle(uint32(n+1), t, 0) {
				s.t.remove(uint32(n + 1))
			}
		}
		s.t.hand = 0
		s.t.shrink(0)
		s.mu.Unlock()
	}
}

// Clear forgets every count when plugin is "", else those of the owner with
// this name. Requests that wait in a queue keep their slots; the queue counts
// them no more.
func (m *Memory) Clear(plugin string) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		s.clear(plugin)
		s.mu.Unlock()
	}
}

// Keep puts a copy of every count aside, for Restore; one that was put aside before
// is forgotten.
func (m *Memory) Keep() {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		s.kept = s.t.clone()
		s.mu.Unlock()
	}
}

// Restore brings the counts back that Keep has put aside, in the place of all
// others, and forgets them there; nothing where nothing was put aside. Time has gone
// on for them as if they had been here. Of requests that wait it is as with Clear.
func (m *Memory) Restore() {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		s.clear("")
		if s.kept != nil {
			s.t, s.kept = *s.kept, nil
		}
		s.mu.Unlock()
	}
}

func (s *shard) clear(owner string) {
	if owner == "" {
		s.t, s.queues = table{}, nil
		return
	}
	prefix := owner + "\x00"
	for n := range s.t.rows {
		w := &s.t.rows[n]
		if w.use == rowHead && strings.HasPrefix(string(s.t.arena[w.key:w.key+w.size]), prefix) {
			s.t.remove(uint32(n + 1))
		}
	}
	for key := range s.queues {
		if strings.HasPrefix(key, prefix) {
			delete(s.queues, key)
		}
	}
	s.t.hand = 0
	s.t.shrink(0)
}

// Len is how many keys the store holds, idle ones that were not yet swept
// included.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += s.t.heads
		s.mu.Unlock()
	}
	return n
}
