package plugins_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gwctl/gwctl/gatewayd/entity"
	"github.com/gwctl/gwctl/gatewayd/plugin/plugintest"
	"github.com/gwctl/gwctl/gatewayd/plugins"
	"github.com/gwctl/gwctl/gatewayd/proxy/proxytest"
)

func plain(p *entity.Plugin) { p.PlainHeaders = true }

// demo is the article's: key-auth, then five requests a minute.
func demo(t *testing.T) *plugintest.Gateway {
	t.Helper()
	gw := plugintest.Start(t, plugins.All()...)
	gw.Consumer("demo-user", "key-auth", "my-secret-api-key")
	gw.Plugin("key-auth", "")
	gw.Plugin("rate-limiting", "{minute: 5, policy: local, algorithm: sliding-window}", plain)
	return gw
}

const withKey = "apikey: my-secret-api-key"

// The article: "The 6th request within a minute gets a 429 response", with
// Retry-After; and it is the key that is checked first.
func TestArticle(t *testing.T) {
	t.Parallel()
	gw := demo(t)
	if got := gw.Get("/"); got.Status != 401 || !strings.Contains(got.Body, "No API key found in request") || got.Header.Get("WWW-Authenticate") != "Key" {
		t.Errorf("without key: %d %s", got.Status, got.Body)
	}
	if got := gw.Get("/", "apikey: wrong"); got.Status != 401 || !strings.Contains(got.Body, "Unauthorized") {
		t.Errorf("with a wrong key: %d %s", got.Status, got.Body)
	}
	for left := 4; left >= 0; left-- {
		got := gw.Get("/", withKey)
		want := strconv.Itoa(left)
		if got.Status != 200 || got.Header.Get("X-RateLimit-Remaining-Minute") != want || got.Header.Get("X-RateLimit-Remaining") != want ||
			got.Header.Get("RateLimit-Limit") != "5" || got.Header.Get("X-RateLimit-Limit") != "5" || got.Header.Count("Retry-After") != 0 {
			t.Errorf("with %d left: %d\n%s", left, got.Status, proxytest.Dump(got.Header))
		}
	}
	got := gw.Get("/", withKey)
	if got.Status != 429 || !strings.Contains(got.Body, "API rate limit exceeded") || got.Header.Get("X-Kong-Response-Latency") == "" {
		t.Fatalf("sixth: %d %s", got.Status, got.Body)
	}
	retry, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if err != nil || retry < 1 {
		t.Fatalf("Retry-After = %q", got.Header.Get("Retry-After"))
	}
	gw.Clock.Advance(time.Duration(retry) * time.Second)
	if got := gw.Get("/", withKey); got.Status != 200 {
		t.Errorf("after Retry-After: %d", got.Status)
	}
	seen := gw.Upstream.Last(t)
	if h := seen.Header; h.Get("X-Consumer-Username") != "demo-user" || h.Get("X-Consumer-ID") != "demo-user" || h.Count("X-Anonymous-Consumer") != 0 {
		t.Errorf("upstream saw\n%s", proxytest.Dump(h))
	}
	if n := len(gw.Upstream.Seen()); n != 6 {
		t.Errorf("the upstream saw %d requests, want 6", n)
	}
}

// Requests without a key do not eat the quota, unless the order is turned round.
func TestOrderOfPlugins(t *testing.T) {
	t.Parallel()
	gw := plugintest.Start(t, plugins.All()...)
	gw.Consumer("demo-user", "key-auth", "my-secret-api-key")
	gw.Plugin("key-auth", "")
	quota := func(change ...func(*entity.Plugin)) int {
		gw.Plugin("rate-limiting", "{minute: 5, limit_by: ip}", change...)
		gw.Clock.Advance(24 * time.Hour)
		for range 5 {
			gw.Get("/", "apikey: wrong")
		}
		passed := 0
		for range 5 {
			if gw.Get("/", withKey).Status == 200 {
				passed++
			}
		}
		return passed
	}
	if n := quota(); n != 5 {
		t.Errorf("key-auth first: %d of 5 pass, want 5", n)
	}
	first := func(p *entity.Plugin) {
		p.Ordering = &entity.Ordering{Before: &entity.OrderingPhase{Access: []string{"key-auth"}}}
	}
	if n := quota(first); n != 0 {
		t.Errorf("rate-limiting first: %d of 5 pass, want 0", n)
	}
}

