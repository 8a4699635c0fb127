package engine

import (
	"fmt"
	"time"
)

// Progress is how far a transfer has come.
type Progress struct {
	// Done of Total bytes; Total is 0 while it is not known.
	Done, Total int64
	// Rate is in bytes a second, over the whole transfer.
	Rate float64
	// Left is how long the rest will take at that rate.
	Left time.Duration
}

// String gives bytes, rate and the time left, as in "212 of 380 MB, 12.3 MB/s, 14s left".
func (p Progress) String() string {
	const mb = 1e6
	switch {
	case p.Done == 0 && p.Total > 0:
		return fmt.Sprintf("0 of %.0f MB", float64(p.Total)/mb)
	case p.Total == 0:
		return fmt.Sprintf("%.0f MB, %.1f MB/s", float64(p.Done)/mb, p.Rate/mb)
	case p.Done >= p.Total:
		return fmt.Sprintf("all of %.0f MB, %.1f MB/s", float64(p.Total)/mb, p.Rate/mb)
	}
	return fmt.Sprintf("%.0f of %.0f MB, %.1f MB/s, %s left", float64(p.Done)/mb, float64(p.Total)/mb, p.Rate/mb, p.Left.Round(time.Second))
}

// NewProgress tells how far a transfer has come that began at from.
func NewProgress(done, total int64, from, now time.Time) Progress {
	p := Progress{Done: done, Total: total}
	if took := now.Sub(from).Seconds(); took > 0 {
		p.Rate = float64(done) / took
	}
	if p.Rate > 0 && total > done {
		p.Left = time.Duration(float64(total-done) / p.Rate * float64(time.Second))
	}
	return p
}
