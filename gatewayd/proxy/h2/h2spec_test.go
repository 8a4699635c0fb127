package h2_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

// excused are the cases of h2spec that net/http itself fails, and why that
// harms nobody.
func excused() map[string]string {
	const answered = "net/http answers 400 before our handler sees the request; RFC 9113, 8.1.1, allows an answer to a malformed request"
	return map[string]string{
		"http2/8.1.2.2 Sends a HEADERS frame that contains the connection-specific header field":                     answered,
		`http2/8.1.2.2 Sends a HEADERS frame that contains the TE header field with any value other than "trailers"`: answered,
		"http2/6.5.3 Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE":                                          "net/http hangs up on a SETTINGS frame that names one setting twice, which no client sends",
		"http2/3.5 Sends invalid connection preface":                                                                 "the port serves HTTP/1.1 too, as net/http's would: what is not the preface is a bad request of HTTP/1.1 and gets its 400",
	}
}

// TestSpec runs h2spec against the listener. It is linked as a library: its
// packages bring nothing into go.mod but themselves, and every case becomes a
// test of its own.
func TestSpec(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(_ proxytest.Seen, c net.Conn) bool {
		return proxytest.Reply(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"+strings.Repeat("a", 100))
	})
	gw := proxytest.Start(t, proxytest.To(up), proxytest.Options{})
	excuses := excused()
	ran := 0
	var walk func(t *testing.T, g *spec.TestGroup)
	walk = func(t *testing.T, g *spec.TestGroup) {
		for _, c := range g.Tests {
			if c.Strict {
				continue
			}
			ran++
			name := g.ID() + " " + c.Desc
			excuse, excused := excuses[name]
			delete(excuses, name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				err := runSpec(gw.Port, c)
				switch {
				case excused && err == nil:
					t.Errorf("passes, and is excused: %s", excuse)
				case excused:
					t.Logf("%v: %s", err, excuse)
				case err != nil && !errors.Is(err, spec.ErrSkipped):
					t.Error(err)
				}
			})
		}
		for _, sub := range g.Groups {
			walk(t, sub)
		}
	}
	for _, g := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		walk(t, g)
	}
	if ran < 145 {
		t.Errorf("h2spec ran %d cases, want 145", ran)
	}
	for name := range excuses {
		t.Errorf("h2spec has no case %q", name)
	}
}

func runSpec(port int, c *spec.TestCase) error {
	cfg := &config.Config{Host: "127.0.0.1", Port: port, Path: "/", Timeout: 3 * time.Second, MaxHeaderLen: 4000}
	conn, err := spec.Dial(cfg)
	if err != nil {
		return err
	}
	defer conn.Close()
	return c.Run(cfg, conn)
}
