package spoken

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// correctTable checks corrections of a number, each with what it becomes. A dot separates groups, a space readings.
func correctTable(t *testing.T, language, heard string, least, most int, table map[string]string) {
	t.Helper()
	for words, want := range table {
		var got []string
		for _, r := range Correct(language, split(heard), []byte(words), least, most) {
			got = append(got, groups(r))
		}
		assert.Equal(t, want, strings.Join(got, " "), "%s: %q", heard, words)
	}
}

func TestCorrectionsInEnglish(t *testing.T) {
	t.Parallel()
	correctTable(t, "en", "12·34·37", 6, 6, map[string]string{
		"four five six seven eight nine":               "456789",
		"no, four five six seven eight nine":           "456789",
		"no it's 45 67 89":                             "45·67·89",
		"no no, it is four five six, seven eight nine": "456·789",
		"one two three four three seven":               "123437",
		"yes, one two three four three seven":          "123437",
		"no, five six":                                 "",
		"no":                                           "",
		"yes":                                          "",
		"":                                             "",
		"what":                                         "",
		"the last two are five six":                    "12·34·56",
		"no, the last two are five six":                "12·34·56",
		"the last two are fifty six":                   "12·34·56",
		"sorry, the last two digits are five six": "12·34·56",
		"the last two should be five six":         "12·34·56",
		"the last two five six":                   "12·34·56",
		"the last two numbers are double five":    "12·34·55",
		"the last three are five six seven":       "12·35·67",
		"the last three are five six":             "",
		"the last two are five":                   "",
		"the last is six":                         "12·34·36",
		"the last digit is a six":                 "12·34·36",
		"the last one is a six":                   "12·34·36",
		"the last digit is five six":              "",
		"the last ones are five six":              "12·34·56",
		"the last five six":                       "12·34·56",

		"the last group is five six":                       "12·34·56",
		"the last pair is fifty six":                       "12·34·56",
		"at the end five six":                              "12·34·56",
		"at the end it's five six":                         "12·34·56",
		"the end is five six":                              "12·34·56",
		"it ends in five six":                              "12·34·56",
		"no it ends with five six please":                  "12·34·56",
		"five six at the end":                              "12·34·56",
		"no, five six at the end":                          "12·34·56",
		"at the end one two three four five six seven":     "",
		"the first is nine":                                "92·34·37",
		"the first digit is a nine":                        "92·34·37",
		"the first two are ninety nine":                    "99·34·37",
		"the first three are nine nine nine":               "99·94·37",
		"at the beginning nine nine":                       "99·34·37",
		"it starts with nine":                              "92·34·37",
		"nine nine at the beginning":                       "99·34·37",
		"the second is a nine":                             "19·34·37",
		"the second digit is nine":                         "19·34·37",
		"the second number should be a nine":               "19·34·37",
		"second digit nine":                                "19·34·37",
		"the second is ninety nine":                        "12·99·37",
		"the second group is ninety nine":                  "12·99·37",
		"the second group is nine nine":                    "12·99·37",
		"the second block is nine nine":                    "12·99·37",
		"the third digit is a nine":                        "12·94·37",
		"the fourth digit is a nine":                       "12·39·37",
		"the fifth is a nine":                              "12·34·97",
		"the sixth is a nine":                              "12·34·39",
		"the seventh is a nine":                            "",
		"the fourth group is ninety nine":                  "",
		"the second to last is nine":                       "12·34·97",
		"the last but one is nine":                         "12·34·97",
		"the second two are nine nine":                     "",
		"not four but nine":                                "12·39·37",
		"not four, nine":                                   "12·39·37",
		"not four it's nine":                               "12·39·37",
		"not a four but a nine":                            "12·39·37",
		"no, not four but nine":                            "12·39·37",
		"not thirty four but forty three":                  "12·43·37",
		"not three four but four three":                    "12·43·37",
		"not two three but nine nine":                      "19·94·37",
		"nine not four":                                    "12·39·37",
		"nine instead of four":                             "12·39·37",
		"a nine instead of a four":                         "12·39·37",
		"it's a nine not a four":                           "12·39·37",
		"instead of four nine":                             "12·39·37",
		"not three but five":                               "12·54·37 12·34·57",
		"not eight but nine":                               "",
		"not four but nine nine":                           "",
		"not four":                                         "",
		"not":                                              "",
		"the second is a nine and the third is an eight":   "",
		"the second":                                       "",
		"the last two are banana":                          "",
		"the middle is nine":                               "",
		"um, no, uh, the, er, last two are, um, five six":  "12·34·56",
		"No. The last two are: 56.":                        "12·34·56",
		"the last two are 56":                              "12·34·56",
		"that's wrong, the last two are five six":          "12·34·56",
		"the last two are five six five six":               "",
		"twenty three forty five sixty seven":              "23·45·67",
		"the last two are five six at the end":             "",
		"five six the last two":                            "",
		"five six at the end of it":                        "",
		"my number is four five six seven eight nine, sir": "",
	})
}

