package esl

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"countersign/esl/esltest"

	"github.com/stretchr/testify/require"
)

// FuzzFrames: on any input the reader neither panics nor exceeds its memory limits, and reads the same frames however
// the bytes are split.
func FuzzFrames(f *testing.F) {
	data, err := os.ReadFile("esltest/channel_data.txt")
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte("Content-Length: 3\n\nabcContent-Type: command/reply\nReply-Text: +OK\n\n"))
	f.Add([]byte("Content-Length: -1\n\n"))
	f.Add([]byte("\n\n\n\nContent-Length:\n\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		const limit = 8 << 10
		read := func(r *frameReader) (frames []string, err error) {
			r.maxHeader, r.maxBody = limit, limit
			for range 1000 {
				f, err := r.next()
				if err != nil {
					return frames, err
				}
				require.LessOrEqual(t, len(f.head), limit)
				require.LessOrEqual(t, len(f.body), limit)
				h := header(f.body)
				_, _, _ = text(h, "Event-Name"), text(h, "Application-UUID"), text(f.head, "Content-Type")
				h.pick(eventLines, make([][]byte, eventCount))
				frames = append(frames, string(f.head)+"\x00"+string(f.body))
			}
			return frames, nil
		}
		at := &frameReader{src: bytes.NewReader(wire)}
		by := &frameReader{src: iotest.OneByteReader(bytes.NewReader(wire))}
		whole, err1 := read(at)
		pieces, err2 := read(by)
		require.Equal(t, whole, pieces)
		require.Equal(t, err1 == nil, err2 == nil)
		require.LessOrEqual(t, len(at.buf), 8*limit)
		require.LessOrEqual(t, len(by.buf), 8*limit)
	})
}

// FuzzHeaderValue: what FreeSWITCH encodes decodes to the same bytes, and the decoder takes any bytes.
func FuzzHeaderValue(f *testing.F) {
	f.Add("+49 30/123%")
	f.Add("%2")
	f.Add("ü\n\x00")
	f.Fuzz(func(t *testing.T, value string) {
		encoded := esltest.Encode(value)
		require.NotContains(t, encoded, "\n")
		require.Equal(t, value, string(decodeValue(nil, []byte(encoded))))
		require.LessOrEqual(t, len(decodeValue(nil, []byte(value))), len(value))
	})
}

// FuzzCommand: any value is either refused or stays in its place in exactly one command.
func FuzzCommand(f *testing.F) {
	f.Add("cs_customer", "C-100042")
	f.Add("x", "1|cs_status=verified")
	f.Add("x", "a\r\n\r\nsendmsg\r\ncall-command: hangup")
	f.Add("x", "${system(id)}")
	f.Add(strings.Repeat("x", 3000), " ")
	f.Fuzz(func(t *testing.T, name, value string) {
		a, err := assignment(name, value)
		if err != nil {
			require.ErrorIs(t, err, ErrUnsafeValue)
			return
		}
		text, err := execute("multiset", "^^|"+a, "cs1")
		if len(a) > 2000 && err != nil {
			require.ErrorIs(t, err, ErrUnsafeValue)
			return
		}
		require.NoError(t, err, "an assignment that passes must be safe to execute")
		require.Equal(t, 1, strings.Count(text, "\r\n\r\n"), "one command")
		require.Equal(t, 0, strings.Count(strings.ReplaceAll(text, "\r\n", ""), "\n"))
		require.Equal(t, 2, strings.Count(text, "|")+strings.Count(text, "^^")-0, "no second assignment: %q", text)
		require.NotContains(t, text, "$")
	})
}
