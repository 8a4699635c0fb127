package files

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// big writes n Ingresses, n consumers and n Secrets, perFile documents a file.
func big(b *testing.B, n, perFile int) (dir, one string) {
	b.Helper()
	dir = b.TempDir()
	var doc strings.Builder
	docs, file := 0, 0
	flush := func() {
		if doc.Len() == 0 {
			return
		}
		one = filepath.Join(dir, fmt.Sprintf("f%05d.yaml", file))
		if err := os.WriteFile(one, []byte(doc.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(one, time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			b.Fatal(err)
		}
		doc.Reset()
		file, docs = file+1, 0
	}
	put := func(s string) {
		doc.WriteString(s + "---\n")
		if docs++; docs == perFile {
			flush()
		}
	}
	for i := range n {
		put(fmt.Sprintf(benchIngress, i, i, i))
		put(fmt.Sprintf(benchConsumer, i, i, i))
		put(fmt.Sprintf(benchSecret, i, i))
	}
	flush()
	return dir, one
}

// BenchmarkOneChange is what passes between a settled event and the Set, with
// 10,000 Ingresses, consumers and Secrets, of which one document has changed.
func BenchmarkOneChange(b *testing.B) {
	for _, perFile := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d documents a file", perFile), func(b *testing.B) {
			dir, one := big(b, 10_000, perFile)
			text, err := os.ReadFile(one)
			if err != nil {
				b.Fatal(err)
			}
			r := newReader()
			r.read(list([]string{dir}), nil)
			n := 0
			for b.Loop() {
				n++
				b.StopTimer()
				more := fmt.Appendf(nil, benchSecret, 10_000+n, n)
				if err := os.WriteFile(one, append(append([]byte{}, text...), more...), 0o600); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if set, _ := r.read(list([]string{dir}), nil); set.Len() != 30_001 || len(set.Problems) > 0 {
					b.Fatalf("got %v", set)
				}
			}
		})
	}
}

// BenchmarkFirst decodes 30,000 documents.
func BenchmarkFirst(b *testing.B) {
	dir, _ := big(b, 10_000, 1000)
	for b.Loop() {
		newReader().read(list([]string{dir}), nil)
	}
}

const (
	benchIngress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ingress-%d
  annotations:
    konghq.com/strip-path: "true"
    konghq.com/plugins: rate-limit,api-key-auth
spec:
  ingressClassName: kong
  rules:
  - host: host-%d.example.com
    http:
      paths:
      - path: /echo-%d
        pathType: Prefix
        backend:
          service:
            name: echo
            port:
              number: 80
`
	benchConsumer = `apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata:
  name: consumer-%d
  annotations:
    kubernetes.io/ingress.class: kong
username: consumer-%d
credentials:
- key-%d
`
	benchSecret = `apiVersion: v1
kind: Secret
metadata:
  name: key-%d
  labels:
    konghq.com/credential: key-auth
stringData:
  key: secret-%d
`
)
