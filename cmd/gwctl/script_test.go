package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gwctl/gwctl/gatewayd/admin"
)

var update = flag.Bool("update", false, "write the golden files anew")

// deadline bounds whatever a test waits for.
const deadline = 20 * time.Second

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GWCTL_RUNTIME", "local")
			env.Setenv("COLUMNS", "80")
			env.Setenv("GORACE", gorace)
			env.Defer(func() {
				removeAll(t, env.Vars, filepath.Join(env.WorkDir, "state"), filepath.Join(home, ".local", "state"))
			})
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitsWith, "get": get, "edit": edit, "await": await, "take-port": takePort, "kill-process": killProcess, "minute-left": minuteLeft, "free-port": freePort,
		},
	})
}

// removeAll takes down every sandbox in the state directories.
func removeAll(t *testing.T, vars []string, dirs ...string) {
	for _, dir := range dirs {
		entries, _ := os.ReadDir(filepath.Join(dir, "gwctl"))
		for _, e := range entries {
			if e.IsDir() {
				checkLog(t, filepath.Join(dir, "gwctl", e.Name()))
				c := exec.Command("gwctl", "down", "--name", e.Name())
				c.Env = append(vars, "XDG_STATE_HOME="+dir)
				_ = c.Run()
			}
		}
	}
}

// checkLog looks for what a process must never say.
func checkLog(t *testing.T, dir string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, "gatewayd.log"))
	if err == nil && regexp.MustCompile("DATA RACE|panic:|goroutine [0-9]+ ").Match(log) {
		t.Errorf("the process of %s says:\n%s", dir, log)
	}
}

// exitsWith runs gwctl and wants an exit code: code 2 up --port x
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N ARGS...")
	}
	err := ts.Exec("gwctl", args[1:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("running gwctl: %v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("got exit code %d, want %s", got, args[0])
	}
}

// process is what process.json holds of a sandbox.
type process struct {
	PID                 int
	Proxy, Admin, Token string
	Kept                bool // whoever started it has let it stay
}

func readProcess(state, name string) (p process, err error) {
	raw, err := os.ReadFile(filepath.Join(state, "gwctl", name, "process.json"))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(raw, &p)
}

func scriptProcess(ts *testscript.TestScript) process {
	p, err := readProcess(ts.Getenv("XDG_STATE_HOME"), "default")
	ts.Check(err)
	return p
}

// get asks the default sandbox: get STATUS PATH [KEY [BODY-REGEXP]]
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 4 {
		ts.Fatalf("usage: get STATUS PATH [KEY [BODY-REGEXP]]")
	}
	args = append(args, "", "")[:4]
	req, err := http.NewRequest(http.MethodGet, "http://"+scriptProcess(ts).Proxy+args[1], nil)
	ts.Check(err)
	if args[2] != "" {
		req.Header.Set("apikey", args[2])
	}
	res, err := new(http.Client).Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if strconv.Itoa(res.StatusCode) != args[0] {
		ts.Fatalf("got status %d, want %s; body: %s", res.StatusCode, args[0], body)
	}
	if !regexp.MustCompile(args[3]).Match(body) {
		ts.Fatalf("body %s does not match %s", body, args[3])
	}
}

// edit replaces text in a file: edit FILE OLD NEW
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	text := ts.ReadFile(path)
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", path, args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// await waits until the gateway's status matches: [!] await REGEXP
func await(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: await REGEXP")
	}
	re, p := regexp.MustCompile(args[0]), scriptProcess(ts)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	begin := time.Now()
	for again := time.NewTicker(5 * time.Millisecond); ; {
		st, err := admin.NewClient(p.Admin, p.Token).Status(ctx)
		ts.Check(err)
		raw, err := json.Marshal(st)
		ts.Check(err)
		if re.Match(raw) != neg {
			ts.Logf("after %s", time.Since(begin).Round(time.Millisecond))
			return
		}
		<-again.C
	}
}

// takePort listens on a port as another program would: take-port VAR for any,
// take-port VAR default for that of the default sandbox
func takePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: take-port VAR [default]")
	}
	address := "127.0.0.1:0"
	if len(args) > 1 {
		address = scriptProcess(ts).Proxy
	}
	// A process that was killed lets go of one listener after the other.
	l, err := net.Listen("tcp", address)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); <-again.C {
		l, err = net.Listen("tcp", address)
	}
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ts.Setenv(args[0], port)
}

// killProcess kills the default sandbox's process and waits until it is gone.
func killProcess(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: kill-process")
	}
	p := scriptProcess(ts)
	victim, err := os.FindProcess(p.PID)
	ts.Check(err)
	ts.Check(victim.Kill())
	for again := time.NewTicker(time.Millisecond); ; <-again.C {
		c, err := net.Dial("tcp", p.Admin)
		if err != nil {
			return
		}
		_ = c.Close()
	}
}

// minuteLeft waits until so much is left of the minute that no window of a limit
// ends meanwhile: minute-left DURATION
func minuteLeft(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: minute-left DURATION")
	}
	need, err := time.ParseDuration(args[0])
	ts.Check(err)
	now := time.Now()
	if next := now.Truncate(time.Minute).Add(time.Minute); next.Sub(now) < need {
		<-time.After(next.Sub(now))
	}
}

// freePort finds a port that is free: free-port VAR
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: free-port VAR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}
