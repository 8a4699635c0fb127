package kongtest_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// Which failures are tried again, and how often: nginx's proxy_next_upstream
// "error timeout" (ngx_http_upstream_next) with Kong's retries
// (kong/init.lua:1390).
func TestRetries(t *testing.T) {
	t.Parallel()
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for _, c := range []struct {
		name    string
		service string
		send    string
		fail    string // what the first answers are: "" closes, "hang" says nothing
		times   int    // how many of them fail
		status  int
		tries   int
	}{
		{"a connection that closes, twice", "retries: 5", get("/"), "", 2, 200, 3},
		{"five retries by default", "", get("/"), "", 9, 502, 6},
		{"none", "retries: 0", get("/"), "", 9, 502, 1},
		{"one", "retries: 1", get("/"), "", 9, 502, 2},
		{"HEAD", "retries: 1", req("HEAD /", ""), "", 1, 200, 2},
		{"DELETE", "retries: 1", req("DELETE /", ""), "", 1, 200, 2},
		{"PUT with its body", "retries: 1", req("PUT /", strings.Repeat("a", 9000)), "", 1, 200, 2},
		{"PUT with a chunked body", "retries: 1", req("PUT /", "", "Transfer-Encoding: chunked") + "1\r\na\r\n0\r\n\r\n", "", 1, 200, 2},
		{"POST is not", "retries: 5", req("POST /", "a"), "", 9, 502, 1},
		{"POST without a body is not", "retries: 5", req("POST /", ""), "", 9, 502, 1},
		{"PATCH is not", "retries: 5", req("PATCH /", "a"), "", 9, 502, 1},
		{"LOCK is not", "retries: 5", req("LOCK /", ""), "", 9, 502, 1},
		{"a time-out is", "retries: 1, read_timeout: 60", get("/"), "hang", 1, 200, 2},
		{"a time-out, to the end", "retries: 1, read_timeout: 60", get("/"), "hang", 9, 504, 2},
		{"a time-out of a POST is not", "retries: 1, read_timeout: 60", req("POST /", "a"), "hang", 9, 504, 1},
		{"an answer that is none is not: FT_INVALID_HEADER", "retries: 5", get("/"), "what?\r\n\r\n", 9, 502, 1},
		{"a status is an answer", "retries: 5", get("/"), "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 9, 503, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := make(chan int, 1)
			n <- 0
			hold := make(chan struct{})
			up := proxytest.NewUpstream(t, func(_ proxytest.Seen, conn net.Conn) bool {
				i := <-n
				n <- i + 1
				switch {
				case i >= c.times:
					return proxytest.Reply(conn, good)
				case c.fail == "hang":
					<-hold
					return false
				}
				return c.fail != "" && proxytest.Reply(conn, c.fail)
			})
			t.Cleanup(func() { close(hold) })
			file := service(strings.TrimPrefix(c.service+", host: 127.0.0.1, port: PORT", ", "), "")
			gw := proxytest.Start(t, read(t, strings.ReplaceAll(file, "PORT", fmt.Sprint(up.Port))), proxytest.Options{})
			got := gw.Do(c.send)
			if tries := len(up.Seen()); got.Status != c.status || tries != c.tries {
				t.Errorf("status %d after %d tries, want %d after %d", got.Status, tries, c.status, c.tries)
			}
		})
	}
}

// A refused connection goes to the next target, whatever the method: nothing has
// been sent (ngx_http_upstream_next, u->request_sent).
func TestNextTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method string
		retries      int
		good         int // of four requests
	}{
		{"GET", "GET", 5, 4},
		{"POST", "POST", 1, 4},
		{"without retries", "GET", 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, nil)
			file := service(fmt.Sprintf("host: pool, retries: %d", c.retries), "") +
				fmt.Sprintf("upstreams: [{name: pool, targets: [{target: '127.0.0.1:%d'}, {target: '127.0.0.1:%d'}]}]\n", dead(t), up.Port)
			gw := proxytest.Start(t, read(t, file), proxytest.Options{})
			good := 0
			for range 4 {
				if gw.Do(req(c.method+" /", "")).Status == 200 {
					good++
				}
			}
			if good != c.good {
				t.Errorf("%d of 4 were answered, want %d", good, c.good)
			}
		})
	}
}

// A connection that does not come about in connect_timeout is a 504
// (ngx_http_upstream_connect: FT_TIMEOUT).
func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	tries := make(chan struct{}, 8)
	r := row{
		file: service("host: 127.0.0.1, port: DEAD, connect_timeout: 30, retries: 1", ""), status: 504,
		body: plain("The upstream server is timing out"), header: []string{"Via: 1.1 gatewayd/test"},
		options: proxytest.Options{Transport: h1.TransportOptions{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			tries <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}}},
	}
	r.run(t)
	if n := len(tries); n != 2 {
		t.Errorf("%d tries, want 2", n)
	}
}

// Numbers of the answer that took two tries: the first belongs to Kong's own
// latency (kong/init.lua:1470).
func TestLatenciesOfTries(t *testing.T) {
	t.Parallel()
	first := make(chan struct{}, 1)
	first <- struct{}{}
	hold := make(chan struct{})
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, conn net.Conn) bool {
		select {
		case <-first:
			<-hold
			return false
		default:
			return proxytest.Reply(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	t.Cleanup(func() { close(hold) })
	file := service(fmt.Sprintf("host: 127.0.0.1, port: %d, read_timeout: 300", up.Port), "")
	gw := proxytest.Start(t, read(t, file), proxytest.Options{})
	got := gw.Do(get("/"))
	proxy, err := time.ParseDuration(got.Header.Get("X-Kong-Proxy-Latency") + "ms")
	if err != nil || got.Status != 200 || proxy < 290*time.Millisecond {
		t.Errorf("status %d, X-Kong-Proxy-Latency %s, %v", got.Status, proxy, err)
	}
}
