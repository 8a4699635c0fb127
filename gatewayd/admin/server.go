package admin

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gwctl/gwctl/gatewayd/event"
	"github.com/gwctl/gwctl/gatewayd/problem"
	"github.com/gwctl/gwctl/gatewayd/snapshot"
)

// Gateway is what the admin listener tells of.
type Gateway interface {
	// Snapshot is what is served, nil before the first.
	Snapshot() *snapshot.Snapshot
	// Describe gives the fields of Status that the snapshot does not hold.
	Describe() Status
	// ClearCounters clears what plugins count: all, or those of one plugin.
	ClearCounters(plugin string)
	// KeepCounters puts what plugins count aside; RestoreCounters brings it back in
	// the place of what was counted since.
	KeepCounters()
	RestoreCounters()
	// Advance moves the test clock, and returns the new time; ok is false when
	// there is none.
	Advance(d time.Duration) (now time.Time, ok bool)
	// Config prints what is served as a kong.yml without secrets.
	Config() ([]byte, error)
	// Stopping tells whether the gateway has been told to stop.
	Stopping() bool
}

// Options are what the admin listener needs.
type Options struct {
	Gateway Gateway
	Hub     *event.Hub
	Metrics http.Handler
	// Token, when not "", must come as a bearer token. Without one only
	// loopback is answered.
	Token string
	Log   *slog.Logger
	// Heartbeat is the pause after which a silent event stream shows that it
	// lives; 15 s when 0.
	Heartbeat time.Duration
}

// heartbeat is the pause after which a silent event stream shows that it lives.
const heartbeat = 15 * time.Second

// Handler serves /status, /problems, /config, /metrics, /events,
// /counters/clear, /counters/keep, /counters/restore and /clock/advance.
func Handler(o Options) http.Handler {
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeat
	}
	s := &server{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("GET /problems", s.problems)
	mux.HandleFunc("GET /config", s.config)
	mux.Handle("GET /metrics", o.Metrics)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("POST /counters/clear", s.clear)
	mux.HandleFunc("POST /counters/keep", s.with(s.Gateway.KeepCounters))
	mux.HandleFunc("POST /counters/restore", s.with(s.Gateway.RestoreCounters))
	mux.HandleFunc("POST /clock/advance", s.advance)
	return s.guard(mux)
}

// Health serves /healthz (the process answers) and /readyz (a configuration is
// served, and the gateway has not been told to stop), for probes that have no
// token.
func Health(g Gateway) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case g.Stopping():
			http.Error(w, "the gateway is stopping", http.StatusServiceUnavailable)
			return
		case g.Snapshot() == nil:
			http.Error(w, "no configuration is served yet", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	return mux
}

type server struct{ Options }

// guard lets through who may look.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Origin") != "":
			s.refuse(w, http.StatusForbidden, "a web page may not ask the admin listener")
		case s.Token != "":
			given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) != 1 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				s.refuse(w, http.StatusUnauthorized, "send the admin token: Authorization: Bearer …")
				return
			}
			next.ServeHTTP(w, r)
		case !loopbackHost(r.Host):
			s.refuse(w, http.StatusForbidden, "without a token the admin listener answers to loopback names alone")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (s *server) refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	s.encode(w, map[string]string{"error": why})
}

func (s *server) encode(w http.ResponseWriter, v any) {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		s.Log.Debug("writing an admin answer", "error", err)
	}
}

func (s *server) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	s.encode(w, v)
}

func (s *server) status(w http.ResponseWriter, _ *http.Request) {
	st := s.Gateway.Describe()
	if snap := s.Gateway.Snapshot(); snap != nil {
		st.fill(snap)
	}
	s.json(w, st)
}

func (s *server) problems(w http.ResponseWriter, _ *http.Request) {
	list := []problem.Problem{}
	if snap := s.Gateway.Snapshot(); snap != nil {
		list = append(list, snap.Problems...)
	}
	s.json(w, list)
}

func (s *server) config(w http.ResponseWriter, _ *http.Request) {
	text, err := s.Gateway.Config()
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(text)
}

func (s *server) clear(w http.ResponseWriter, r *http.Request) {
	plugin := r.URL.Query().Get("plugin")
	s.Gateway.ClearCounters(plugin)
	s.json(w, map[string]string{"cleared": plugin})
}

// with answers when something is done.
func (s *server) with(do func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		do()
		s.json(w, map[string]string{})
	}
}

func (s *server) advance(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("by"))
	if err != nil || d <= 0 {
		s.refuse(w, http.StatusBadRequest, "by must be a duration above 0, as in by=60s")
		return
	}
	now, ok := s.Gateway.Advance(d)
	if !ok {
		s.refuse(w, http.StatusConflict, "the clock cannot be moved; start gatewayd with --test-clock")
		return
	}
	s.json(w, map[string]time.Time{"now": now})
}

// queueSize is how many events a listener may lag behind.
const queueSize = 4096

// events sends one server-sent event a request; a listener that is too slow is
// told how many it lost.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	sub := s.Hub.Subscribe(queueSize)
	defer sub.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, ": listening\n\n"); err != nil || rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			_, err = fmt.Fprint(w, ": alive\n\n")
		case e := <-sub.Events():
			if n := sub.Dropped(); n > 0 {
				_, _ = fmt.Fprintf(w, "event: dropped\ndata: {\"count\":%d}\n\n", n)
			}
			err = writeEvent(w, e)
		}
		if err != nil || len(sub.Events()) == 0 && rc.Flush() != nil {
			return
		}
	}
}

func writeEvent(w http.ResponseWriter, e event.Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: request\ndata: %s\n\n", raw)
	return err
}