// Of 1,000 simultaneous requests exactly the limit pass, whatever the algorithm.
func TestExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"sliding-window", "fixed-window", "token-bucket"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			gw := plugintest.Start(t, plugins.All()...)
			gw.Plugin("rate-limiting", "{minute: 5, algorithm: "+algorithm+"}")
			var passed, refused atomic.Int64
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					for range 20 {
						switch gw.Get("/").Status {
						case 200:
							passed.Add(1)
						case 429:
							refused.Add(1)
						}
					}
				})
			}
			wg.Wait()
			if passed.Load() != 5 || refused.Load() != 995 {
				t.Errorf("%d passed and %d were refused, want 5 and 995", passed.Load(), refused.Load())
			}
		})
	}
}

// A leaky bucket is a queue: of five at once all pass, the last after 48 s; the
// sixth is refused; one that leaves frees its place.
func TestLeakyBucketQueues(t *testing.T) {
	t.Parallel()
	gw := plugintest.Start(t, plugins.All()...)
	gw.Plugin("rate-limiting", "{minute: 5, algorithm: leaky-bucket}")
	if got := gw.Get("/"); got.Status != 200 {
		t.Fatalf("first: %d", got.Status)
	}
	answers := make(chan int, 4)
	for i := range 4 {
		go func() { answers <- gw.Get(fmt.Sprint("/", i)).Status }()
	}
	gw.Clock.UntilWaiting(4)
	if got := gw.Get("/full"); got.Status != 429 || got.Header.Get("Retry-After") == "" {
		t.Errorf("sixth: %d, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
	}
	for range 4 {
		gw.Clock.Advance(12 * time.Second)
		if status := <-answers; status != 200 {
			t.Errorf("a queued request got %d", status)
		}
	}
	if n := len(gw.Upstream.Seen()); n != 5 {
		t.Errorf("the upstream saw %d requests, want 5", n)
	}
}

func TestLeaverFreesItsPlace(t *testing.T) {
	t.Parallel()
	gw := plugintest.Start(t, plugins.All()...)
	gw.Plugin("rate-limiting", "{minute: 2, algorithm: leaky-bucket}")
	gw.Get("/")
	events := gw.Listen()
	c := gw.Dial()
	if _, err := io.WriteString(c, proxytest.Request("GET", "/leaver", "")); err != nil {
		t.Fatal(err)
	}
	gw.Clock.UntilWaiting(1)
	if got := gw.Get("/full"); got.Status != 429 {
		t.Fatalf("with a full queue: %d", got.Status)
	}
	_ = c.Close()
	for e := range events {
		if e.Path == "/leaver" {
			break
		}
	}
	done := make(chan int, 1)
	go func() { done <- gw.Get("/next").Status }()
	gw.Clock.UntilWaiting(1)
	gw.Clock.Advance(30 * time.Second)
	if status := <-done; status != 200 {
		t.Errorf("the one that took the place got %d", status)
	}
}

// Counts survive an edit of the config, and one plugin on two routes counts
// each apart.
func TestCountsSurviveAnEdit(t *testing.T) {
	t.Parallel()
	gw := plugintest.Start(t, plugins.All()...)
	gw.Plugin("rate-limiting", "{minute: 5}")
	for range 4 {
		gw.Get("/")
	}
	gw.Plugin("rate-limiting", "{minute: 6, hour: 100}")
	got := gw.Get("/")
	if left := got.Header.Get("X-RateLimit-Remaining-Minute"); left != "1" {
		t.Errorf("after the edit %s remain, want 1", left)
	}
}

// A listener learns of every plugin's verdict, and of the limiter's state.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	gw := demo(t)
	events := gw.Listen()
	gw.Get("/", "apikey: secret-that-must-not-show")
	e := <-events
	if e.Status != 401 || len(e.Plugins) != 1 || e.Plugins[0].Plugin != "key-auth" || e.Plugins[0].Decision != "deny" || e.Target != "" {
		t.Errorf("event = %+v", e)
	}
	if strings.Contains(fmt.Sprintf("%+v", e), "secret-that-must-not-show") {
		t.Error("the event shows the key")
	}
	gw.Get("/x?apikey=my-secret-api-key")
	e = <-events
	if e.Status != 200 || e.Consumer != "demo-user" || e.Target != gw.Upstream.Addr || e.Path != "/x" || len(e.Plugins) != 2 {
		t.Fatalf("event = %+v", e)
	}
	if strings.Contains(fmt.Sprintf("%+v", e), "my-secret-api-key") {
		t.Error("the event shows the key")
	}
	limits := e.Plugins[1].Limits
	if len(limits) != 1 || limits[0].Algorithm != "sliding-window" || limits[0].Period != "minute" || limits[0].Limit != 5 || limits[0].Remaining != 4 {
		t.Errorf("limits = %+v", limits)
	}
}
