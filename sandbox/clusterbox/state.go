package clusterbox

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gwctl/gwctl/sandbox/cluster"
	"github.com/gwctl/gwctl/sandbox/hint"
	"github.com/gwctl/gwctl/sandbox/private"
)

const stateFile = "cluster.json"

// state is what is remembered of a cluster.
type state struct {
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Context    string `json:"context"`
	// UID is that of the cluster's namespace kube-system.
	UID string `json:"uid"`
	// Registry is where the images were pushed to, "" where they were loaded.
	Registry    string `json:"registry,omitempty"`
	ServiceType string `json:"serviceType"`
	Class       string `json:"class"`
	Replicas    int    `json:"replicas,omitempty"`
	// KeepCRDs says that CRDs of another's are wanted as they are.
	KeepCRDs bool `json:"keepCRDs,omitempty"`
	// Made are the objects that were not there before, in the order in which they
	// were made.
	Made []cluster.Ref `json:"made,omitempty"`
	// Own are those of them, and others, that the user's manifests hold.
	Own []cluster.Ref `json:"own,omitempty"`
}

// add remembers objects that are going to be made.
func (s *state) add(list []cluster.Ref) {
	for _, ref := range list {
		if !slices.Contains(s.Made, ref) {
			s.Made = append(s.Made, ref)
		}
	}
}

// mine gives those of the user's manifests that were not there before.
func (s *state) mine() []cluster.Ref {
	return slices.DeleteFunc(slices.Clone(s.Own), func(own cluster.Ref) bool {
		return !slices.ContainsFunc(s.Made, func(made cluster.Ref) bool { return made.Means(own) })
	})
}

func (b *Box) path(name string) string { return filepath.Join(b.opts.Dir, name) }

func (b *Box) readState() (*state, error) {
	var s state
	ok, err := private.Read(b.path(stateFile), &s)
	if _, broken := errors.AsType[*private.SyntaxError](err); broken {
		return nil, hint.New("BAD_STATE", hint.Broken, "what is remembered of the cluster cannot be read",
			"gwctl down --forget removes it here; what it made in the cluster, remove by hand:\n"+(&state{}).byHand()).Because(err)
	}
	if err != nil || !ok {
		return nil, err
	}
	return &s, nil
}

// Holds reports whether something in a cluster is remembered.
func (b *Box) Holds() bool {
	s, err := b.readState()
	return s != nil || err != nil
}

func (b *Box) writeState(s *state) error {
	if err := private.Write(b.path(stateFile), s); err != nil {
		return fmt.Errorf("remembering the cluster: %w", err)
	}
	return nil
}
