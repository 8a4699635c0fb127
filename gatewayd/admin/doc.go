// Package admin is the gateway's window: what it serves, what is wrong with its
// configuration, what became of each request, live; and the client that reads
// it.
//
// It is no second way to configure: nothing here changes what is served. It can
// clear counters and, where a test clock was asked for, move the clock.
//
// A browser that shows a stranger's page can reach loopback too. So without a
// token a request must name a loopback host and must not come from a page
// (Origin), and a request that changes something must be a POST.
package admin
