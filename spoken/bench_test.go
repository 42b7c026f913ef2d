package spoken

import (
	"strings"
	"testing"
)

func BenchmarkDigits(b *testing.B) {
	for name, row := range map[string]struct {
		language, words string
		least, most     int
	}{
		"six digits":               {"en", "my number is four five double oh six nine please", 6, 6},
		"pairs":                    {"en", "twenty three forty five sixty seven", 6, 6},
		"a compound word":          {"de", "meine nummer ist zwölftausenddreihundertfünfundvierzig", 5, 8},
		"the longest, in pairs":    {"en", strings.Repeat("twenty three ", 16), 1, 32},
		"eighty words":             {"en", strings.Repeat("one hundred and five thousand ", 16), 1, 32},
		"nothing that is a number": {"en", strings.Repeat("banana ", 80), 1, 32},
	} {
		b.Run(name, func(b *testing.B) {
			words := []byte(row.words)
			b.ReportAllocs()
			for b.Loop() {
				Digits(row.language, words, row.least, row.most)
			}
		})
	}
}

func BenchmarkLetters(b *testing.B) {
	words := []byte("a wie anton b wie berta strich eins zwei drei vier")
	b.ReportAllocs()
	for b.Loop() {
		Letters("de", words, 4, 8)
	}
}

func BenchmarkDates(b *testing.B) {
	words := []byte("the twenty first of december nineteen hundred and eighty four")
	b.ReportAllocs()
	for b.Loop() {
		Dates("en", words, year1900, inJune2025)
	}
}

func BenchmarkCommandIn(b *testing.B) {
	words := []byte("I would like to speak to a representative please")
	b.ReportAllocs()
	for b.Loop() {
		CommandIn("en", words)
	}
}

func BenchmarkCorrect(b *testing.B) {
	heard := split("12·34·56·78")
	for name, words := range map[string]string{
		"a place": "no, the last two are five six", "the longest": "not " + strings.Repeat("one hundred and ", 26),
		"instead": strings.Repeat("nine not ", 39),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Correct("en", heard, []byte(words), 1, 32)
			}
		})
	}
}
