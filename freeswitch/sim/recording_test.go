package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorded is one frame of a recording; testdata/recordings/README.md describes the format.
type recorded struct {
	fromService bool
	remark      bool
	bytes       []byte
}

func readRecording(t testing.TB, name string) []recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "recordings", name+".txt"))
	require.NoError(t, err)
	var frames []recorded
	for len(text) > 0 {
		head, rest, ok := bytes.Cut(text, []byte("\n"))
		require.True(t, ok, "frame head in %s", name)
		fields := strings.Fields(string(head))
		require.Len(t, fields, 3, "frame head %q in %s", head, name)
		n, err := strconv.Atoi(strings.TrimSuffix(fields[2], "B"))
		require.NoError(t, err)
		frames = append(frames, recorded{fields[0] == ">", fields[0] == "!", rest[:n]})
		_, text, ok = bytes.Cut(rest[n:], []byte("---\n"))
		require.True(t, ok, "end of a frame in %s", name)
	}
	return frames
}

// said is a parsed frame of FreeSWITCH: its headers in order, those of an event included.
type said struct {
	headers []header
	body    string
}

func (s said) get(name string) string {
	for _, h := range s.headers {
		if h.name == name {
			return h.value
		}
	}
	return ""
}

// is names the kind of the frame, for messages.
func (s said) is() string {
	if e := s.get("Event-Name"); e != "" {
		return strings.TrimSpace(e + " " + s.get("Application"))
	}
	return s.get("Content-Type") + " " + s.get("Reply-Text") + s.get("Content-Disposition")
}

func (s said) event() bool { return s.get("Content-Type") == "text/event-plain" }

// takeApart parses the first frame of b and returns its length; 0 if it is incomplete.
func takeApart(b []byte) (said, int) {
	end := bytes.Index(b, []byte("\n\n"))
	if end < 0 {
		return said{}, 0
	}
	var s said
	s.headers = appendHeaders(nil, string(b[:end]))
	end += 2
	length := 0
	if s.get("Event-Name") == "" {
		length = atoi(s.get("Content-Length"))
	}
	if len(b) < end+length {
		return said{}, 0
	}
	if s.body = string(b[end : end+length]); s.event() {
		s.headers = appendHeaders(s.headers, s.body)
	}
	return s, end + length
}

func appendHeaders(list []header, text string) []header {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			list = append(list, header{name, value})
		}
	}
	return list
}
