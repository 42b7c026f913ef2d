//go:build !race

package spoken

import (
	"math/rand/v2"
	"strings"
	"testing"

	"countersign/internal/memorytest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
		number[i] = byte('0'+d) ^ memorytest.Mask
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
		text := memorytest.Masked(joined)
		clear(joined)
		for range 5 {
			readings := read(words)
			require.NotEmpty(t, readings, name)
			require.Len(t, readings[0].Reveal(), len(digits), name)
			require.True(t, memorytest.Finds(t, number), "%s: the search finds what is there", name)
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
		assert.False(t, memorytest.Finds(t, number), "%s: the number", name)
		assert.False(t, memorytest.Finds(t, text), "%s: the words", name)
	}
	heard := make([]byte, len(number))
	for i := range number {
		heard[i] = number[i] ^ memorytest.Mask
	}
	corrected := Correct("en", [][]byte{heard}, []byte("it starts with plus"), 1, 32)
	assert.Empty(t, corrected)
	corrected = Correct("en", [][]byte{heard}, []byte("the first digit is one"), 1, 32)
	assert.NotEmpty(t, corrected)
	Wipe(corrected)
	clear(heard)
	assert.False(t, memorytest.Finds(t, number), "what was read back")
}
