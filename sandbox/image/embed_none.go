//go:build !release_images

package image

import "io/fs"

// embedded are the binaries that this program carries: none.
func embedded() fs.FS { return nil }
