package hostile_test

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/gwctl/gwctl/gatewayd/proxy/hostile"
)

// script gives the answer of a case to a request for /bad.
func script(c hostile.Case) func(conn net.Conn) bool {
	return func(conn net.Conn) bool {
		_, _ = io.WriteString(conn, c.Raw)
		switch c.Option("then") {
		case "close":
			return false
		case "reset":
			_ = conn.(*net.TCPConn).SetLinger(0)
			return false
		}
		return true
	}
}

// ask is the request of a case.
func ask(c hostile.Case) (raw string, head bool) {
	const host = "\r\nHost: gw.test\r\n"
	switch c.Option("ask") {
	case "HEAD":
		return "HEAD /bad HTTP/1.1" + host + "\r\n", true
	case "1.0":
		return "GET /bad HTTP/1.0" + host + "\r\n", false
	case "POST":
		return "POST /bad HTTP/1.1" + host + "Content-Length: 5\r\n\r\nhello", false
	case "ws":
		return "GET /bad HTTP/1.1" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", false
	}
	return "GET /bad HTTP/1.1" + host + "\r\n", false
}

// outcome is "whole STATUS", "broken", or the status of an answer that is the
// gateway's own.
func (g got) outcome() string {
	switch {
	case g.class() == "fault":
		return "fault"
	case g.err != nil || !g.Whole:
		return "broken"
	case g.Status() >= 500 && !strings.Contains(g.Body, "hello") && !strings.Contains(g.Body, "poison"):
		return strconv.Itoa(g.Status())
	}
	return fmt.Sprintf("whole %d", g.Status())
}

// answer runs one case of the table of answers.
func (g *gate) answer(c hostile.Case) (v verdict) {
	g.back.begin(script(c))
	conn, err := g.dial()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	defer conn.Close()
	raw, head := ask(c)
	if _, err := io.WriteString(conn, raw); err != nil {
		v.fail("%v", err)
		return v
	}
	a := conn.answer(head)
	tries := len(g.back.records())
	g.sayLate(c)
	if !a.closes() && a.Whole && a.Status() != 101 {
		g.own(&v, conn, "GET", "/next-0", "the next request")
	}
	_ = conn.Close()
	for i, method := range []string{"GET", "POST", "GET"} {
		next, err := g.dial()
		if err != nil {
			v.fail("%v", err)
			return v
		}
		g.own(&v, next, method, fmt.Sprintf("/next-%d", i+1), "the next client")
		_ = next.Close()
	}
	g.judgeAnswer(&v, c, a)
	if c.Option("want") == "502" && c.Option("then") == "" && tries != 1 {
		v.differ("the upstream was asked %d times", tries)
	}
	return v
}

// sayLate has the upstream speak on the connection that the answer came on.
func (g *gate) sayLate(c hostile.Case) {
	if !c.Has("late") {
		return
	}
	g.back.mu.Lock()
	conn := g.back.bad
	g.back.mu.Unlock()
	if late, err := hostile.Unescape(c.Option("late")); err == nil && conn != nil {
		_, _ = io.WriteString(conn, late)
	}
}

func (g *gate) judgeAnswer(v *verdict, c hostile.Case, a got) {
	want, out := c.Option("want"), a.outcome()
	if out != want {
		v.differ("%s, want %s", out, want)
	}
	whole := strings.HasPrefix(out, "whole")
	if a.Odd != "" {
		v.fail("the client got what HTTP forbids: %s", a.Odd)
	}
	if out == "fault" {
		v.danger("the client got what is no answer: %v", a.err)
	}
	switch {
	case strings.HasPrefix(want, "whole") && out != want && c.Option("right") != "any":
		v.fail("%s, want %s", out, want)
	case want == "broken" && whole && c.Option("right") != "any":
		v.danger("a broken answer was made to look complete")
	case !strings.HasPrefix(want, "whole") && whole && c.Option("right") != "any":
		v.fail("%s, want %s", out, want)
	}
	if !whole {
		return
	}
	if want, ok := c.Options["body"]; ok && a.Body != want[0] {
		v.danger("the client got the body %.60q", a.Body)
	}
	for _, name := range c.Options["hasnt"] {
		for _, f := range append(a.Fields, a.Trailer...) {
			if strings.EqualFold(f.Name, name) {
				v.fail("the client got %s", name)
			}
		}
	}
	if strings.Contains(a.Body, "poison") {
		v.fail("the client got poison")
	}
}
