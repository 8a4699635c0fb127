package kindbox

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/private"
)

const (
	stateFile      = "kind.json"
	kubeconfigFile = "kubeconfig"
	lockFile       = "kind.lock"
)

// state is what is remembered of a cluster.
type state struct {
	Cluster string `json:"cluster"`
	// Engine is the container engine's name.
	Engine string `json:"engine"`
	Image  string `json:"image"`
	// Port is the one for clients on 127.0.0.1.
	Port int `json:"port"`
	// Class is the ingress class that is served, Replicas how many gateways run,
	// 0 for one: what was asked for last.
	Class    string `json:"class,omitempty"`
	Replicas int    `json:"replicas,omitempty"`
	// Creating says that the cluster is not complete.
	Creating bool      `json:"creating,omitempty"`
	Created  time.Time `json:"created"`
	// Network says that the engine's network kind was made with it.
	Network bool `json:"network,omitempty"`
	// Inventory are the objects of the user's own manifests.
	Inventory []cluster.Ref `json:"inventory,omitempty"`
	// Switched says where the current context was switched to the cluster's.
	Switched *switched `json:"switched,omitempty"`
}

func (b *Box) path(name string) string { return filepath.Join(b.opts.Dir, name) }

// readState reads what is remembered; nil where nothing is.
func (b *Box) readState() (*state, error) {
	var s state
	ok, err := private.Read(b.path(stateFile), &s)
	if _, broken := errors.AsType[*private.SyntaxError](err); broken {
		return nil, hint.New("BAD_STATE", hint.Broken, "what is remembered of the cluster cannot be read",
			"gwctl down removes it; gwctl up makes a new one").Because(err)
	}
	if err != nil || !ok {
		return nil, err
	}
	return &s, nil
}

// Holds reports whether a cluster is remembered.
func (b *Box) Holds() bool {
	s, err := b.readState()
	return s != nil || err != nil
}

// writeState writes it, whole or not at all.
func (b *Box) writeState(s *state) error {
	if err := private.Write(b.path(stateFile), s); err != nil {
		return fmt.Errorf("remembering the cluster: %w", err)
	}
	return nil
}
