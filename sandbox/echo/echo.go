// Package echo is the backend behind the gateway in lessons and demos: it says
// who it is, shows what it received, and fails, waits or streams when asked.
package echo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/gwctl/gwctl/gatewayd/clock"
)

// Options say who a backend is.
type Options struct {
	// Name is what it calls itself, as in "echo-1".
	Name string
	// Instance tells replicas of one name apart; it stands in X-Echo-Instance of
	// every answer.
	Instance string
	// Message is what it greets with; made from Name when empty.
	Message string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// ShutdownDelay is how long Run serves on once it was told to stop, so that
	// whoever sends it requests can learn of it.
	ShutdownDelay time.Duration
}

// maxReflect bounds the body that /anything shows, in bytes.
const maxReflect = 1 << 20

// maxDelay bounds /delay.
const maxDelay = 10 * time.Minute

type backend struct {
	Options
	failing atomic.Int64 // answers still to fail, -1 for all
	status  atomic.Int64 // with this status
}

// Handler serves:
//
//	/health              {"status":"healthy"}
//	/anything            what was received: method, path, query, header, body
//	/status/{code}       an answer with that status, 200 to 599
//	/delay/{duration}    an answer after that time, as in /delay/250ms
//	/stream              server-sent events: ?n=10&every=1s
//	/ws                  a WebSocket that echoes
//	/fail/{n}            the next n answers ("all", or 0 for none any more) fail
//	                     with 500, or with ?status=
//	everything else      service, message, timestamp
func Handler(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Message == "" {
		o.Message = greeting(o.Name)
	}
	b := &backend{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("/", b.hello)
	mux.HandleFunc("/health", b.health)
	mux.HandleFunc("/health/", b.health)
	mux.HandleFunc("/anything", b.anything)
	mux.HandleFunc("/anything/", b.anything)
	mux.HandleFunc("/status/{code}", b.code)
	mux.HandleFunc("/delay/{duration}", b.delay)
	mux.HandleFunc("/stream", b.stream)
	mux.HandleFunc("/ws", b.ws)
	mux.HandleFunc("/fail/{n}", b.fail)
	return b.identify(mux)
}

// greeting is the article's: echo-1 says "Hello from Echo Service 1".
func greeting(name string) string {
	if n, ok := strings.CutPrefix(name, "echo-"); ok {
		return "Hello from Echo Service " + n
	}
	return "Hello from " + name
}

// identify names the instance in every answer, and fails those that are to fail.
func (b *backend) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo-Service", b.Name)
		w.Header().Set("X-Echo-Instance", b.Instance)
		if !strings.HasPrefix(r.URL.Path, "/fail/") && b.mustFail() {
			b.json(w, int(b.status.Load()), map[string]string{"service": b.Name, "error": "failing as told"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (b *backend) mustFail() bool {
	for {
		n := b.failing.Load()
		switch {
		case n == 0:
			return false
		case n < 0:
			return true
		case b.failing.CompareAndSwap(n, n-1):
			return true
		}
	}
}

func (b *backend) json(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func (b *backend) hello(w http.ResponseWriter, _ *http.Request) {
	b.json(w, http.StatusOK, struct {
		Service   string `json:"service"`
		Message   string `json:"message"`
		Timestamp string `json:"timestamp"`
	}{b.Name, b.Message, b.Now().UTC().Format(time.RFC3339)})
}

func (b *backend) health(w http.ResponseWriter, _ *http.Request) {
	b.json(w, http.StatusOK, map[string]string{"status": "healthy"})
}

// Reflection is what /anything answers.
type Reflection struct {
	Service  string              `json:"service"`
	Instance string              `json:"instance"`
	Proto    string              `json:"proto"`
	Method   string              `json:"method"`
	Path     string              `json:"path"`
	Query    string              `json:"query"`
	Host     string              `json:"host"`
	Headers  map[string][]string `json:"headers"`
	Body     string              `json:"body"`
	// Truncated says that the body was longer than what is shown.
	Truncated bool `json:"truncated,omitempty"`
}

func (b *backend) anything(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReflect+1))
	if err != nil {
		http.Error(w, "reading the body: "+err.Error(), http.StatusBadRequest)
		return
	}
	shown := body[:min(len(body), maxReflect)]
	b.json(w, http.StatusOK, Reflection{
		Service: b.Name, Instance: b.Instance, Proto: r.Proto, Method: r.Method, Path: r.URL.EscapedPath(),
		Query: r.URL.RawQuery, Host: r.Host, Headers: r.Header, Body: string(shown), Truncated: len(body) > maxReflect,
	})
}

func (b *backend) code(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		http.Error(w, "the status must be 200 to 599", http.StatusBadRequest)
		return
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		w.WriteHeader(code)
		return
	}
	b.json(w, code, map[string]any{"service": b.Name, "status": code})
}

func (b *backend) delay(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.PathValue("duration"))
	if err != nil || d < 0 || d > maxDelay {
		http.Error(w, "the delay must be a duration up to "+maxDelay.String()+", as in /delay/250ms", http.StatusBadRequest)
		return
	}
	if (clock.System{}).Wait(r.Context(), d) == nil {
		b.json(w, http.StatusOK, map[string]string{"service": b.Name, "delay": d.String()})
	}
}

func (b *backend) stream(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(orDefault(r.URL.Query().Get("n"), "10"))
	every, err2 := time.ParseDuration(orDefault(r.URL.Query().Get("every"), "1s"))
	if err != nil || err2 != nil || n < 0 || n > 1_000_000 || every < 0 {
		http.Error(w, "n must be a whole number and every a duration, as in /stream?n=10&every=1s", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	for i := range n {
		if i > 0 && (clock.System{}).Wait(r.Context(), every) != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: {\"service\":%q,\"n\":%d}\n\n", i, b.Name, i); err != nil || rc.Flush() != nil {
			return
		}
	}
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (b *backend) ws(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	for {
		kind, msg, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, msg) != nil {
			return
		}
	}
}

func (b *backend) fail(w http.ResponseWriter, r *http.Request) {
	n := int64(-1)
	if text := r.PathValue("n"); text != "all" {
		var err error
		if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
			http.Error(w, `how many must be a whole number or "all"`, http.StatusBadRequest)
			return
		}
	}
	status, err := strconv.Atoi(orDefault(r.URL.Query().Get("status"), "500"))
	if err != nil || status < 400 || status > 599 {
		http.Error(w, "the status must be 400 to 599", http.StatusBadRequest)
		return
	}
	b.status.Store(int64(status))
	b.failing.Store(n)
	b.json(w, http.StatusOK, map[string]any{"service": b.Name, "failing": n, "status": status})
}

// Server serves one backend on a listener, in HTTP/1.1 and clear-text HTTP/2.
type Server struct {
	http  *http.Server
	l     net.Listener
	delay time.Duration
}

// Listen opens a backend on the address.
func Listen(address string, o Options) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", o.Name, err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &Server{l: l, delay: o.ShutdownDelay, http: &http.Server{Handler: Handler(o), Protocols: &protocols, ReadHeaderTimeout: 30 * time.Second}}, nil
}

// Addr is the address that it serves on.
func (s *Server) Addr() string { return s.l.Addr().String() }

// Run serves until ctx ends and Options.ShutdownDelay has passed, then lets requests
// under way end.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Serve(s.l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	if s.delay > 0 {
		<-time.After(s.delay)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(grace)
	if err != nil {
		err = s.http.Close()
	}
	if serve := <-stopped; !slices.Contains([]error{http.ErrServerClosed, nil}, serve) {
		return errors.Join(err, serve)
	}
	return err
}
