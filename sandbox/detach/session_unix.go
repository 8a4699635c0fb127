//go:build unix

package detach

import (
	"os/exec"
	"syscall"
)

// Session gives the process a session of its own.
func Session(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
