package engine

import (
	"context"
	"strings"
	"time"
)

// Node is a container that is a node of a kind cluster.
type Node struct {
	Name string
	// State is the engine's word: running, exited, paused, created, dead.
	State string
	// Image is what it was made of.
	Image string
}

// Nodes lists the nodes of a kind cluster.
func (e *Engine) Nodes(ctx context.Context, cluster string) ([]Node, error) {
	format := "{{.Names}}\t{{.State}}\t{{.Image}}"
	if e.Name == "podman" {
		format = "json" // to a template it gives sentences for states: "Up 2 minutes ago"
	}
	out, err := e.Output(ctx, "ps", "-a", "--filter", "label="+ClusterLabel+"="+cluster, "--format", format)
	if err != nil {
		return nil, err
	}
	if e.Name == "podman" {
		return podmanNodes(out)
	}
	var list []Node
	for row := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(row), "\t")
		if len(f) == 3 {
			list = append(list, Node{Name: f[0], State: strings.ToLower(f[1]), Image: f[2]})
		}
	}
	return list, nil
}

// Each runs a command, such as start or pause, for every node.
func (e *Engine) Each(ctx context.Context, nodes []Node, command ...string) error {
	if len(nodes) == 0 {
		return nil
	}
	for _, n := range nodes {
		command = append(command, n.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := e.Run(ctx, nil, command...)
	return err
}
