package kindbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	kind "sigs.k8s.io/kind/pkg/cluster"

	"github.com/gwctl/gwctl/sandbox/private"
)

// yoursFile keeps the user's own kubeconfig as it was before it was written to.
const yoursFile = "kubeconfig.yours"

// switched is what is remembered of a switch of the user's current context.
type switched struct {
	// Path is the user's own kubeconfig, Context what was current in it.
	Path    string `json:"path"`
	Context string `json:"context"`
	// New says that the file was not there.
	New bool `json:"new,omitempty"`
	// Sum names what was written; while the file is still that, yoursFile takes its
	// place again. It is "" where the cluster stood in the file before.
	Sum string `json:"sum,omitempty"`
}

// switchContext makes the cluster the current context of the user's own
// kubeconfig, if asked to, and remembers how that was.
func (b *Box) switchContext(s *state) error {
	if !b.opts.SwitchContext {
		return nil
	}
	path, err := filepath.Abs(ownKubeconfig())
	if err != nil {
		return fmt.Errorf("switching the current context: %w", err)
	}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("switching the current context: %w", err)
	}
	was, err := clientcmd.Load(raw)
	if err != nil {
		return fmt.Errorf("switching the current context: reading %s: %w", path, err)
	}
	if was.CurrentContext == b.Context() && s.Switched != nil {
		return nil
	}
	next := &switched{Path: path, Context: was.CurrentContext, New: raw == nil}
	if s.Switched != nil { // it was another's meanwhile
		next.New = s.Switched.New
	}
	if err := os.WriteFile(b.path(yoursFile), raw, 0o600); err != nil {
		return fmt.Errorf("keeping your kubeconfig: %w", err)
	}
	s.Switched = next
	if err := b.writeState(s); err != nil {
		return err
	}
	if err := kind.NewProvider(providerOf(b.engine.Name)).ExportKubeConfig(b.Cluster(), path, false); err != nil {
		return fmt.Errorf("switching the current context: %w", err)
	}
	if _, had := was.Contexts[b.Context()]; !had {
		if next.Sum, err = sum(path); err != nil {
			return fmt.Errorf("switching the current context: %w", err)
		}
	}
	return b.writeState(s)
}

// ownKubeconfig is the file that kubectl would write a new context into: the first
// of $KUBECONFIG that is there, else the last of them, else the one in the home.
func ownKubeconfig() string {
	o := clientcmd.NewDefaultPathOptions()
	list := slices.DeleteFunc(o.GetEnvVarFiles(), func(path string) bool { return path == "" })
	for _, path := range list {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if len(list) > 0 {
		return list[len(list)-1]
	}
	return o.GlobalFile
}

func sum(path string) (string, error) {
	raw, err := os.ReadFile(path)
	s := sha256.Sum256(raw)
	return hex.EncodeToString(s[:]), err
}

// switchBack takes the cluster out of the user's own kubeconfig, and makes what was
// the current context current again, unless another is by now. A file that nobody
// else has written to gets back every byte.
func (b *Box) switchBack(s *state) error {
	if s.Switched == nil {
		return nil
	}
	path := s.Switched.Path
	is, err := sum(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("giving the current context back: %w", err)
	case is == s.Switched.Sum && s.Switched.New:
		err = private.Remove(path)
	case is == s.Switched.Sum:
		err = b.giveBack(path)
	default:
		err = b.takeOut(s.Switched)
	}
	if err != nil {
		return fmt.Errorf("giving the current context back: %w", err)
	}
	return nil
}

func (b *Box) giveBack(path string) error {
	raw, err := os.ReadFile(b.path(yoursFile))
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// takeOut removes the cluster's entries from a file that others have written to.
func (b *Box) takeOut(s *switched) error {
	c, err := clientcmd.LoadFromFile(s.Path)
	if err != nil {
		return err
	}
	before, err := clientcmd.Write(*c)
	if err != nil {
		return err
	}
	name := b.Context()
	delete(c.Contexts, name)
	delete(c.Clusters, name)
	delete(c.AuthInfos, name)
	if c.CurrentContext == name {
		c.CurrentContext = ""
		if _, there := c.Contexts[s.Context]; there {
			c.CurrentContext = s.Context
		}
	}
	after, err := clientcmd.Write(*c)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	if s.New && empty(c) {
		return private.Remove(s.Path)
	}
	return os.WriteFile(s.Path, after, 0o600)
}

func empty(c *clientcmdapi.Config) bool {
	return len(c.Contexts)+len(c.Clusters)+len(c.AuthInfos) == 0
}
