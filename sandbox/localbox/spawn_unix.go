//go:build unix

package localbox

import (
	"os"
	"os/exec"
	"syscall"
)

// detach gives the process a session of its own, so that neither the terminal's
// signals nor its end reach it.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// askToEnd asks a process to end by itself.
func askToEnd(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
