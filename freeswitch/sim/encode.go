package sim

import "strings"

const upperHex = "0123456789ABCDEF"

// unsafe marks the bytes that FreeSWITCH percent-encodes in an event (switch_url_encode): everything but printable
// ASCII, and some of that.
var unsafe = func() (t [256]bool) {
	for b := range t {
		t[b] = b < ' ' || b > '~' || strings.IndexByte("\r\n #%&+:;<=>?@[\\]^`{|}\"", byte(b)) >= 0
	}
	return t
}()

// encode appends a header value as an event carries it. Like FreeSWITCH, it takes a percent sign before two upper-case
// hexadecimal digits for an encoded byte and keeps it.
func encode(dst []byte, s string) []byte {
	for i := range len(s) {
		b := s[i]
		switch {
		case !unsafe[b], b == '%' && i+2 < len(s) && isUpperHex(s[i+1]) && isUpperHex(s[i+2]):
			dst = append(dst, b)
		default:
			dst = append(dst, '%', upperHex[b>>4], upperHex[b&15])
		}
	}
	return dst
}

func isUpperHex(b byte) bool { return b >= '0' && b <= '9' || b >= 'A' && b <= 'F' }

func encoded(s string) string { return string(encode(nil, s)) }

// decoded undoes encode.
func decoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isUpperHex(s[i+1]) && isUpperHex(s[i+2]) {
			b = append(b, byte(strings.IndexByte(upperHex, s[i+1])<<4|strings.IndexByte(upperHex, s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}
