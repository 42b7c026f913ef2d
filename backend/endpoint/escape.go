package endpoint

import "unicode/utf8"

const hexDigits = "0123456789ABCDEF"

// plain leaves a value as it is, where other code escapes it.
func plain(dst, value []byte) []byte { return append(dst, value...) }

// percent escapes everything but RFC 3986's unreserved characters, for path segments, queries and forms.
func percent(dst, value []byte) []byte {
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// jsonString escapes for the inside of a JSON string (RFC 8259, section 7). Invalid UTF-8 becomes U+FFFD.
func jsonString(dst, value []byte) []byte {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		switch {
		case r == '"', r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20, r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
		value = value[size:]
	}
	return dst
}
