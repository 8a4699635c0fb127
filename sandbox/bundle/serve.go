package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gwctl/gwctl/sandbox/engine"
	"github.com/gwctl/gwctl/sandbox/hint"
)

// Handler serves the bundle at /gwctl.bundle, whole or a range of it, and its
// SHA-256 sums at /.
func Handler(path string) (http.Handler, error) {
	x, err := Verify(path)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+ServedName, func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			http.Error(w, "the bundle has gone", http.StatusNotFound)
			return
		}
		defer f.Close() //nolint:errcheck // read only
		w.Header().Set("Content-Type", "application/x-tar")
		http.ServeContent(w, r, "", x.Created, f)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "A bundle of gwctl %s for %s, with %s.\n\n  gwctl up --bundle http://%s/%s\n\n", x.Version, x.Arch, x.NodeImage, r.Host, ServedName)
		for _, e := range x.Entries {
			_, _ = fmt.Fprintf(w, "%s  %s\n", e.SHA256, e.Name)
		}
	})
	return mux, nil
}

// ServedName is what a bundle is called by Handler.
const ServedName = "gwctl.bundle"

// Fetch fetches a bundle into a file; what is there of it already is not fetched
// again, unless another has taken its place: the file's time is that of the bundle.
func Fetch(ctx context.Context, url, into string, tell func(engine.Progress)) error {
	failed := func(err error) error {
		return hint.New("FETCH_FAILED", hint.Network, "the bundle cannot be fetched from "+url,
			"see that gwctl bundle serve runs there; another try goes on where this one ended").Because(err)
	}
	f, err := os.OpenFile(into, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the bundle: %w", err)
	}
	defer f.Close() //nolint:errcheck // checked by Verify
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("keeping the bundle: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return failed(err)
	}
	if have > 0 { // go on, if it is still the same
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("keeping the bundle: %w", err)
		}
		req.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		req.Header.Set("If-Range", info.ModTime().UTC().Format(http.TimeFormat))
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 30 * time.Second}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return failed(err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable: // it is all there
		return nil
	case http.StatusPartialContent:
	case http.StatusOK:
		have = 0
		if err := errors.Join(f.Truncate(0), seek(f)); err != nil {
			return fmt.Errorf("keeping the bundle: %w", err)
		}
	default:
		return failed(errors.New(res.Status))
	}
	if made, err := http.ParseTime(res.Header.Get("Last-Modified")); err == nil {
		defer os.Chtimes(into, made, made) //nolint:errcheck // else the next try begins anew
	}
	m := &meter{w: f, done: have, base: have, total: have + res.ContentLength, begin: time.Now(), tell: tell}
	if _, err := io.Copy(m, res.Body); err != nil {
		return failed(err)
	}
	return nil
}

func seek(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// meter tells how far a transfer has come.
type meter struct {
	w                 io.Writer
	done, base, total int64
	begin, last       time.Time
	tell              func(engine.Progress)
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	m.done += int64(n)
	if now := time.Now(); now.Sub(m.last) > 250*time.Millisecond {
		m.last = now
		p := engine.NewProgress(m.done-m.base, m.total-m.base, m.begin, now)
		p.Done, p.Total = m.done, m.total
		m.tell(p)
	}
	return n, err
}
