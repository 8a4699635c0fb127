//go:build !race

package h1_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// A proxied request costs two allocations: its head and its id in one string,
// and the head of its answer.
//
//nolint:paralleltest // it counts the allocations of the whole process
func TestAllocations(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(c)
		}
	}()
	gw := proxytest.Start(t, proxytest.To(&proxytest.Upstream{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}), proxytest.Options{})
	c := gw.Dial()
	request, buf := []byte(proxytest.Request("GET", "/a/b?c", "", "User-Agent: test", "Accept: */*")), make([]byte, 4096)
	got := testing.AllocsPerRun(5000, func() {
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		n := 0
		for !bytes.HasSuffix(buf[:n], []byte("hello")) {
			m, err := c.Read(buf[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	})
	if got > 2 {
		t.Errorf("a request costs %v allocations, want 2", got)
	}
}

func answerAll(c net.Conn) {
	defer c.Close()
	answer, buf := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"), make([]byte, 4096)
	for n := 0; ; {
		m, err := c.Read(buf[n:])
		if err != nil {
			return
		}
		if n += m; !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			continue
		}
		n = 0
		if _, err := io.Writer(c).Write(answer); err != nil {
			return
		}
	}
}
