package ratelimiting

import (
	"strconv"
	"strings"
	"sync"

	"github.com/gwctl/gwctl/gatewayd/limit"
)

// numbers is how many small numbers have their text at hand: every second of an
// hour among them.
const numbers = 4096

// tools are what all instances share to answer without allocating.
type tools struct {
	texts                      [numbers]string
	limitNames, remainingNames [limit.Periods]string
	decisions                  sync.Pool
}

func newTools() (any, error) {
	t := &tools{decisions: sync.Pool{New: func() any { return new(limit.Decision) }}}
	var all strings.Builder
	for n := range t.texts {
		all.WriteString(strconv.Itoa(n))
	}
	rest := all.String()
	for n := range t.texts {
		digits := len(strconv.Itoa(n))
		t.texts[n], rest = rest[:digits], rest[digits:]
	}
	for p := range limit.Period(limit.Periods) {
		period := p.String()
		period = strings.ToUpper(period[:1]) + period[1:]
		t.limitNames[p], t.remainingNames[p] = "X-RateLimit-Limit-"+period, "X-RateLimit-Remaining-"+period
	}
	return t, nil
}

// text is the number in decimal digits.
func (t *tools) text(n int64) string {
	if n >= 0 && n < numbers {
		return t.texts[n]
	}
	return strconv.FormatInt(n, 10)
}

func (t *tools) borrow() *limit.Decision { return t.decisions.Get().(*limit.Decision) }

func (t *tools) giveBack(d *limit.Decision) {
	d.Place = nil
	t.decisions.Put(d)
}
