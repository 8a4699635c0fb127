package echo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func start(t *testing.T) string {
	t.Helper()
	s, err := Listen("127.0.0.1:0", Options{Name: "echo-1", Instance: "a", Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + s.Addr()
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	base := start(t)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/", 200, `{"service":"echo-1","message":"Hello from Echo Service 1","timestamp":"1970-01-01T00:00:00Z"}`},
		{"/any/path", 200, `"service":"echo-1"`},
		{"/health", 200, `{"status":"healthy"}`},
		{"/status/418", 418, `"status":418`},
		{"/status/99", 400, "200 to 599"},
		{"/status/204", 204, ""},
		{"/delay/1ms", 200, `"delay":"1ms"`},
		{"/delay/soon", 400, "a duration"},
		{"/stream?n=3&every=1ms", 200, "id: 2\ndata: {\"service\":\"echo-1\",\"n\":2}\n\n"},
		{"/stream?n=x", 400, "whole number"},
		{"/anything/x?a=1&b", 200, `"path":"/anything/x","query":"a=1\u0026b"`},
	} {
		res, body := get(t, http.DefaultClient, base+c.path) //nolint:forbidigo // a test's own client
		if res.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("GET %s = %d %s; want %d with %s", c.path, res.StatusCode, body, c.status, c.want)
		}
		if id := res.Header.Get("X-Echo-Instance"); id != "a" {
			t.Errorf("GET %s names instance %q", c.path, id)
		}
	}
}

func TestFailsAsToldAndNoLonger(t *testing.T) {
	t.Parallel()
	h := Handler(Options{Name: "echo-2"})
	ask := func(path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w.Code
	}
	ask("/fail/2?status=503")
	for i, want := range []int{503, 503, 200} {
		if got := ask("/"); got != want {
			t.Errorf("answer %d = %d, want %d", i, got, want)
		}
	}
	ask("/fail/all")
	if got := ask("/health"); got != 500 {
		t.Errorf("answer = %d, want 500", got)
	}
	ask("/fail/0")
	if got := ask("/"); got != 200 {
		t.Errorf("answer = %d, want 200", got)
	}
	if got := ask("/fail/some"); got != 400 {
		t.Errorf("answer = %d, want 400", got)
	}
}

func TestWebSocketEchoes(t *testing.T) {
	t.Parallel()
	base := start(t)
	c, _, err := websocket.Dial(t.Context(), strings.Replace(base, "http", "ws", 1)+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, msg, err := c.Read(t.Context()); err != nil || string(msg) != "ping" {
		t.Errorf("echo = %q, %v", msg, err)
	}
}

func TestClearTextHTTP2(t *testing.T) {
	t.Parallel()
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &p}}
	defer client.CloseIdleConnections()
	_, body := get(t, client, start(t)+"/anything")
	var r Reflection
	if err := json.Unmarshal([]byte(body), &r); err != nil || r.Proto != "HTTP/2.0" {
		t.Errorf("proto = %q, %v", r.Proto, err)
	}
}

// TestShutdownDelay: told to stop, a backend serves new connections for a while.
func TestShutdownDelay(t *testing.T) {
	t.Parallel()
	const delay = 4 * time.Second
	s, err := Listen("127.0.0.1:0", Options{Name: "echo-1", ShutdownDelay: delay})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	told := time.Now()
	cancel()
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 5 {
		if res, body := get(t, fresh, "http://"+s.Addr()); res.StatusCode != http.StatusOK {
			t.Errorf("answered %d %s", res.StatusCode, body)
		}
	}
	if err := <-done; err != nil || time.Since(told) < delay {
		t.Errorf("it ended after %s with %v, want after %s", time.Since(told), err, delay)
	}
}