func TestCorrectionsInGerman(t *testing.T) {
	t.Parallel()
	correctTable(t, "de", "12·34·37", 6, 6, map[string]string{
		"nein, vier fünf sechs sieben acht neun":        "456789",
		"nein es ist die 45 67 89":                      "45·67·89",
		"nein":                                          "",
		"nein, fünf sechs":                              "",
		"die letzten zwei sind fünf sechs":              "12·34·56",
		"nein, die letzten beiden sind fünf sechs":      "12·34·56",
		"die letzten zwei Ziffern sind sechsundfünfzig": "12·34·56",
		"die letzten drei sind fünf sechs sieben":       "12·35·67",
		"am Ende fünf sechs":                            "12·34·56",
		"nein, am Ende fünf sechs":                      "12·34·56",
		"nein, am Ende ist es die sechsundfünfzig":      "12·34·56",
		"am Ende kommt eine sechs":                      "12·34·36",
		"hinten fünf sechs":                             "12·34·56",
		"fünf sechs am Ende":                            "12·34·56",
		"es endet auf fünf sechs":                       "12·34·56",
		"die letzte ist eine sechs":                     "12·34·36",
		"die letzte Ziffer ist eine sechs":              "12·34·36",
		"das letzte Paar ist sechsundfünfzig":           "12·34·56",
		"der letzte Block ist fünf sechs":               "12·34·56",
		"die vorletzte ist eine neun":                   "12·34·97",
		"die erste ist eine neun":                       "92·34·37",
		"die ersten zwei sind neun neun":                "99·34·37",
		"am Anfang neunundneunzig":                      "99·34·37",
		"vorne neun neun":                               "99·34·37",
		"das zweite ist eine neun":                      "19·34·37",
		"die zweite Ziffer ist neun":                    "19·34·37",
		"die zweite Stelle ist eine neun":               "19·34·37",
		"an der zweiten Stelle neun":                    "19·34·37",
		"die zweite ist neunundneunzig":                 "12·99·37",
		"die zweite Gruppe ist neunundneunzig":          "12·99·37",
		"die dritte ist neun":                           "12·94·37",
		"die siebte ist neun":                           "",
		"nicht vier sondern neun":                       "12·39·37",
		"nein nicht vier sondern neun":                  "12·39·37",
		"nicht vier, neun":                              "12·39·37",
		"nicht die vier sondern die neun":               "12·39·37",
		"keine vier sondern eine neun":                  "12·39·37",
		"nicht vierunddreißig sondern dreiundvierzig":   "12·43·37",
		"neun statt vier":                               "12·39·37",
		"eine neun statt einer vier":                    "12·39·37",
		"neun nicht vier":                               "12·39·37",
		"statt vier neun":                               "12·39·37",
		"nicht drei sondern fünf":                       "12·54·37 12·34·57",
		"nicht acht sondern neun":                       "",
		"das ist falsch, am Ende fünf sechs":            "12·34·56",
		"das stimmt nicht, die letzte ist eine sechs":   "12·34·36",
		"keine Ahnung":                                  "",
		"äh nein, ähm, am Ende, äh, fünf sechs":         "12·34·56",
		"Entschuldigung, am Ende fünf sechs":            "12·34·56",
	})
}

