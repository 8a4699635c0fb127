package kindbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// TestSwitchBack: whatever became of the user's kubeconfig meanwhile, the
// cluster's entries go and nothing of others does.
func TestSwitchBack(t *testing.T) {
	t.Parallel()
	const before = "# mine\ncurrent-context: work\ncontexts: [{name: work, context: {cluster: work, user: me}}]\n"
	config := func(current string, names ...string) *clientcmdapi.Config {
		c := clientcmdapi.NewConfig()
		c.CurrentContext = current
		for _, n := range names {
			c.Contexts[n] = &clientcmdapi.Context{Cluster: n, AuthInfo: n}
			c.Clusters[n] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
			c.AuthInfos[n] = &clientcmdapi.AuthInfo{Token: n}
		}
		return c
	}
	const ours = "kind-gwctl-a"
	tests := []struct {
		name     string
		switched switched
		as       bool // the file is as it was written
		is       *clientcmdapi.Config
		want     string               // its bytes
		wants    *clientcmdapi.Config // what it says; both nil: it is gone
	}{
		{"as it was written", switched{Context: "work"}, true, config(ours, "work", ours), before, nil},
		{"made with it, as it was written", switched{New: true}, true, config(ours, ours), "", nil},
		{"somebody added a context", switched{Context: "work"}, false, config(ours, "work", ours, "new"), "", config("work", "work", "new")},
		{"another is current by now", switched{Context: "work"}, false, config("new", "work", ours, "new"), "", config("new", "work", "new")},
		{"the old one has gone", switched{Context: "work"}, false, config(ours, ours, "new"), "", config("", "new")},
		{"made with it, somebody added a context", switched{New: true}, false, config(ours, ours, "new"), "", config("", "new")},
		{"made with it, and was switched twice", switched{New: true}, false, config(ours, ours), "", nil},
		{"the file has gone", switched{Context: "work"}, false, nil, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b := New(Options{Dir: dir, Name: "a"})
			s := &state{Switched: &tt.switched}
			s.Switched.Path = filepath.Join(dir, "config")
			if err := os.WriteFile(b.path(yoursFile), []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.is != nil {
				if err := clientcmd.WriteToFile(*tt.is, s.Switched.Path); err != nil {
					t.Fatal(err)
				}
			}
			if tt.as {
				s.Switched.Sum, _ = sum(s.Switched.Path)
			}
			if err := b.switchBack(s); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(s.Switched.Path)
			switch {
			case tt.wants != nil:
				got, _ := clientcmd.Load(raw)
				want, _ := clientcmd.Write(*tt.wants)
				if text, _ := clientcmd.Write(*got); string(text) != string(want) {
					t.Errorf("differs (-want +got):\n%s", cmp.Diff(string(want), string(text)))
				}
			case tt.want != "":
				if string(raw) != tt.want {
					t.Errorf("differs (-want +got):\n%s", cmp.Diff(tt.want, string(raw)))
				}
			case err == nil:
				t.Errorf("it is there: %s", raw)
			}
		})
	}
}
