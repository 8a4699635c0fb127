package engine

import (
	"encoding/json"
	"fmt"
	"strings"
)

func (e *Engine) podmanInfo(out []byte) error {
	var p struct {
		Host struct {
			Arch, CgroupVersion string
			MemTotal            int64
			Cpus                int
			Security            struct{ Rootless bool }
		}
		Store struct {
			GraphRoot       string
			GraphDriverName string
		}
		Version struct{ Version string }
	}
	if err := json.Unmarshal(out, &p); err != nil {
		return fmt.Errorf("reading what podman says of itself: %w", err)
	}
	e.Info = Info{
		ServerVersion: p.Version.Version, Architecture: arch(p.Host.Arch), CgroupVersion: strings.TrimPrefix(p.Host.CgroupVersion, "v"),
		Memory: p.Host.MemTotal, CPUs: p.Host.Cpus, Rootless: p.Host.Security.Rootless, Driver: p.Store.GraphDriverName, Root: p.Store.GraphRoot,
	}
	return nil
}

// podmanNodes reads what `podman ps --format json` lists.
func podmanNodes(out []byte) ([]Node, error) {
	var all []struct {
		Names        []string
		State, Image string
	}
	if err := json.Unmarshal(out, &all); err != nil {
		return nil, fmt.Errorf("reading podman's list of containers: %w", err)
	}
	var list []Node
	for _, c := range all {
		if len(c.Names) > 0 {
			list = append(list, Node{Name: c.Names[0], State: strings.ToLower(c.State), Image: c.Image})
		}
	}
	return list, nil
}
