package learn

import "testing"

// TestUTF8Locale: what the locale does not know is not drawn.
func TestUTF8Locale(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "C.utf8"}, true},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, true},
		{map[string]string{}, false},
		{map[string]string{"WT_SESSION": "1"}, true},
	} {
		if got := utf8Locale(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: got %t, want %t", tt.env, got, tt.want)
		}
	}
}

// TestTruth: a variable switches something on unless it says no.
func TestTruth(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]bool{"": false, "0": false, "false": false, "1": true, "true": true, "yes": true} {
		if got := truth(v); got != want {
			t.Errorf("%q: got %t, want %t", v, got, want)
		}
	}
}
