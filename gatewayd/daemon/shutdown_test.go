package daemon_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/daemon"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

func ask(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

// TestShutdownDelay: told to stop, the gateway says so at once, and serves new
// connections until the delay has passed.
func TestShutdownDelay(t *testing.T) {
	t.Parallel()
	const delay = 3 * time.Second
	r := start(t, func(o *daemon.Options) { o.ShutdownDelay = delay })
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, body := ask(t, fresh, "http://"+r.HealthAddr()+"/readyz"); status != 200 {
		t.Fatalf("got %d %q before the end, want 200", status, body)
	}
	told := time.Now()
	r.stop()
	for {
		status, body := ask(t, fresh, "http://"+r.HealthAddr()+"/readyz")
		if status == http.StatusServiceUnavailable && body == "the gateway is stopping" {
			break
		}
		if time.Since(told) > delay {
			t.Fatalf("got %d %q, want 503 while the gateway stops", status, body)
		}
	}
	for range 20 {
		if status, body := ask(t, fresh, "http://"+r.Addr()+"/"); status != 200 && status != 429 {
			t.Fatalf("got %d %q during the delay, want an answer as ever", status, body)
		}
	}
	if status, _ := ask(t, fresh, "http://"+r.HealthAddr()+"/healthz"); status != 200 {
		t.Errorf("got %d of /healthz, want 200: the process lives", status)
	}
	err := <-r.done
	r.done <- err // for the clean-up
	if took := time.Since(told); err != nil || took < delay {
		t.Errorf("the daemon ended after %v with %v, want after %v", took, err, delay)
	}
}

// TestServedIsTold: whoever asks is told of each snapshot that is served.
func TestServedIsTold(t *testing.T) {
	t.Parallel()
	told := make(chan *snapshot.Snapshot, 8)
	r := start(t, func(o *daemon.Options) { o.Served = func(s *snapshot.Snapshot) { told <- s } })
	first := <-told
	r.write(t, strings.Replace(manifests, "minute: 5", "minute: none", 1))
	second := <-told
	if first.Revision == second.Revision || len(second.Problems) != 1 || second.Problems[0].Field != "config.minute" {
		t.Errorf("got revisions %s and %s, problems %v", first.Revision, second.Revision, second.Problems)
	}
}
