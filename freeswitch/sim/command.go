package sim

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// maxCommand bounds the headers and the body of a command, each, in bytes.
const maxCommand = 1 << 20

// errContentLength is a Content-Length that this release of FreeSWITCH refuses.
var errContentLength = errors.New("Content-Length out of range")

// command is a command of the service: a line, headers and an optional body.
type command struct {
	line    string
	headers []header
	body    string
	raw     []byte
}

// header is the value of a header, by case-insensitive name; the last one counts.
func (c *command) header(name string) string {
	for i := len(c.headers) - 1; i >= 0; i-- {
		if strings.EqualFold(c.headers[i].name, name) {
			return c.headers[i].value
		}
	}
	return ""
}

// parseCommand cuts the first command off buf (mod_event_socket, read_packet). ok is false if it is still incomplete.
// Lines end with LF or CRLF; empty lines before a command are skipped.
func parseCommand(buf []byte, release Release) (cmd command, rest []byte, ok bool, err error) {
	start := 0
	for start < len(buf) && (buf[start] == '\r' || buf[start] == '\n') {
		start++
	}
	end := headEnd(buf[start:])
	if end < 0 {
		if len(buf)-start > maxCommand {
			return cmd, nil, false, fmt.Errorf("the service sent %d bytes without an empty line", len(buf)-start)
		}
		return cmd, buf[start:], false, nil
	}
	head, rest := buf[start:start+end], buf[start+end:]
	cmd.raw = buf[start : start+end]
	first := true
	for line := range strings.FieldsFuncSeq(string(head), func(r rune) bool { return r == '\r' || r == '\n' }) {
		if first {
			cmd.line, first = line, false
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			if cmd.headers == nil {
				cmd.headers = make([]header, 0, 6)
			}
			cmd.headers = append(cmd.headers, header{name, strings.TrimLeft(value, " ")})
		}
	}
	length := atoi(cmd.header("Content-Length"))
	switch {
	case release.refuses(length):
		return cmd, nil, false, errContentLength
	case length > maxCommand:
		return cmd, nil, false, errors.New("the service announced a body of more than a megabyte")
	case length > len(rest):
		return cmd, buf[start:], false, nil
	case length > 0:
		cmd.body, cmd.raw, rest = string(rest[:length]), buf[start:start+end+length], rest[length:]
	}
	return cmd, rest, true, nil
}

// headEnd is the position after the empty line that ends the headers: two line feeds with only carriage returns between
// them. -1 if there is none.
func headEnd(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		j := i
		for j < len(b) && b[j] == '\r' {
			j++
		}
		if j < len(b) && b[j] == '\n' {
			return j + 1
		}
	}
}
