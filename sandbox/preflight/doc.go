// Package preflight is what `gwctl doctor` looks at: a table of checks, each with
// a stable ID, that find out whether a sandbox can come up on this machine and,
// where not, say why and what to do.
//
// A check asks and changes nothing, and takes at most CheckTimeout; all run at the
// same time. What it asks goes through Probe, so that a test can stand in for a
// machine in any state. The causes are those that users of kind, minikube and k3d
// run into most.
package preflight
