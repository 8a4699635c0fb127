// Package plugins lists the plugins that the gateway has.
package plugins

import (
	"github.com/gwctl/gwctl/gatewayd/plugin"
	"github.com/gwctl/gwctl/gatewayd/plugins/keyauth"
	"github.com/gwctl/gwctl/gatewayd/plugins/ratelimiting"
)

// All lists every plugin, the highest priority first.
func All() []plugin.Kind {
	return []plugin.Kind{
		keyauth.Kind(),
		ratelimiting.Kind(),
	}
}
