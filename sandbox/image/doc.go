// Package image makes container images of this project's own programs: one
// static binary each, put into an OCI image in process, without a container
// engine, a Dockerfile or a registry.
//
// # Where the binaries come from
//
// A release build carries them, for every architecture, behind the build tag
// release_images (`make release`). In a checkout `make build` lays them beside
// gwctl, in images/linux-ARCH. `gwctl up` itself never compiles anything, and
// `go build ./...` works in a clean clone, where there are none.
//
// # Names
//
// An image's tag is made of what is in it, so that a node that has the tag has
// the image, and a changed binary rolls out. The echo backend's manifest has to
// name an image that does not change with every build, so its image also goes
// under gwctl.dev/echo:demo. What is pushed to a registry is an index of all
// architectures that there are; its tag is made of all of them, too.
//
// An archive holds one platform only: imports of several fail with some engines'
// stores (kubernetes-sigs/kind#3795).
package image
