package private_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gwctl/gwctl/sandbox/private"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	var got struct{ A int }
	if ok, err := private.Read(path, &got); ok || err != nil {
		t.Errorf("a file that is not there: %t, %v", ok, err)
	}
	if err := private.Write(path, struct{ A int }{7}); err != nil {
		t.Fatal(err)
	}
	if ok, err := private.Read(path, &got); !ok || err != nil || got.A != 7 {
		t.Errorf("got %+v, %t, %v", got, ok, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var syntax *private.SyntaxError
	if _, err := private.Read(path, &got); !errors.As(err, &syntax) || syntax.Path != path {
		t.Errorf("got %v, want a SyntaxError that names the file", err)
	}
	for range 2 {
		if err := private.Remove(path); err != nil {
			t.Error(err)
		}
	}
}
