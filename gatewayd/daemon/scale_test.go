package daemon_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/source/files"
	"github.com/gwctl/gwctl/gatewayd/translate"
)

const scaleRoute = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: route-@, namespace: demo, annotations: {konghq.com/plugins: "auth,quota"}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /service-@, pathType: Prefix, backend: {service: {name: up, port: {number: 80}}}}]}}]
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: user-@, namespace: demo, annotations: {kubernetes.io/ingress.class: kong}}
username: user-@
credentials: [key-@]
---
apiVersion: v1
kind: Secret
metadata: {name: key-@, namespace: demo, labels: {konghq.com/credential: key-auth}}
stringData: {key: secret-key-@}
---
`

const scaleHead = `apiVersion: v1
kind: Service
metadata: {name: up, namespace: demo}
spec: {ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: auth, namespace: demo}
plugin: key-auth
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: quota, namespace: demo}
plugin: rate-limiting
config: {minute: 5}
---
`

// BenchmarkOneChange is the time from writing a file to its being served, with
// n routes that have two plugins each and n consumers.
func BenchmarkOneChange(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			write := func(name, text string) {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
				if err := os.Rename(path+".new", path); err != nil {
					b.Fatal(err)
				}
			}
			write("head.yaml", scaleHead)
			const perFile = 500
			for from := 0; from < n; from += perFile {
				var text strings.Builder
				for i := from; i < min(n, from+perFile); i++ {
					text.WriteString(strings.ReplaceAll(scaleRoute, "@", fmt.Sprint(i)))
				}
				write(fmt.Sprintf("routes-%d.yaml", from), text.String())
			}
			d, err := daemon.New(daemon.Options{
				Listen: "127.0.0.1:0", Kinds: plugins.All(),
				Provider: daemon.Manifests(files.New([]string{dir}, files.Options{}), translate.Options{Kinds: plugins.All()}),
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			done := make(chan error, 1)
			go func() { done <- d.Run(ctx) }()
			<-d.Served()
			if got := len(d.Snapshot().Routes); got != n {
				b.Fatalf("%d routes are served, want %d", got, n)
			}
			for i := 0; b.Loop(); i++ {
				before := d.Snapshot()
				write("head.yaml", strings.Replace(scaleHead, "minute: 5", fmt.Sprintf("minute: %d", 6+i), 1))
				for d.Snapshot() == before {
					<-time.After(time.Millisecond)
				}
			}
			stop()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}
