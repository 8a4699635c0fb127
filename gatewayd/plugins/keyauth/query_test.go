package keyauth

import (
	"net/url"
	"strings"
	"testing"
)

// TestWithoutArg follows the URL standard's serializer, which Kong's
// clear_query_arg comes to (kong/pdk/service/request.lua:268).
func TestWithoutArg(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, query, want string }{
		{"the only one", "k=1", ""},
		{"each of several", "k=1&a=2&k=3&k", "a=2"},
		{"order stays", "c=1&b=2&k=x&a=3", "c=1&b=2&a=3"},
		{"one without a value gets =", "a&k=1&b", "a=&b="},
		{"escapes that are not needed go", "a=valu%651&%6b=1", "a=value1"},
		{"spaces become +", "a=b%20c+d&k=1", "a=b+c+d"},
		{"what is special is escaped", "a=~!'()/?:@$,;*-._&k=1", "a=%7E%21%27%28%29%2F%3F%3A%40%24%2C%3B*-._"},
		{"bytes above 7f", "a=é%ff&k=1", "a=%C3%A9%FF"},
		{"a bare % is escaped", "a=100%&b=%zz&k=1", "a=100%25&b=%25zz"},
		{"empty pairs go", "&&a=1&&k=2&", "a=1"},
		{"an empty name stays", "=1&k=2", "=1"},
		{"more = are values", "a=b=c&k=d=e", "a=b%3Dc"},
		{"one ? in front goes", "?k=1&a=2", "a=2"},
		{"names have a case", "K=1&k=2", "K=1"},
		{"a name is compared decoded", "%6B=1&k%00=2", "k%00=2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := withoutArg(tc.query, "k"); got != tc.want {
				t.Errorf("%q: got %q, want %q", tc.query, got, tc.want)
			}
		})
	}
}

// FuzzWithoutArg checks that a name is gone in every reading, that the others
// stay, and that doing it again changes nothing.
func FuzzWithoutArg(f *testing.F) {
	for _, q := range []string{"", "k=1", "a=b&k=1", "%6b=1&a", "a=%zz&+=%", "??k", "k;k=1", "a&&=k"} {
		f.Add(q, "k")
	}
	f.Add("api key=1", "api key")
	f.Fuzz(func(t *testing.T, query, name string) {
		got := withoutArg(query, name)
		if name != "" && findArg(got, name).what != nothing {
			t.Errorf("%q: %q is still in %q", query, name, got)
		}
		values, err := url.ParseQuery(got)
		if err != nil {
			t.Errorf("%q: %q does not parse: %v", query, got, err)
		}
		if _, ok := values[name]; ok {
			t.Errorf("%q: %q is still in %q for Go", query, name, got)
		}
		if again := withoutArg(got, name); again != got {
			t.Errorf("%q: again %q is %q", query, got, again)
		}
		if strings.ContainsAny(got, " #\r\n\x00") {
			t.Errorf("%q: got %q", query, got)
		}
		for pair := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
			key, value, _ := strings.Cut(pair, "=")
			if key = unescape(key); key != name && pair != "" && findArg(got, key).what == nothing && key != "" && strings.Count(got, "&") < maxFields {
				t.Errorf("%q: %q=%q is not in %q", query, key, value, got)
			}
		}
	})
}

// FuzzBody checks that no body breaks the parsers and that a name taken out is
// gone.
func FuzzBody(f *testing.F) {
	for _, b := range []string{`{"k":"1","a":[{}]}`, `{"k" : {"k":1} , "\u006b":2}`, "k=1&a=2", "--b\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n1\r\n--b--\r\n"} {
		for _, ct := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
			f.Add(ct, []byte(b))
		}
	}
	f.Fuzz(func(t *testing.T, contentType string, raw []byte) {
		b := parseBody(contentType, raw)
		had := b.find("k").what != nothing
		out, cut := b.without("k")
		if had && !cut {
			t.Errorf("%q: k was found and is not cut", raw)
		}
		if cut && parseBody(contentType, out).find("k").what != nothing {
			t.Errorf("%q: k is still in %q", raw, out)
		}
	})
}
