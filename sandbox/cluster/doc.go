// Package cluster does with a Kubernetes cluster what a sandbox needs of one:
// put objects as they are written, take them away, wait by watching until
// Deployments are available or can be seen to be stuck, and talk to a pod's port.
// It knows no gateway and no chart.
//
// # Put, not apply
//
// Put makes an object as its manifest says, wholly: what others added to its
// metadata or spec goes. That is how a reset undoes what kubectl did. A
// server-side apply would leave every field that somebody else owns. Manifests of
// the user's own are applied, so that nothing of theirs is lost.
package cluster
