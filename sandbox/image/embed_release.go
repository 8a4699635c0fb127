//go:build release_images

package image

import (
	"embed"
	"io/fs"
)

//go:embed binaries
var binaries embed.FS

// embedded are the binaries that this program carries: those that `make release`
// laid into binaries before.
func embedded() fs.FS {
	sub, err := fs.Sub(binaries, "binaries")
	if err != nil {
		return nil // the directory is embedded above
	}
	return sub
}
