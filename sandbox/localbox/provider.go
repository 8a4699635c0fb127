package localbox

import (
	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugins"
)

// reading says how the gateway reads what it serves: a directory or a file of
// manifests, whose Services get stand-ins, or a kong.yml, which says itself where
// its upstreams are.
func reading(stand *standins) daemon.Reading {
	return daemon.Reading{Kinds: plugins.All(), Extend: stand.extend}
}

// printer prints what is served as a kong.yml, for the admin listener.
func printer() func(*entity.Config) ([]byte, error) {
	r := daemon.Reading{Kinds: plugins.All()}
	return func(cfg *entity.Config) ([]byte, error) { return r.Print(cfg, true) }
}