func TestACorrectedNumberHasTheWantedLength(t *testing.T) {
	t.Parallel()
	heard := "12·345"
	correctTable(t, "en", heard, 5, 5, map[string]string{
		"the second group is nine nine":           "",
		"the second group is nine nine nine":      "12·999",
		"the second is nine nine nine":            "12·999",
		"the first group is nine nine nine":       "",
		"twenty three forty five sixty seven":     "",
		"twenty three forty five six":             "23·45·6",
		"at the end one two three four five six ": "",
	})
	correctTable(t, "en", heard, 3, 8, map[string]string{
		"the second group is nine nine":          "12·99",
		"the second group is nine nine nine oh":  "12·9990",
		"the first group is nine nine nine":      "999·345",
		"the first group is nine":                "9·345",
		"the first group is 9 9 9 9 9 9":         "",
		"at the end nine nine nine nine":         "19·999",
		"at the end nine nine nine nine nine":    "",
		"the second group is one two three four": "12·1234",
	})
}

func TestANumberInOneGroupIsCorrectedToo(t *testing.T) {
	t.Parallel()
	correctTable(t, "en", "123456", 6, 6, map[string]string{
		"the last two are nine nine":     "123499",
		"the second is nine":             "193456",
		"the first group is 99 99 99":    "999999",
		"the second group is nine":       "",
		"the last is nine nine":          "123499",
		"not three but five":             "125456",
		"the last group is 99 99 99":     "999999",
		"one two three four five seven":  "123457",
		"the tenth digit is nine":        "",
		"the second to last is a nine":   "123496",
		"the last four are seven triple": "",
	})
	correctTable(t, "en", "1·2·3·4", 4, 4, map[string]string{
		"the second is nine":       "1·9·3·4",
		"the second group is nine": "1·9·3·4",
		"the second digit is nine": "1·9·3·4",
	})
	correctTable(t, "en", "1·22·3", 4, 4, map[string]string{
		"the third is nine":       "1·29·3",
		"the third digit is nine": "1·29·3",
		"the third group is nine": "1·22·9",
	})
	correctTable(t, "en", "1", 1, 4, map[string]string{"the second to last is nine": "", "the last digit is nine": "9"})
	assert.Empty(t, Correct("en", nil, []byte("the last is nine"), 1, 4))
	assert.Equal(t, "12", texts(Correct("en", nil, []byte("one two"), 1, 4)), "nothing was read back")
	assert.Empty(t, Correct("en", [][]byte{[]byte(strings.Repeat("1", 33))}, []byte("one two"), 1, 4))
	assert.Empty(t, Correct("fr", split("12"), []byte("one two"), 1, 4))
}

func TestCorrectingLeavesWhatWasReadBack(t *testing.T) {
	t.Parallel()
	heard := split("12·34")
	readings := Correct("en", heard, []byte("the last is nine"), 4, 4)
	require.Equal(t, "1239", texts(readings))
	Wipe(readings)
	assert.Equal(t, split("12·34"), heard)
}

func TestCorrectionsOfLettersAndDigits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ language, words, want string }{
		{"en", "no, C as in charlie B one two three four", "CB1234"},
		{"en", "the first letter is delta", "DB·1234"},
		{"en", "no, the first letter is D as in delta", "DB·1234"},
		{"en", "the second one is D for david", "AD·1234"},
		{"en", "not bravo but delta", "AD·1234"},
		{"en", "delta instead of bravo", "AD·1234"},
		{"en", "the last two are five six", "AB·1256"},
		{"en", "the last digit is a nine", "AB·1239"},
		{"en", "the first two are charlie delta", "CD·1234"},
		{"en", "no", ""},
		{"de", "nein, der erste Buchstabe ist C wie Cäsar", "CB·1234"},
		{"de", "nicht Berta sondern Dora", "AD·1234"},
		{"de", "Dora statt Berta", "AD·1234"},
		{"de", "die letzten beiden sind fünf sechs", "AB·1256"},
		{"de", "nein Cäsar Dora fünf sechs sieben acht", "CD5678"},
	} {
		var got []string
		for _, r := range CorrectLetters(c.language, split("AB·1234"), []byte(c.words), 6, 6) {
			got = append(got, groups(r))
		}
		assert.Equal(t, c.want, strings.Join(got, " "), "%s: %q", c.language, c.words)
	}
}
