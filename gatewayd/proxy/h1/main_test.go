package h1_test

import (
	"testing"

	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func TestMain(m *testing.M) { proxytest.Leaks(m.Run) }
