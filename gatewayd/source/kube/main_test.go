package kube_test

import (
	"testing"

	"github.com/gwctl/gwctl/gatewayd/source/kube/kubetest"
)

var cluster *kubetest.Cluster

func TestMain(m *testing.M) {
	kubetest.Main(m, func(c *kubetest.Cluster) { cluster = c })
}
