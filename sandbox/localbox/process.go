package localbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gwctl/gwctl/gatewayd/admin"
)

const (
	dirMode  = 0o700
	fileMode = 0o600

	processFile   = "process.json"
	aliveFile     = "alive"
	logFile       = "gatewayd.log"
	manifestsName = "manifests"
)

// Process describes the process of a sandbox, as it says itself.
type Process struct {
	// Instance is made anew at every start; the gateway bears it as its name.
	Instance string    `json:"instance"`
	PID      int       `json:"pid"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	// Proxy, Admin and Health are addresses, host:port.
	Proxy  string `json:"proxy"`
	Admin  string `json:"admin"`
	Health string `json:"health"`
	// Token is what the admin listener wants. It is a secret.
	Token string `json:"token"`
	// Manifests is what it serves.
	Manifests string `json:"manifests"`
	// Kept says that whoever started it has let it stay. Until then it ends with
	// its parent, so nobody may count on it.
	Kept bool `json:"kept"`
	// TestClock says that its clock can be moved.
	TestClock bool `json:"testClock,omitempty"`
}

// Client asks the process's admin listener.
func (p Process) Client() *admin.Client { return admin.NewClient(p.Admin, p.Token) }

// State says how it stands with the process.
type State int

// The states.
const (
	// Absent: none was started, or it ended well.
	Absent State = iota
	// Dead: it ended without saying so.
	Dead
	// Stuck: it lives but does not answer.
	Stuck
	// Running: it answers.
	Running
)

// String names the state.
func (s State) String() string { return [...]string{"absent", "dead", "stuck", "running"}[s] }

// answerTimeout is how long the admin listener may take to answer before the
// process counts as stuck.
const answerTimeout = 2 * time.Second

// Look finds out how it stands with the process; it changes nothing. The status
// is the gateway's own when it runs.
func (b *Box) Look(ctx context.Context) (State, Process, admin.Status) {
	p, err := b.readProcess()
	if err != nil {
		if b.alive() {
			return Stuck, Process{}, admin.Status{}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return Absent, Process{}, admin.Status{}
		}
		return Dead, Process{}, admin.Status{}
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	switch st, err := p.Client().Status(ctx); {
	case err == nil && st.Instance == p.Instance:
		return Running, p, st
	case b.alive():
		return Stuck, p, admin.Status{}
	}
	return Dead, p, admin.Status{}
}

func (b *Box) path(name string) string { return filepath.Join(b.dir, name) }

// Log is the path of the process's log.
func (b *Box) Log() string { return b.path(logFile) }

// alive reports whether a process of this sandbox lives.
func (b *Box) alive() bool {
	if _, err := os.Stat(b.path(aliveFile)); err != nil {
		return false
	}
	l := flock.New(b.path(aliveFile), flock.SetFlag(os.O_RDWR))
	ok, err := l.TryRLock()
	if err != nil || !ok {
		return err == nil
	}
	_ = l.Unlock()
	return false
}

func (b *Box) readProcess() (Process, error) {
	var p Process
	raw, err := os.ReadFile(b.path(processFile))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("reading %s: %w", b.path(processFile), err)
	}
	return p, nil
}

func (b *Box) writeProcess(p Process) error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(b.path(processFile), append(raw, '\n'))
}

// writeFile writes a private file whole or not at all; a file that holds data
// already is left alone.
func writeFile(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".*.tmp") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
