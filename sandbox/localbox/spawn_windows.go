package localbox

import (
	"os"
	"os/exec"
	"syscall"
)

const (
	detachedProcess       = 0x00000008
	createNewProcessGroup = 0x00000200
)

// detach starts the process without a console, so that neither Ctrl-C nor the
// end of the window reaches it.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: detachedProcess | createNewProcessGroup, HideWindow: true}
}

// askToEnd ends the process: there is no way to ask one without a console.
func askToEnd(p *os.Process) error { return p.Kill() }
