package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSpill: whatever a crash or a broken disk has left in a spill, the records before it are read, once and in order,
// and nothing is read that is not there.
func FuzzSpill(f *testing.F) {
	record := func(body string) []byte {
		text := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
		text = binary.LittleEndian.AppendUint32(text, crc32.Checksum([]byte(body), castagnoli))
		return append(text, body...)
	}
	const started = `{"specversion":"1.0","id":"c.1","source":"/countersign/a","type":"countersign.v1.call_started",` +
		`"time":"2026-01-01T00:00:00Z","call":"c","seq":1,"line":"l","lineversion":1,"data":{"channel":"u"}}`
	whole := record(started)
	f.Add([]byte(nil))
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), whole[:20]...))
	f.Add(append(record(`{"specversion":"1.0"}`), whole...))
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found := readSpilled(text)
		require.LessOrEqual(t, found.bytes, len(text))
		require.LessOrEqual(t, (len(found.entries)+found.unreadable)*(recordHeader+1), found.bytes)
		before := readSpilled(append(bytes.Clone(whole), text...))
		require.Equal(t, len(whole)+found.bytes, before.bytes)
		require.Len(t, before.entries, 1+len(found.entries))
		require.Equal(t, found.unreadable, before.unreadable)
	})
}
