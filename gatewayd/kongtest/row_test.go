package kongtest_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/kongfile"
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/h1"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// row is one request and what comes of it. In all its texts PORT is the
// upstream's port, DEAD one that nobody listens on, LISTEN the gateway's, ID the
// request's id.
type row struct {
	name string // with the source of the expectation
	// file is the kong.yml; empty is a service at the upstream and a route for
	// everything.
	file    string
	options proxytest.Options
	// before are requests whose answers do not matter.
	before []string
	send   string // GET / when empty
	// answer is what the upstream says; empty is a short 200.
	answer string

	status int    // 200 when 0
	body   string // not looked at when empty
	// header lists fields of the answer, up those of the request at the
	// upstream: "Name: value", "Name: *" for any value, "Name: !value" for any
	// other, "-Name" for none. The
	// spelling counts, and a name that is there more than once must be listed as
	// often.
	header []string
	line   string // the request line at the upstream
	up     []string
	upBody string
	// refused says that the upstream must not be asked.
	refused bool
}

const version = "_format_version: \"3.0\"\n"

// route makes a file of a service at the upstream and one route with the fields.
func route(fields string) string { return service("", fields) }

// service makes a file of one service with fields of its own, and one route,
// for all paths unless it says which.
func service(fields, route string) string {
	host := "host: 127.0.0.1, port: PORT"
	if strings.Contains(fields, "host:") {
		host = ""
	}
	if !strings.Contains(route, "paths:") {
		route = "paths: [/]" + more(route)
	}
	return version + "services:\n- {name: s" + more(host) + more(fields) + ", routes: [{name: r" + more(route) + "}]}\n"
}

// more puts a comma before fields, unless there are none.
func more(fields string) string {
	if fields == "" {
		return ""
	}
	return ", " + fields
}

// req writes a request with a body; Host is gw.test unless a line gives another
// or says "-Host".
func req(line, body string, lines ...string) string {
	if strings.Count(line, " ") == 1 {
		line += " HTTP/1.1"
	}
	out := []string{line}
	if !slices.ContainsFunc(lines, func(l string) bool { return l == "-Host" || strings.HasPrefix(l, "Host:") }) {
		out = append(out, "Host: gw.test")
	}
	for _, l := range lines {
		if l != "-Host" {
			out = append(out, l)
		}
	}
	if body != "" {
		out = append(out, "Content-Length: "+strconv.Itoa(len(body)))
	}
	return strings.Join(out, "\r\n") + "\r\n\r\n" + body
}

func get(target string, lines ...string) string { return req("GET "+target, "", lines...) }

// read parses a file that must be faultless.
func read(t *testing.T, text string) *entity.Config {
	t.Helper()
	cfg, problems := kongfile.Parse([]byte(text), "kong.yml", kongfile.Options{Kinds: plugins.All(), Decode: snapshot.DecodeConfig})
	for _, p := range problems {
		t.Error(p)
	}
	if cfg == nil {
		t.Fatalf("not served:\n%s", text)
	}
	return cfg
}

// dead is a port of loopback that nobody listens on.
func dead(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// run runs rows side by side.
func run(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.run(t)
		})
	}
}

func (r *row) run(t *testing.T) {
	t.Helper()
	var answer func(proxytest.Seen, net.Conn) bool
	if r.answer != "" {
		answer = func(_ proxytest.Seen, c net.Conn) bool {
			return proxytest.Reply(c, r.answer) && !strings.HasPrefix(r.answer, "HTTP/1.0")
		}
	}
	up := proxytest.NewUpstream(t, answer)
	ports := strings.NewReplacer("PORT", strconv.Itoa(up.Port), "DEAD", strconv.Itoa(dead(t)))
	file := r.file
	if file == "" {
		file = route("")
	}
	if r.options.Kinds == nil {
		r.options.Kinds = plugins.All()
	}
	gw := proxytest.Start(t, read(t, ports.Replace(file)), r.options)
	for _, b := range r.before {
		gw.Do(b)
	}
	send := r.send
	if send == "" {
		send = get("/")
	}
	asked := len(up.Seen())
	got := gw.Do(strings.ReplaceAll(send, "LISTEN", strconv.Itoa(gw.Port)))
	id := got.Header.Get("X-Kong-Request-Id")
	fill := func(s string) string {
		return strings.NewReplacer("LISTEN", strconv.Itoa(gw.Port), "ID", id).Replace(ports.Replace(s))
	}
	r.checkAnswer(t, got, fill)
	if r.line == "" && r.up == nil && r.upBody == "" {
		if r.refused && len(up.Seen()) > asked {
			t.Errorf("the upstream was asked: %q", up.Last(t).Line)
		}
		return
	}
	seen := up.Last(t)
	if r.line != "" && seen.Line != fill(r.line)+" HTTP/1.1" {
		t.Errorf("upstream: %q, want %q", seen.Line, fill(r.line))
	}
	if r.upBody != "" && seen.Body != r.upBody {
		t.Errorf("upstream: body %q, want %q", seen.Body, r.upBody)
	}
	compare(t, "upstream", seen.Header, r.up, fill)
}

func (r *row) checkAnswer(t *testing.T, got proxytest.Answer, fill func(string) string) {
	t.Helper()
	want := r.status
	if want == 0 {
		want = 200
	}
	if got.Status != want {
		t.Errorf("status = %d, want %d: %s", got.Status, want, got.Body)
	}
	if r.body != "" && got.Body != fill(r.body) {
		t.Errorf("body = %q, want %q", got.Body, fill(r.body))
	}
	if !got.Whole {
		t.Error("the answer is not whole")
	}
	compare(t, "client", got.Header, r.header, fill)
}

// compare compares the fields that want names.
func compare(t *testing.T, where string, got plugin.Header, want []string, fill func(string) string) {
	t.Helper()
	values := map[string][]string{}
	for _, w := range want {
		name, value, there := strings.Cut(w, ": ")
		if !there {
			name = strings.TrimPrefix(strings.TrimSuffix(w, ":"), "-")
			if n := got.Count(name); n > 0 {
				t.Errorf("%s: %s = %q, want none", where, name, got.Values(name))
			}
			continue
		}
		values[name] = append(values[name], fill(value))
	}
	for name, want := range values {
		var is []string
		for _, f := range got.Fields() {
			if f.Name == name {
				is = append(is, f.Value)
			}
		}
		if n := got.Count(name); n != len(is) {
			t.Errorf("%s: %d fields called %s in other letters:\n%s", where, n-len(is), name, proxytest.Dump(got))
		}
		same := func(a, b string) bool {
			not, negated := strings.CutPrefix(b, "!")
			return b == "*" || negated && a != not || a == b
		}
		if !slices.EqualFunc(is, want, same) {
			t.Errorf("%s: %s = %q, want %q", where, name, is, want)
		}
	}
}

// json is Kong's error body (kong/tools/http.lua:405).
func json(message string) string {
	return fmt.Sprintf("{\n  \"message\":\"%s\",\n  \"request_id\":\"ID\"\n}", message)
}

// plain is the same as text (kong/tools/http.lua:410).
func plain(message string) string { return message + "\nrequest_id: ID\n" }

// dialing makes the gateway dial one upstream whatever the address.
func dialing(up *proxytest.Upstream) proxytest.Options {
	return proxytest.Options{Transport: h1.TransportOptions{
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, up.Addr)
		},
	}}
}
