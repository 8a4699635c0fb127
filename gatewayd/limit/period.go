package limit

import (
	"math"
	"time"
)

// Period is the time over which a limit counts.
type Period uint8

// The periods, from the shortest to the longest.
const (
	Second Period = iota
	Minute
	Hour
	Day
	Month
	Year
	periods
)

// Periods is how many periods there are; each is below it.
const Periods = int(periods)

// String is the name of the period in configs: second, minute, …
func (p Period) String() string {
	switch p {
	case Second:
		return "second"
	case Minute:
		return "minute"
	case Hour:
		return "hour"
	case Day:
		return "day"
	case Month:
		return "month"
	case Year:
		return "year"
	default:
		return "unknown period"
	}
}

// Length is the length of the period in buckets: a month is 30 days, a year is
// 365 (kong/plugins/rate-limiting/expiration.lua).
func (p Period) Length() time.Duration { return time.Duration(p.length()) }

const (
	second = int64(time.Second)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

func (p Period) length() int64 {
	switch p {
	case Second:
		return second
	case Minute:
		return minute
	case Hour:
		return hour
	case Day:
		return day
	case Month:
		return 30 * day
	default:
		return 365 * day
	}
}

// longest is the length of the longest window of the period.
func (p Period) longest() int64 {
	switch p {
	case Month:
		return 31 * day
	case Year:
		return 366 * day
	default:
		return p.length()
	}
}

// window gives the calendar window, in UTC, that t lies in: start ≤ t < end,
// all in nanoseconds since 1970.
func (p Period) window(t int64) (start, end int64) {
	if p < Month {
		n := p.length()
		start = t - t%n
		if start > t {
			start -= n
		}
		return start, start + n
	}
	y, m, _ := time.Unix(0, t).UTC().Date()
	if p == Year {
		return date(y, time.January), date(y+1, time.January)
	}
	return date(y, m), date(y, m+1)
}

func date(y int, m time.Month) int64 {
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).UnixNano()
}

// nanos gives t in nanoseconds since 1970, moved into the years in which they
// and the ends of windows fit an int64.
func nanos(t time.Time) int64 {
	const earliest, latest = math.MinInt64 / 4 * 3, math.MaxInt64 / 4 * 3 // 1750 and 2189
	if s := t.Unix(); s < earliest/second {
		return earliest
	} else if s > latest/second {
		return latest
	}
	return t.UnixNano()
}

// seconds is how many whole seconds pass from now until t has come, at least 1.
func seconds(now, t int64) int64 {
	d := t - now
	if d <= second {
		return 1
	}
	s := d / second
	if d%second != 0 {
		s++
	}
	return s
}
