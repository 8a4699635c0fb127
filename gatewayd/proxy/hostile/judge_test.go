package hostile_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy/hostile"
)

// patience is how long a client waits for an answer before the case counts as
// unanswered.
const patience = 4 * time.Second

// record is a request that the backend saw.
type record struct {
	hostile.Message
	n     int
	fault error
}

// backend is the upstream of the gateway under test. It reads requests without
// mercy, numbers them, and says in its answer which one it answers.
type backend struct {
	addr string
	port int

	mu   sync.Mutex
	n    int
	seen []record
	// script answers the requests for /bad.
	script func(c net.Conn) bool
	// bad is the connection that the last of them came on.
	bad net.Conn
}

func startBackend(t testing.TB) *backend {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{addr: l.Addr().String(), port: l.Addr().(*net.TCPAddr).Port}
	var wg sync.WaitGroup
	var open sync.Map
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, nil)
			wg.Go(func() {
				defer open.Delete(c)
				defer c.Close()
				r := bufio.NewReader(c)
				for b.one(c, r) {
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(k, _ any) bool { _ = k.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return b
}

func (b *backend) one(c net.Conn, r *bufio.Reader) bool {
	m, err := hostile.ReadRequest(r)
	var f *hostile.Fault
	switch {
	case errors.As(err, &f):
		b.mu.Lock()
		b.seen = append(b.seen, record{Message: m, fault: err})
		b.mu.Unlock()
		return false
	case err != nil || !m.Whole:
		return false
	}
	b.mu.Lock()
	b.n++
	n, script := b.n, b.script
	b.seen = append(b.seen, record{Message: m, n: n})
	bad := script != nil && strings.Contains(m.Line, " /bad")
	if bad {
		b.bad = c
	}
	b.mu.Unlock()
	if bad {
		return script(c)
	}
	text := fmt.Sprintf("seen %d", n)
	_, err = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Seen: %d\r\nContent-Length: %d\r\n\r\n", n, len(text))
	if err == nil && !strings.HasPrefix(m.Line, "HEAD ") {
		_, err = io.WriteString(c, text)
	}
	return err == nil
}

func (b *backend) begin(script func(c net.Conn) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.script, b.bad = nil, script, nil
}

func (b *backend) records() []record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seen)
}

func (b *backend) record(n int) record {
	for _, r := range b.records() {
		if r.n == n {
			return r
		}
	}
	return record{}
}

// gate is a gateway under test, in front of a backend.
type gate struct {
	addr string
	back *backend
	// step is how many bytes the client sends at a time, 0 for all.
	step int
}

// verdict is what comes of a case.
type verdict struct {
	// Dangerous says what harms others; wrong what is not as HTTP wants it;
	// differs what is not as the table says of our gateway. Empty: nothing.
	dangerous, wrong, differs string
}

func (v *verdict) danger(format string, args ...any) {
	if v.dangerous == "" {
		v.dangerous = fmt.Sprintf(format, args...)
	}
}

func (v *verdict) fail(format string, args ...any) {
	if v.wrong == "" {
		v.wrong = fmt.Sprintf(format, args...)
	}
}

func (v *verdict) differ(format string, args ...any) {
	if v.differs == "" {
		v.differs = fmt.Sprintf(format, args...)
	}
}

// client is one client's connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (g *gate) dial() (*client, error) {
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return &client{c, bufio.NewReader(c)}, nil
}

// send writes raw in the gate's steps, and then ends the client's side if shut.
func (g *gate) send(c *client, raw string, shut bool) {
	step := g.step
	if step == 0 || len(raw) > 1000*step {
		step = max(len(raw), 1)
	}
	for raw != "" {
		n := min(step, len(raw))
		if _, err := io.WriteString(c, raw[:n]); err != nil {
			return
		}
		raw = raw[n:]
	}
	if shut {
		_ = c.Conn.(*net.TCPConn).CloseWrite()
	}
}

// got is what a client got for one request.
type got struct {
	hostile.Message
	seen int // the number of the request that the backend answered, 0 for none
	err  error
}

func (c *client) answer(head bool) got {
	m, err := hostile.ReadAnswer(c.r, head)
	g := got{Message: m, err: err}
	if err == nil {
		g.seen, _ = strconv.Atoi(m.Get("X-Seen"))
	}
	return g
}

// class is "forward", "refuse", "closed", "silence" or "fault".
func (g got) class() string {
	var f *hostile.Fault
	var timeout net.Error
	switch {
	case errors.As(g.err, &f):
		return "fault"
	case errors.As(g.err, &timeout) && timeout.Timeout():
		return "silence"
	case g.err != nil:
		return "closed"
	case g.seen > 0:
		return "forward"
	}
	return "refuse"
}

func (g got) String() string {
	if c := g.class(); c == "refuse" {
		return strconv.Itoa(g.Status())
	} else {
		return c
	}
}

// closes says whether no request may follow the answer.
func (g got) closes() bool {
	return g.err != nil || g.ToEnd || strings.HasPrefix(g.Line, "HTTP/1.0") || strings.Contains(strings.ToLower(g.Get("Connection")), "close")
}

