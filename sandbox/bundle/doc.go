// Package bundle is a sandbox in one file: the node image, the binaries of the
// gateway and the echo backend, the chart, the demo and the lessons, for machines
// without a network.
//
// # The file
//
// A tar archive. Its first entry, bundle.json, lists the others with size and
// SHA-256; nothing of a bundle is used before that has been found true of it. The
// node image is an archive of `docker save`, packed with zstd; the binaries are
// packed with gzip, as a release build carries them.
//
// # Taking it up again
//
// Create keeps what it has finished beside the file, in FILE.part, and goes on
// there when it is run again. A bundle that is fetched from another machine (Serve
// answers ranges) goes on where it stopped. What an engine or a sandbox has of a
// bundle already is not loaded again.
package bundle
