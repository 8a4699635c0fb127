package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// contestant is one way to serve a scenario.
type contestant struct {
	name, proc string
	port       int
	path       string
	header     []string
	refused    bool // answers are meant to be 4xx
}

// scenario is a load that several contestants serve in turns.
type scenario struct {
	title       string
	conns       int
	h2          bool
	contestants []contestant
	base        string // what the ratios are to
}

func (b *bench) scenarios(conns int) []scenario {
	withKey := []string{"apikey: " + key}
	gw := func(name, path string, refused bool, header []string) contestant {
		return contestant{name: name, proc: "gatewayd", port: gatewaydPort, path: path, header: header, refused: refused}
	}
	chain := []contestant{
		{name: "nginx", proc: "nginx", port: nginxChain, path: "/x", header: withKey},
		{name: "nginx with Lua", proc: "nginx", port: nginxLua, path: "/x", header: withKey},
		{name: "HAProxy", proc: "haproxy", port: haproxyChain, path: "/x", header: withKey},
		gw("gatewayd", "/chain/x", false, withKey),
	}
	plain := []contestant{
		{name: "nginx", proc: "nginx", port: nginxPlain, path: "/x"},
		{name: "HAProxy", proc: "haproxy", port: haproxyPlain, path: "/x"},
		gw("gatewayd", "/plain/x", false, nil),
	}
	return []scenario{
		{title: "key-auth and rate limiting, HTTP/1.1", conns: conns, base: "nginx", contestants: append(chain,
			gw("gatewayd, no plugin", "/plain/x", false, withKey), gw("gatewayd, 401", "/chain/x", true, nil), gw("gatewayd, 429", "/full/x", true, withKey))},
		{title: "plain proxying, HTTP/1.1", conns: conns, base: "nginx", contestants: plain},
		{title: "key-auth and rate limiting, 1,000 connections", conns: 1000, base: "nginx", contestants: []contestant{chain[0], chain[2], chain[3]}},
		{title: "plain proxying, clear-text HTTP/2 from the client", conns: 16, h2: true, base: "nginx", contestants: []contestant{
			{name: "nginx", proc: "nginx", port: nginxH2, path: "/x"}, gw("gatewayd", "/plain/x", false, nil),
		}},
	}
}

// measure runs one contestant once.
func (b *bench) measure(ctx context.Context, c contestant, s scenario) (result, error) {
	pids, err := family(b.procs[c.proc].Process.Pid)
	if err != nil {
		return result{}, err
	}
	before, err := cpuTime(pids)
	if err != nil {
		return result{}, err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d%s", c.port, c.path)
	r, n, err := b.load(ctx, s, url, c)
	if err != nil {
		return r, err
	}
	after, err := cpuTime(pids)
	if err != nil {
		return r, err
	}
	r.micros = float64((after - before).Microseconds()) / float64(n)
	r.rss, err = rss(pids)
	return r, err
}

func (b *bench) load(ctx context.Context, s scenario, url string, c contestant) (result, int, error) {
	var r result
	core := strconv.Itoa(runtime.NumCPU() - 1)
	var args []string
	if s.h2 {
		args = []string{"-c", core, "h2load", "-t1", "-c", strconv.Itoa(s.conns), "-m", "16", "-D", fmt.Sprint(int(b.duration.Seconds())), url}
	} else {
		args = []string{"-c", core, "wrk", "-t1", "-c", strconv.Itoa(s.conns), "-d", b.duration.String(), "--latency"}
		for _, h := range c.header {
			args = append(args, "-H", h)
		}
		args = append(args, url)
	}
	out, err := exec.CommandContext(ctx, "taskset", args...).CombinedOutput()
	if err != nil {
		return r, 0, fmt.Errorf("%w: %s", err, out)
	}
	text := string(out)
	if s.h2 {
		n := number(text, `(\d+) succeeded`)
		r.perSecond = number(text, `finished in [^,]+, ([\d.]+) req/s`)
		if n == 0 || number(text, `(\d+) 2xx`) < n || number(text, `(\d+) 4xx`)+number(text, `(\d+) 5xx`) > 0 {
			return r, 0, fmt.Errorf("unexpected answers:\n%s", text)
		}
		return r, int(n), nil
	}
	n := number(text, `(\d+) requests in`)
	r.perSecond = number(text, `Requests/sec:\s+([\d.]+)`)
	if m := regexp.MustCompile(`99%\s+(\S+)`).FindStringSubmatch(text); m != nil {
		r.p99, _ = time.ParseDuration(m[1])
	}
	wrong := number(text, `Non-2xx or 3xx responses: (\d+)`)
	switch {
	case n == 0:
		return r, 0, fmt.Errorf("no answers:\n%s", text)
	case c.refused && wrong < n-10, !c.refused && wrong > 0:
		return r, 0, fmt.Errorf("unexpected answers:\n%s", text)
	}
	return r, int(n), nil
}

func number(text, pattern string) float64 {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	v, _ := strconv.ParseFloat(m[1], 64)
	return v
}

// family lists a process and its children.
func family(pid int) ([]int, error) {
	pids := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, path := range stats {
		fields, err := statFields(path)
		if err != nil || len(fields) < 2 {
			continue // it has ended meanwhile
		}
		if fields[1] == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids, nil
}

// statFields are the fields of /proc/PID/stat behind the name, the state first.
func statFields(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(string(raw), ") ")
	if !ok {
		return nil, errors.New("no name in " + path)
	}
	return strings.Fields(rest), nil
}

// cpuTime adds up user and system time.
func cpuTime(pids []int) (time.Duration, error) {
	ticks := 0
	for _, pid := range pids {
		f, err := statFields(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		for _, i := range []int{11, 12} {
			n, err := strconv.Atoi(f[i])
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

func rss(pids []int) (int, error) {
	total := 0
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		total += int(number(string(raw), `VmRSS:\s+(\d+)`))
	}
	return total, nil
}
