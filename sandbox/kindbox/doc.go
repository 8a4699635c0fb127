// Package kindbox is the runtime that carries a sandbox in a kind cluster of its
// own: one container, whose port for clients is mapped to 127.0.0.1.
//
// # The cluster
//
// kind's library knows no context (kubernetes-sigs/kind#4169), so a cluster is
// created in a child process of this program. It ends, and removes what it has
// begun, when its parent asks it to or is gone. It holds a lock of its own, so
// that whoever comes next waits until it has cleaned up. kind.json says that a
// cluster is being created before the first container is; whoever finds that
// mark and no child removes what is there and begins anew.
//
// A cluster of the same name that has no kind.json is not ours and is refused.
//
// # What fails
//
// A cluster that does not come up is kept until its nodes' logs have been matched
// against the table of known causes (causes.go); then it is removed, unless told
// otherwise.
//
// # Ports
//
// kind fixes port mappings when a cluster is made. The port for clients is chosen
// then, on loopback, and stays; inside, the gateway's Service has a fixed node
// port. The API server's port on this machine is kind's choice, also on loopback.
package kindbox
