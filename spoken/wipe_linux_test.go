//go:build !race

package spoken

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mask hides what is searched for from the search.
const mask = 0x5a

func masked(text []byte) []byte {
	hidden := make([]byte, len(text))
	for i := range text {
		hidden[i] = text[i] ^ mask
	}
	return hidden
}

// window is outside the memory that is searched.
var window [1 << 20]byte

// inMemory says whether something is in Go's memory of this process, in use or not yet reused. The race detector makes
// copies of its own.
func inMemory(t *testing.T, hidden []byte) bool {
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
	first := hidden[0] ^ mask
	for {
		i := bytes.IndexByte(text, first)
		if i < 0 || i+len(hidden) > len(text) {
			return false
		}
		text = text[i:]
		same := 0
		for same < len(hidden) && text[same] == hidden[same]^mask {
			same++
		}
		if same == len(hidden) {
			return true
		}
		text = text[1:]
	}
}

// sayEach makes the words of a number, which is not in memory in any other form.
func sayEach(digits []int, names []string) (words, joined []byte) {
	for i, d := range digits {
		if i > 0 {
			words = append(words, ' ')
		}
		words = append(words, names[d]...)
		joined = append(joined, names[d]...)
	}
	return words, joined
}

func TestWhatWasSaidIsInNoMemoryAfterwards(t *testing.T) {
	digits := make([]int, 20)
	for i := range digits {
		digits[i] = rand.IntN(10)
	}
	number := make([]byte, len(digits)) // masked
	for i, d := range digits {
		number[i] = byte('0'+d) ^ mask
	}
	readers := map[string]func(words []byte) []Reading{
		"Digits":    func(words []byte) []Reading { return Digits("en", words, 1, 32) },
		"Telephone": func(words []byte) []Reading { return Telephone("en", words, 1, 30) },
		"Letters":   func(words []byte) []Reading { return Letters("en", words, 1, 32) },
		"Correct": func(words []byte) []Reading {
			return Correct("en", split("12·34"), words, 1, 32)
		},
		"Nbest": func(words []byte) []Reading {
			return Nbest([]Hypothesis{{words, 1}}, func(words []byte) []Reading { return Digits("en", words, 1, 32) })
		},
	}
	names := strings.Fields("zero one two three four five six seven eight nine")
	for name, read := range readers {
		words, joined := sayEach(digits, names)
		text := masked(joined)
		clear(joined)
		for range 5 {
			readings := read(words)
			require.NotEmpty(t, readings, name)
			require.Len(t, readings[0].Reveal(), len(digits), name)
			require.True(t, inMemory(t, number), "%s: the search finds what is there", name)
			Wipe(readings)
		}
		tooMuch := make([]byte, 0, maxInput)
		tooMuch = append(append(tooMuch, words...), strings.Repeat(" x", maxTokens)...)
		assert.Empty(t, read(tooMuch))
		clear(tooMuch)
		command, rest := CommandIn("en", words)
		assert.Equal(t, None, command)
		assert.Empty(t, rest)
		clear(words)
		assert.False(t, inMemory(t, number), "%s: the number", name)
		assert.False(t, inMemory(t, text), "%s: the words", name)
	}
	heard := make([]byte, len(number))
	for i := range number {
		heard[i] = number[i] ^ mask
	}
	corrected := Correct("en", [][]byte{heard}, []byte("it starts with plus"), 1, 32)
	assert.Empty(t, corrected)
	corrected = Correct("en", [][]byte{heard}, []byte("the first digit is one"), 1, 32)
	assert.NotEmpty(t, corrected)
	Wipe(corrected)
	clear(heard)
	assert.False(t, inMemory(t, number), "what was read back")
}
