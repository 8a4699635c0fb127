package h1

// Classes of bytes in a head.
const (
	isToken = 1 << iota // may stand in a field name or method (RFC 9110, 5.6.2)
	isPlain             // nginx takes it in a field name: letters, digits, "-", "_"
	isDigit
)

// charTable classifies bytes. It is made once for each server or client.
type charTable [256]byte

func newCharTable() *charTable {
	var t charTable
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		t[c] |= isToken
	}
	for _, c := range []byte("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		t[c] |= isPlain
	}
	for c := '0'; c <= '9'; c++ {
		t[c] |= isDigit
	}
	return &t
}

// all says whether every byte of s is of the class.
func (t *charTable) all(s string, class byte) bool {
	for i := range len(s) {
		if t[s[i]]&class == 0 {
			return false
		}
	}
	return true
}

// validValue says whether s may be a field value: no control byte but tab
// (RFC 9110, 5.5).
func validValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
