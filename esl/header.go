package esl

import (
	"bytes"
	"math/bits"
)

// header is a block of "Name: value" lines as FreeSWITCH writes them: LF line ends, values percent-encoded. It is a
// slice of the reader's buffer; values are decoded on demand.
type header []byte

// raw finds one line and returns its value undecoded.
func (h header) raw(name string) (value []byte, found bool) {
	for len(h) > 0 {
		var line header
		if line, h = h.cut(); len(line) == 0 {
			break
		}
		if n := len(name); len(line) > n && line[n] == ':' && string(line[:n]) == name {
			return trimmed(line[n+1:]), true
		}
	}
	return nil, false
}

// cut cuts off the first line.
func (h header) cut() (line, rest header) {
	if end := bytes.IndexByte(h, '\n'); end >= 0 {
		return h[:end], h[end+1:]
	}
	return h, nil
}

// trimmed is a value without surrounding spaces; unlike the result of bytes.Trim it is never nil.
func trimmed(value []byte) []byte {
	for len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	for n := len(value); n > 0 && (value[n-1] == ' ' || value[n-1] == '\r'); n-- {
		value = value[:n-1]
	}
	return value
}

// lines are names of lines that are looked for together, 64 at most.
type lines struct {
	names []string
	// begin has a bit for each name that begins with a byte: an event has two hundred lines, most of which are looked at no
	// further.
	begin [256]uint64
}

func linesOf(names ...string) *lines {
	l := &lines{names: names}
	for i, name := range names {
		l.begin[name[0]] |= 1 << i
	}
	return l
}

// pick finds lines by name in one pass: values[i] becomes the undecoded value of the first line of the i-th name, or nil.
// It stops at an empty line, which an event's own body follows.
func (h header) pick(wanted *lines, values [][]byte) {
	clear(values)
	for left := len(wanted.names); left > 0 && len(h) > 0; {
		var line header
		if line, h = h.cut(); len(line) == 0 {
			break
		}
		for may := wanted.begin[line[0]]; may != 0; may &= may - 1 {
			i := bits.TrailingZeros64(may)
			name := wanted.names[i]
			n := len(name)
			if len(line) > n && line[n] == ':' && values[i] == nil && string(line[:n]) == name {
				values[i] = trimmed(line[n+1:])
				left--
				break
			}
		}
	}
}

// decoded is a percent-decoded copy of a value; nil stays nil.
func decoded(value []byte) []byte {
	if value == nil {
		return nil
	}
	return decodeValue(make([]byte, 0, len(value)), value)
}

// decodeValue appends the percent-decoded value to dst. Like FreeSWITCH's decoder, it keeps invalid escapes.
func decodeValue(dst, value []byte) []byte {
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			high, low := unhex(value[i+1]), unhex(value[i+2])
			if high >= 0 && low >= 0 {
				dst = append(dst, byte(high<<4|low))
				i += 2
				continue
			}
		}
		dst = append(dst, value[i])
	}
	return dst
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}
