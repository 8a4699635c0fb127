// Package manifests holds the Kubernetes manifests that gwctl brings along.
package manifests

import (
	"embed"
	"io/fs"
)

//go:embed demo crds all:chart
var files embed.FS

// Demo is the article's demo: two echo backends behind one Ingress, with
// key-auth and rate-limiting.
func Demo() fs.FS { return sub("demo") }

// CRDs are the CustomResourceDefinitions of the konghq.com kinds, one a file,
// made of gatewayd/api by controller-gen.
func CRDs() fs.FS { return sub("crds") }

// Chart is the Helm chart gatewayd, its CRDs among it.
func Chart() fs.FS { return sub("chart") }

func sub(dir string) fs.FS {
	tree, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return tree
}
