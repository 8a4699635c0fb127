// Package e2e holds tests of the built binaries (make e2e), as a user has them:
// processes, real files, real ports, real time. They have the build tag e2e.
package e2e
