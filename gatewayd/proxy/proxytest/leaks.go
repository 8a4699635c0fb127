package proxytest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// Leaks runs the tests of a package (the Run of a testing.M) and panics if
// goroutines of the gateway outlive them.
func Leaks(run func() int) {
	if run() != 0 {
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if len(ours()) == 0 {
			return
		}
		<-tick.C
	}
	panic(fmt.Sprintf("goroutines outlive the tests:\n\n%s", strings.Join(ours(), "\n\n")))
}

// ours lists the goroutines that are in the gateway's code.
func ours() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var out []string
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(g, "gwctl/gatewayd/proxy") && !strings.Contains(g, "proxytest.Leaks") {
			out = append(out, g)
		}
	}
	return out
}
