package hostile_test

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/proxy/hostile"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

// peer is a gateway that others made.
type peer struct {
	name, program, version string
	config                 func(b *backend, addr string, dir string) string
	args                   func(file, dir string) []string
}

func peers() []peer {
	return []peer{
		{
			name: "nginx", program: "nginx", version: "-v",
			config: func(b *backend, addr, dir string) string {
				return fmt.Sprintf(`daemon off; master_process off; worker_processes 1; pid %[3]s/pid; error_log %[3]s/log;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path %[3]s/body; proxy_temp_path %[3]s/proxy; fastcgi_temp_path %[3]s/f; uwsgi_temp_path %[3]s/u; scgi_temp_path %[3]s/s;
  client_header_timeout 1s; client_body_timeout 1s; lingering_timeout 1s; underscores_in_headers on; large_client_header_buffers 4 8k;
  upstream back { server %[1]s max_fails=0; keepalive 16; }
  server { listen %[2]s; location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 1s; } }
}
`, b.addr, addr, dir)
			},
			args: func(file, dir string) []string { return []string{"-p", dir, "-c", file} },
		},
		{
			name: "HAProxy", program: "haproxy", version: "-v",
			config: func(b *backend, addr, _ string) string {
				return fmt.Sprintf(`global
  maxconn 512
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout http-request 1s
  http-reuse always
  retries 0
frontend f
  bind %[2]s
  default_backend b
backend b
  server s %[1]s
`, b.addr, addr)
			},
			args: func(file, _ string) []string { return []string{"-f", file} },
		},
	}
}

// start runs the peer in front of a backend until the test ends, and tells its
// version.
func (p peer) start(t *testing.T) (*gate, string) {
	t.Helper()
	path, err := exec.LookPath(p.program)
	if err != nil {
		if os.Getenv("GWCTL_TEST_NO_SKIP") != "" {
			t.Fatalf("%s is not installed", p.program)
		}
		t.Skipf("%s is not installed", p.program)
	}
	version, err := exec.CommandContext(t.Context(), path, p.version).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	b, dir := startBackend(t), t.TempDir()
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(p.config(b, addr, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(path, p.args(file, dir)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(5 * time.Second); ; {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			first, _, _ := strings.Cut(string(version), " 20")
			return &gate{addr: addr, back: b}, strings.TrimSpace(first)
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("%s ended: %s", p.name, &out)
		case <-end:
			t.Fatalf("%s does not listen: %s", p.name, &out)
		}
	}
}

// score counts verdicts.
type score struct {
	right, wrong, dangerous int
	list                    []string
}

func (s *score) add(c hostile.Case, v verdict) {
	switch {
	case v.dangerous != "":
		s.dangerous++
		s.list = append(s.list, fmt.Sprintf("dangerous  %s: %s: %s", c.Group, c.Name, v.dangerous))
	case v.wrong != "":
		s.wrong++
		s.list = append(s.list, fmt.Sprintf("wrong      %s: %s: %s", c.Group, c.Name, v.wrong))
	default:
		s.right++
	}
}

// runAll runs both tables against a gateway.
func runAll(t *testing.T, g *gate) (requests, answers score) {
	t.Helper()
	rs, err := hostile.Requests()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rs {
		requests.add(c, g.request(c))
	}
	as, err := hostile.Answers()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range as {
		answers.add(c, g.answer(c))
	}
	return requests, answers
}

// Others run the same tables, for the comparison in README.md; what they do
// fails no test.
func TestBesideOthers(t *testing.T) { //nolint:tparallel // "all" must end before the table is made
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the time-outs of nginx and HAProxy")
	}
	var mu sync.Mutex
	rows := make([]string, 3)
	row := func(i int, name string, r, a score) {
		mu.Lock()
		defer mu.Unlock()
		rows[i] = fmt.Sprintf("| %s | %d / %d | %d | %d / %d | %d |\n", name, r.right, r.right+r.wrong+r.dangerous, r.dangerous,
			a.right, a.right+a.wrong+a.dangerous, a.dangerous)
	}
	t.Run("all", func(t *testing.T) {
		t.Run("gatewayd", func(t *testing.T) {
			t.Parallel()
			r, a := runAll(t, startOurs(t, 0))
			row(0, "gatewayd", r, a)
			for _, l := range append(r.list, a.list...) {
				t.Error(l)
			}
		})
		for i, p := range peers() {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				g, version := p.start(t)
				r, a := runAll(t, g)
				row(i+1, p.name, r, a)
				t.Logf("%s\nrequests:\n%s\nanswers:\n%s", version, strings.Join(r.list, "\n"), strings.Join(a.list, "\n"))
			})
		}
	})
	table := "| | requests right | dangerous | answers right | dangerous |\n|---|---|---|---|---|\n" + strings.Join(rows, "")
	t.Logf("\n%s", table)
	if !*update || t.Failed() {
		return
	}
	const begin, end = "<!-- table -->\n", "<!-- end -->\n"
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	_, after, _ := strings.Cut(rest, end)
	if err := os.WriteFile("README.md", []byte(before+begin+table+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
