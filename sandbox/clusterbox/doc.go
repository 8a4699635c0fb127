// Package clusterbox is the runtime that puts a sandbox into a cluster that is
// there already: the same release as in a kind cluster of our own, and nothing
// that it does not take away again.
//
// # What is made
//
// cluster.json remembers, before it is made, every object that was not there: the
// namespaces, the CustomResourceDefinitions, the demo or the user's manifests.
// Down removes exactly these, the last first; a CRD of which others have objects
// stays, and Down says so. What another release owns is refused before anything
// is made.
//
// The cluster is known by the UID of its namespace kube-system: when the context
// leads to another cluster one day, nothing is done there. Where it is gone for
// good, Down forgets what is remembered, and says what stays.
//
// # The way in
//
// Clients come by 127.0.0.1 unless told otherwise: the demo's key is known to
// everybody, so a public address has to be asked for (NodePort, LoadBalancer). A
// detached process forwards a port of this machine to the gateways' pods, picks
// another pod when one goes, and ends when its file is removed.
//
// # Images
//
// The cluster pulls them from a registry that they were pushed to, or, where it is
// a kind cluster of this machine's engine, they are loaded into its nodes.
package clusterbox
