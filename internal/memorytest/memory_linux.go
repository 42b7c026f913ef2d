//go:build !race

package memorytest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Mask is what each byte is masked with, by exclusive or.
const Mask = 0x5a

// Masked is a copy of text that Finds does not find.
func Masked(text []byte) []byte {
	hidden := make([]byte, len(text))
	for i := range text {
		hidden[i] = text[i] ^ Mask
	}
	return hidden
}

// window is outside the memory that is searched.
var window [1 << 20]byte

// Finds says whether something that was Masked is in Go's memory of this process, in use or not yet reused.
func Finds(t testing.TB, hidden []byte) bool {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	mem, err := os.Open("/proc/self/mem")
	require.NoError(t, err)
	defer mem.Close()
	heap := uint64(uintptr(unsafe.Pointer(&make([]byte, 1<<16)[0])))
	searched, found := 0, false
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		_, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights)
		require.NoError(t, err)
		const arenas = 1 << 36 // Go's are near each other, and far from everything else
		if to+arenas < heap || from > heap+arenas || !strings.HasPrefix(rights, "rw") {
			continue
		}
		for ; from < to; from += uint64(len(window) - len(hidden)) {
			n, _ := mem.ReadAt(window[:min(uint64(len(window)), to-from)], int64(from))
			searched += n
			found = found || isHidden(window[:n], hidden)
		}
	}
	require.Positive(t, searched, "Go's memory is elsewhere")
	return found
}

func isHidden(text, hidden []byte) bool {
	first := hidden[0] ^ Mask
	for {
		i := bytes.IndexByte(text, first)
		if i < 0 || i+len(hidden) > len(text) {
			return false
		}
		text = text[i:]
		same := 0
		for same < len(hidden) && text[same] == hidden[same]^Mask {
			same++
		}
		if same == len(hidden) {
			return true
		}
		text = text[1:]
	}
}
