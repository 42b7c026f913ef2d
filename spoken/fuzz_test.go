package spoken

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzReaders gives every reader anything. None panics, and every reading keeps to what is promised of it.
func FuzzReaders(f *testing.F) {
	for _, words := range []string{
		"one two three", "twenty three forty five", "my number is, um, double oh seven", "nineteen eighty four",
		"one hundred and five thousand two hundred", "A as in alpha, B for Bravo, 12",
		"the fourth of July nineteen eighty four",
		"7/4/84", "I'd like to speak to an agent", "no, the last two are five six", "not seven but nine", "+49 170 1234567",
		"siebenundvierzig", "hundertdreiundzwanzig", "dreimal die vier", "A wie Anton", "vierter siebter vierundachtzig",
		"4. 7. 84", "keine Ahnung", "nein, am Ende fünf sechs", "das habe ich gerade nicht", "u\u0308", "\xff\x00", "İ", "ﬁ",
	} {
		f.Add(words, "123456", 1, 8)
	}
	f.Fuzz(func(t *testing.T, said, heard string, least, most int) {
		before := []byte(said)
		words := bytes.Clone(before)
		for _, language := range []string{"en", "de", "en-GB"} {
			check := func(readings []Reading, letters string, least, most int) {
				require.LessOrEqual(t, len(readings), maxReadings)
				seen := map[string]bool{}
				for _, r := range readings {
					text := r.Reveal()
					assert.False(t, seen[string(text)], "twice")
					seen[string(text)] = true
					assert.GreaterOrEqual(t, len(text), least)
					assert.LessOrEqual(t, len(text), most)
					assert.LessOrEqual(t, len(text), maxLength)
					assert.Empty(t, bytes.Trim(text, letters))
					assert.Equal(t, text, bytes.Join(r.Groups(), nil))
				}
			}
			const digits = "0123456789"
			check(Digits(language, words, least, most), digits, least, most)
			check(Telephone(language, words, least, most), "+"+digits, least, max(most, most+1))
			check(Letters(language, words, least, most), digits+"ABCDEFGHIJKLMNOPQRSTUVWXYZ", least, most)
			check(Correct(language, [][]byte{[]byte(heard)}, words, least, most), digits+heard, least, most)
			dates := Dates(language, words, year1900, inJune2025)
			check(dates, digits, 8, 8)
			for _, d := range dates {
				day, err := time.Parse("20060102", string(d.Reveal()))
				require.NoError(t, err)
				assert.False(t, day.Before(year1900) || day.After(inJune2025))
			}
			command, rest := CommandIn(language, words)
			assert.True(t, bytes.HasSuffix(words, rest))
			assert.True(t, len(rest) == 0 || command == No)
			_ = command.String()
		}
		assert.Equal(t, before, words, "what was said is the caller's")
	})
}
