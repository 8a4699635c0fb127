// Package deploy puts a gateway and the demo into a cluster, whichever it is: the
// CustomResourceDefinitions and the chart (Helm as a library), then manifests. It
// tells what the gateways' pods say of themselves, and takes everything away
// again. kindbox and clusterbox are made of it.
//
// # Steps
//
// Each function finds out what there is and does what is missing. A Helm release
// carries a digest of chart and values in a label, so that nothing is rendered or
// sent when nothing has changed and all its objects are there. A release that was left pending by an up that
// was killed is taken for failed and upgraded.
//
// # Served
//
// After objects are written, Served waits until every gateway serves them: its
// /status names the resourceVersion of each object that it reads. A gateway
// writes conditions into some objects, so a newer version counts too.
package deploy
