// Package manifests holds the Kubernetes manifests that gwctl brings along.
package manifests

import (
	"embed"
	"io/fs"
)

//go:embed demo
var files embed.FS

// Demo is the article's demo: two echo backends behind one Ingress, with
// key-auth and rate-limiting.
func Demo() fs.FS {
	sub, err := fs.Sub(files, "demo")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return sub
}
