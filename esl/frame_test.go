package esl

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func reader(src io.Reader) *frameReader {
	return &frameReader{src: src, maxHeader: 1 << 20, maxBody: 1 << 20}
}

func text(h header, name string) string {
	v, _ := h.raw(name)
	return string(decoded(v))
}

func TestFramesAreReadWholeAndInOrder(t *testing.T) {
	t.Parallel()
	wire := "Content-Type: a\n\nContent-Length: 5\nContent-Type: b\n\nx\n\nyzContent-Type: c\n\n"
	for name, src := range map[string]io.Reader{
		"at once": strings.NewReader(wire), "byte by byte": iotest.OneByteReader(strings.NewReader(wire)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reader(src)
			for _, want := range []struct{ kind, body string }{{"a", ""}, {"b", "x\n\nyz"}, {"c", ""}} {
				f, err := r.next()
				require.NoError(t, err)
				assert.Equal(t, want.kind, text(f.head, "Content-Type"))
				assert.Equal(t, want.body, string(f.body))
			}
			_, err := r.next()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string]string{
		"header":          strings.Repeat("A: b\n", 1000),
		"complete header": strings.Repeat("A: b\n", 1000) + "\n",
		"body":            "Content-Length: 200\n\n",
		"negative":        "Content-Length: -1\n\n",
		"no number":       "Content-Length: 1e3\n\n",
		"overflow":        "Content-Length: 18446744073709551617\n\n",
	} {
		r := &frameReader{src: strings.NewReader(wire), maxHeader: 1000, maxBody: 100}
		_, err := r.next()
		require.ErrorIs(t, err, ErrFrame, name)
		assert.Less(t, len(r.buf), 64<<10, "memory does not follow what a peer announces: %s", name)
	}
	_, err := reader(strings.NewReader("Content-Length: 200\n\nshort")).next()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = reader(iotest.ErrReader(errors.New("broken"))).next()
	require.ErrorContains(t, err, "broken")
}

func TestTheBufferKeepsNoFrameThatWasRead(t *testing.T) {
	t.Parallel()
	var wire strings.Builder
	for range 40 { // enough to make the buffer grow and move
		wire.WriteString("Content-Length: 3000\n\n" + strings.Repeat("s", 2990) + "SECRET2468")
	}
	for name, src := range map[string]io.Reader{
		"at once": strings.NewReader(wire.String()), "by halves": iotest.HalfReader(strings.NewReader(wire.String())),
	} {
		r := reader(src)
		for {
			_, err := r.next()
			// Frames that were read are wiped; bytes not read yet may be there.
			assert.NotContains(t, string(r.buf[:max(0, r.start-r.used)]), "2468", name)
			if err != nil {
				break
			}
		}
		r.wipe()
		assert.NotContains(t, string(r.buf), "2468", name)
	}
}

func TestLookingUpAHeaderAllocatesNothing(t *testing.T) {
	data, err := os.ReadFile("esltest/execute_complete.txt")
	require.NoError(t, err)
	f, err := reader(bytes.NewReader(data)).next()
	require.NoError(t, err)
	h := header(f.body)
	names := linesOf("Event-Name", "No-Such-Header", "Application-UUID")
	values := make([][]byte, 3)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if v, ok := h.raw("Application-UUID"); !ok || string(v) != "a1" {
			t.Fail()
		}
		h.pick(names, values)
		h.raw("No-Such-Header")
	}))
}

func TestValuesAreDecodedAsFreeSWITCHEncodesThem(t *testing.T) {
	t.Parallel()
	for encoded, want := range map[string]string{
		"%2B15551234567": "+15551234567", "a%20b": "a b", "100%": "100%", "%zz%4": "%zz%4", "%C3%BC": "ü", "": "",
		"%0a": "\n",
	} {
		assert.Equal(t, want, string(decodeValue(nil, []byte(encoded))), encoded)
	}
	h := header("A: 1\nAB:  2 \r\nA: 3\nC:\nD")
	assert.Equal(t, "1", text(h, "A"), "the first one counts")
	assert.Equal(t, "2", text(h, "AB"))
	v, ok := h.raw("C")
	assert.True(t, ok)
	assert.Empty(t, v)
	assert.Nil(t, decoded(nil))
	values := make([][]byte, 3)
	h.pick(linesOf("C", "AB", "B"), values)
	assert.NotNil(t, values[0])
	assert.Equal(t, "2", string(values[1]))
	assert.Nil(t, values[2])
	_, ok = header("A: 1\n\nB: 2\n").raw("B")
	assert.False(t, ok, "a body is not a header")
}

func TestAReaderThatWaitsHoldsASmallBufferAndLendsNoDigits(t *testing.T) {
	large := "DTMF-Digit: 2468\nvariable_x: " + strings.Repeat("2468", 2000) + "\n\n"
	for name, src := range map[string]io.Reader{
		"all at once":       strings.NewReader(large + large + "Content-Type: command/reply\n\n"),
		"one byte a read":   iotest.OneByteReader(strings.NewReader(large + large)),
		"larger than a few": strings.NewReader("variable_y: " + strings.Repeat("2468", 20_000) + "\n\n" + large),
	} {
		r := reader(src)
		var err error
		for err == nil {
			_, err = r.next()
		}
		assert.ErrorIs(t, err, io.EOF, name)
		assert.LessOrEqual(t, len(r.buf), smallBuffer, name)
		for range 4 { // the pool may have others
			lent := largeBuffers.Get().(*[largeBuffer]byte)
			assert.Equal(t, [largeBuffer]byte{}, *lent, name)
		}
	}
}