// own sends a request and checks that the answer is its own.
func (g *gate) own(v *verdict, c *client, method, path, who string) {
	body, length := "", ""
	if method == "POST" {
		body, length = "abc", "Content-Length: 3\r\n"
	}
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n%s\r\n%s", method, path, length, body); err != nil {
		return
	}
	a := c.answer(false)
	rest, _ := io.ReadAll(c.r)
	switch {
	case strings.Contains(a.Line+a.Body+string(rest), "poison"):
		v.danger("%s got poison: %s", who, a.Line)
	case a.class() == "forward" && !strings.HasPrefix(g.back.record(a.seen).Line, method+" "+path+" "):
		v.danger("%s got the answer of %q", who, g.back.record(a.seen).Line)
	case a.class() == "fault":
		v.danger("%s got what is no answer: %v", who, a.err)
	case len(rest) > 0:
		v.danger("%s got more than its answer: %.60q", who, rest)
	case a.class() == "closed" && who == "the next request":
	case a.class() != "forward":
		v.fail("%s got %s", who, a)
	}
}

// request runs one case of the table of requests.
func (g *gate) request(c hostile.Case) (v verdict) {
	g.back.begin(nil)
	conn, err := g.dial()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	defer conn.Close()
	var sending sync.WaitGroup
	sending.Go(func() { g.send(conn, c.Raw, c.Option("then") == "shut") })
	wants := strings.Split(c.Option("want"), ", ")
	var answers []got
	for i := range wants {
		a := conn.answer(i == 0 && strings.HasPrefix(c.Raw, "HEAD "))
		answers = append(answers, a)
		if a.closes() {
			break
		}
	}
	last := answers[len(answers)-1]
	switch {
	case last.closes():
		for last.err == nil {
			if last = conn.answer(false); last.class() == "forward" {
				v.danger("one answer more than there were requests")
			}
		}
	case c.Option("then") != "shut":
		sending.Wait()
		g.own(&v, conn, "GET", "/follow", "the next request")
	}
	_ = conn.Close()
	sending.Wait()
	g.fresh(&v)
	g.judgeRequest(&v, c, wants, answers)
	return v
}

// fresh asks for something on a connection of its own.
func (g *gate) fresh(v *verdict) {
	c, err := g.dial()
	if err != nil {
		v.fail("%v", err)
		return
	}
	defer c.Close()
	g.own(v, c, "GET", "/fresh", "the next client")
}

func (g *gate) judgeRequest(v *verdict, c hostile.Case, wants []string, answers []got) {
	forwarded, headless := 0, 0
	for i, a := range answers {
		want := wants[i]
		class := a.class()
		if class == "fault" {
			v.danger("answer %d: %v", i+1, a.err)
		}
		wantClass := "refuse"
		if want == "forward" {
			wantClass = want
		}
		if errors.Is(a.err, hostile.ErrCut) {
			v.fail("an answer without a head")
			headless++
		}
		if class == "closed" || class == "silence" {
			class = "refuse"
		}
		if a.Odd != "" {
			v.fail("answer %d: %s", i+1, a.Odd)
		}
		if class == "forward" {
			forwarded++
			if !a.Whole {
				v.fail("answer %d broke off", i+1)
			}
			g.judgeForwarded(v, c, g.back.record(a.seen), i)
		}
		if class != wantClass && c.Option("right") != "any" {
			v.fail("%s, want %s", a, want)
		}
		if a.String() != want && (want != "drop" || class == "forward") {
			v.differ("%s, want %s", a, want)
		}
	}
	if len(answers) != len(wants) {
		v.differ("%d answers, want %d", len(answers), len(wants))
		if c.Option("right") != "any" {
			v.fail("%d answers, want %d", len(answers), len(wants))
		}
	}
	whole := 0
	for _, r := range g.back.records() {
		switch {
		case r.fault != nil:
			v.danger("the upstream cannot be sure what it was asked: %v", r.fault)
		case r.Odd != "":
			v.fail("the upstream saw what HTTP forbids: %s", r.Odd)
			whole++
		case strings.Contains(r.Line, " /follow ") || strings.Contains(r.Line, " /fresh "):
		case strings.Contains(r.Line, " /smuggled"):
			v.danger("the upstream saw the smuggled request")
		default:
			whole++
		}
	}
	if whole > forwarded+headless {
		v.danger("the upstream saw %d requests, and %d of them were answered", whole, forwarded)
	}
}

func (g *gate) judgeForwarded(v *verdict, c hostile.Case, r record, i int) {
	fields := slices.Concat(r.Fields, r.Trailer)
	for _, name := range c.Options["hasnt"] {
		if slices.ContainsFunc(fields, func(f hostile.Field) bool { return strings.EqualFold(f.Name, name) }) {
			v.fail("the upstream saw %s", name)
		}
	}
	for _, name := range c.Options["drops"] {
		if slices.ContainsFunc(fields, func(f hostile.Field) bool { return strings.EqualFold(f.Name, name) }) {
			v.differ("the upstream saw %s", name)
		}
	}
	if i > 0 {
		return
	}
	for _, line := range c.Options["has"] {
		line, _ = hostile.Unescape(line)
		if !slices.ContainsFunc(fields, func(f hostile.Field) bool { return f.Name+": "+f.Value == line }) {
			v.differ("the upstream did not see %q", line)
		}
	}
	if want, ok := c.Options["body"]; ok {
		if body, _ := hostile.Unescape(want[0]); body != r.Body {
			v.danger("the upstream saw the body %.60q", r.Body)
		}
	}
	if want := c.Option("sees"); want != "" && want != r.Line {
		v.differ("the upstream saw %q", r.Line)
	}
}
