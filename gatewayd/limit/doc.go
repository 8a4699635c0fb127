// Package limit decides whether one more request fits into the limits of its
// caller: it keeps the counts, and knows nothing of HTTP.
//
// A Rule is one limit over one period by one algorithm. A Store judges a
// request by all the rules of its key at once: it passes when every rule allows
// it, and a request that one rule refuses is counted in none. Memory is the
// store of one process; every decision there is atomic, so of any number of
// simultaneous requests exactly as many pass as the limit says.
//
// # Algorithms
//
// FixedWindow counts the requests of the calendar window (UTC) that now lies
// in, as open-source Kong does.
//
// SlidingWindow keeps the counts of this calendar window and of the one before
// it. A request passes while current + previous × (share of the previous window
// that a window ending now still covers) is below the limit.
//
// TokenBucket holds up to its size in tokens, gains limit tokens a period
// continuously, and each request takes one.
//
// LeakyBucket is a queue: requests leave it in order, one every period/limit,
// and a request that finds it full is refused. Size counts the one in service
// too, so that of 5 a minute with size 5 sent at once five pass, the last of
// them after 48 seconds.
//
// Windows are exact: a month and a year are the calendar's own. Buckets have no
// window; there a month is 30 days and a year 365, the lengths by which Kong
// expires its counters (kong/plugins/rate-limiting/expiration.lua).
//
// All arithmetic is on integers, so that the number of seconds after which a
// refused request would pass is exact: waiting that long is enough when nobody
// else calls, and waiting one second less is not.
//
// # Clocks
//
// Nothing here reads a clock; now is an argument. When it goes back by no more
// than one period, state made at the later time stands until the clock has
// caught up; when it goes back further, that state is void.
package limit
