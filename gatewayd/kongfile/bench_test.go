package kongfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gwctl/gwctl/gatewayd/kongfile"
)

// big is a file of n routes, each with a plugin, and n consumers with a key.
func big(n int) []byte {
	var b strings.Builder
	b.WriteString("_format_version: \"3.0\"\nservices:\n- name: echo\n  url: http://127.0.0.1:9000\n  routes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: route-%d\n    hosts: [host-%d.example.com]\n    paths: [/a/%d]\n    plugins:\n    - name: rate-limiting\n      config: {minute: %d, policy: local}\n", i, i, i, 5+i%10)
	}
	b.WriteString("consumers:\n")
	for i := range n {
		fmt.Fprintf(&b, "- username: consumer-%d\n  keyauth_credentials:\n  - key: secret-%d\n", i, i)
	}
	return []byte(b.String())
}

// BenchmarkParse reads 10,000 routes, plugins, consumers and keys.
func BenchmarkParse(b *testing.B) {
	data := big(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if cfg, faults := kongfile.Parse(data, "kong.yml", options()); cfg == nil || len(cfg.Routes) != 10_000 {
			b.Fatal(lines(faults))
		}
	}
}

// BenchmarkPrint writes what BenchmarkParse read.
func BenchmarkPrint(b *testing.B) {
	cfg, _ := kongfile.Parse(big(10_000), "kong.yml", options())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := kongfile.Print(cfg, kongfile.PrintOptions{Options: options()}); err != nil {
			b.Fatal(err)
		}
	}
}
