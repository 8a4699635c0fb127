package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Ports of the contestants, all on loopback.
const (
	backendPort  = 19001
	nginxPlain   = 19100
	nginxChain   = 19101
	nginxLua     = 19102
	nginxH2      = 19103
	haproxyPlain = 19110
	haproxyChain = 19111
	gatewaydPort = 19200
)

type bench struct {
	dir, gatewayd string
	duration      time.Duration
	procs         map[string]*exec.Cmd
}

const key = "my-secret-api-key"

// start runs the backend on the last core and every proxy on the first.
func (b *bench) start(ctx context.Context) error {
	b.procs = map[string]*exec.Cmd{}
	files := map[string]string{
		"backend.conf":     fmt.Sprintf(backendConf, b.dir, backendPort),
		"nginx.conf":       strings.NewReplacer("DIR", b.dir, "KEY", key).Replace(nginxConf),
		"haproxy.cfg":      strings.NewReplacer("KEY", key).Replace(haproxyConf),
		"manifests/a.yaml": strings.NewReplacer("KEY", key).Replace(manifestsYAML),
	}
	for name, text := range files {
		path := filepath.Join(b.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	last := strconv.Itoa(runtime.NumCPU() - 1)
	for _, p := range []struct {
		name, core string
		port       int
		args       []string
	}{
		{"backend", last, backendPort, []string{"nginx", "-c", b.dir + "/backend.conf"}},
		{"nginx", "0", nginxPlain, []string{"nginx", "-c", b.dir + "/nginx.conf"}},
		{"haproxy", "0", haproxyPlain, []string{"haproxy", "-f", b.dir + "/haproxy.cfg"}},
		{"gatewayd", "0", gatewaydPort, []string{
			b.gatewayd, "serve", "--config", b.dir + "/manifests",
			"--listen", fmt.Sprintf("127.0.0.1:%d", gatewaydPort), "--admin", "127.0.0.1:19201", "--health", "",
		}},
	} {
		cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", p.core}, p.args...)...)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("starting %s (Debian packages nginx, libnginx-mod-http-lua, haproxy, wrk, nghttp2-client): %w", p.name, err)
		}
		b.procs[p.name] = cmd
		if err := waitFor(ctx, p.port); err != nil {
			return fmt.Errorf("waiting for %s: %w", p.name, err)
		}
	}
	return nil
}

func waitFor(ctx context.Context, port int) error {
	var d net.Dialer
	for range 100 {
		c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("nothing listens on port %d after 5 s", port)
}

func (b *bench) stop() {
	for _, cmd := range b.procs {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, cmd := range b.procs {
		_ = cmd.Wait()
	}
}

const backendConf = `worker_processes 1;
daemon off;
pid %[1]s/backend.pid;
error_log %[1]s/backend.log;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:%[2]d;
    location / {
      default_type application/json;
      return 200 '{"service":"echo-1","message":"Hello from Echo Service 1","timestamp":"2026-01-01T00:00:00+00:00","pad":"0123"}';
    }
  }
}
`

const nginxConf = `worker_processes 1;
daemon off;
pid DIR/nginx.pid;
error_log DIR/nginx.log;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  map $http_apikey $consumer { default ""; KEY demo-user; }
  limit_req_zone $consumer zone=quota:10m rate=1000000r/s;
  lua_shared_dict counters 10m;
  upstream up { server 127.0.0.1:19001; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:19100;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up; }
  }
  server {
    listen 127.0.0.1:19101;
    location / {
      if ($consumer = "") { return 401; }
      limit_req zone=quota burst=1000000 nodelay;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up;
    }
  }
  server {
    listen 127.0.0.1:19102;
    location / {
      access_by_lua_block {
        local consumer = ({ ["KEY"] = "demo-user" })[ngx.var.http_apikey or ""]
        if not consumer then
          return ngx.exit(401)
        end
        local now = ngx.time()
        local n = ngx.shared.counters:incr(consumer .. math.floor(now / 60), 1, 0, 120)
        local limit = 100000000
        ngx.header["X-RateLimit-Limit-Minute"] = limit
        ngx.header["X-RateLimit-Remaining-Minute"] = limit - n
        ngx.header["RateLimit-Limit"] = limit
        ngx.header["RateLimit-Remaining"] = limit - n
        ngx.header["RateLimit-Reset"] = 60 - now % 60
        if n > limit then
          return ngx.exit(429)
        end
        ngx.req.set_header("X-Consumer-Username", consumer)
      }
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up;
    }
  }
  server {
    listen 127.0.0.1:19103 http2;
    http2_max_requests 100000000;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up; }
  }
}
`

const haproxyConf = `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend plain
  bind 127.0.0.1:19110
  default_backend up
frontend chain
  bind 127.0.0.1:19111
  http-request deny deny_status 401 unless { req.hdr(apikey) -m str KEY }
  http-request track-sc0 req.hdr(apikey) table quota
  http-request deny deny_status 429 if { sc_http_req_rate(0,quota) gt 100000000 }
  default_backend up
backend quota
  stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
backend up
  server s1 127.0.0.1:19001 maxconn 8192
`

const manifestsYAML = `apiVersion: v1
kind: Service
metadata: {name: up, namespace: default}
spec: {ports: [{port: 80, targetPort: 19001}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: up, namespace: default}
subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: 19001}]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain, namespace: default, annotations: {konghq.com/strip-path: "true"}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /plain, pathType: Prefix, backend: {service: {name: up, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: chain, namespace: default, annotations: {konghq.com/strip-path: "true", konghq.com/plugins: "auth,quota"}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /chain, pathType: Prefix, backend: {service: {name: up, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: full, namespace: default, annotations: {konghq.com/strip-path: "true", konghq.com/plugins: "auth,tight"}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /full, pathType: Prefix, backend: {service: {name: up, port: {number: 80}}}}]}}]
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: auth, namespace: default}
plugin: key-auth
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: quota, namespace: default}
plugin: rate-limiting
config: {minute: 100000000}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: tight, namespace: default}
plugin: rate-limiting
config: {year: 1}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: demo-user, namespace: default, annotations: {kubernetes.io/ingress.class: kong}}
username: demo-user
credentials: [key]
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: default, labels: {konghq.com/credential: key-auth}}
stringData: {key: KEY}
`
