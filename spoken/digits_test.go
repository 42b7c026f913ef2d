package spoken

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDigitsInEnglish(t *testing.T) {
	t.Parallel()
	readTable(t, func(words []byte) []Reading { return Digits("en", words, 1, 12) }, [][2]string{
		{"one", "1"},
		{"one two three", "123"},
		{"zero one two three four five six seven eight nine", "0123456789"},
		{"ONE TWO THREE", "123"},
		{"One, two. Three!", "123"},
		{"four oh six", "406"},
		{"four o six", "406"},
		{"nought nine", "09"},
		{"naught nil nine", "009"},
		{"niner fife", "95"},
		{"double seven", "77"},
		{"double-seven", "77"},
		{"triple four", "444"},
		{"treble four five", "4445"},
		{"double oh seven", "007"},
		{"two sevens", "77"},
		{"three zeros two ones", "00011"},
		{"four five double oh six", "45006"},
		{"ten eleven twelve", "101112"},
		{"thirteen fourteen fifteen sixteen", "13141516"},
		{"seventeen eighteen nineteen", "171819"},
		{"twenty three", "23 203"},
		{"twenty-three", "23 203"},
		{"twentythree", "23"},
		{"twenty, three", "203 23"},
		{"twenty um three", "203 23"},
		{"fourty two", "42 402"},
		{"nineteen eighty four", "1984 19804"},
		{"nineteen oh four", "1904"},
		{"nineteen hundred", "1900"},
		{"nineteen hundred and four", "1904 19004"},
		{"one hundred", "100"},
		{"a hundred", "100"},
		{"a hundred and five", "105 1005"},
		{"one hundred twenty three", "123 1203 10023 100203"},
		{"two hundred", "200"},
		{"two thousand", "2000"},
		{"two thousand four", "2004 20004"},
		{"two thousand and twenty four", "2024 20204 200024 2000204"},
		{"twelve thousand three hundred and forty five",
			"12345 123405 1230045 12000345 12300405 120003405 1200030045 12000300405"},
		{"twenty five hundred", "2500 20500"},
		{"twelve", "12"},
		{"12", "12"},
		{"12 34", "1234"},
		{"1-2-3", "123"},
		{"1.2.3", "123"},
		{"1,234", "1234"},
		{"12/34", "1234"},
		{"(12) 34", "1234"},
		{"4 double 7", "477"},
		{"2 hundred", "200"},
		{"my number is one two three", "123"},
		{"My account number is: 12 34.", "1234"},
		{"it's one two three please", "123"},
		{"It’s one two three, thank you", "123"},
		{"yes, it is one two three", "123"},
		{"yes one two", "12"},
		{"um, one, uh, two, er, three", "123"},
		{"one and two and three", "123"},
		{"one two dash three four", "1234"},
		{"one two then three followed by four", "1234"},
		{"oh one two", "012 12"},
		{"oh, one two", "012 12"},
		{"i think it's four five six", "456"},
		{"hello, my customer number is four five six, that's it", "456"},
		{"the number is one two three", "123"},
		{"1 2 3 four five", "12345"},
	})
}

func TestDigitsInGerman(t *testing.T) {
	t.Parallel()
	readTable(t, func(words []byte) []Reading { return Digits("de", words, 1, 12) }, [][2]string{
		{"eins", "1"},
		{"eins zwei drei", "123"},
		{"null eins zwei drei vier fünf sechs sieben acht neun", "0123456789"},
		{"NULL EINS ZWEI", "012"},
		{"zwo", "2"},
		{"null zwo zwei", "022"},
		{"fünf fuenf funf fu\u0308nf", "5555"},
		{"zwölf zwoelf zwolf", "121212"},
		{"dreißig dreissig", "3030"},
		{"zehn elf sechzehn siebzehn", "10111617"},
		{"siebenundvierzig", "47"},
		{"sieben und vierzig", "47 740"},
		{"sieben, und vierzig", "740 47"},
		{"Sieben-und-vierzig", "47 740"},
		{"zwoundzwanzig", "22"},
		{"einundzwanzig", "21"},
		{"ein und zwanzig", "21"},
		{"fünfundfünfzig", "55"},
		{"fuenfundfuenfzig", "55"},
		{"zwanzig drei", "203"},
		{"hundert", "100"},
		{"einhundert", "100"},
		{"ein hundert", "100"},
		{"drei hundert", "300 3100"},
		{"dreihundert", "300"},
		{"drei, hundert", "3100 300"},
		{"hundertdrei", "103"},
		{"hundert drei", "103 1003"},
		{"hundertdreiundzwanzig", "123"},
		{"einhundertdreiundzwanzig", "123"},
		{"hundert dreiundzwanzig", "123 10023"},
		{"hundertundeins", "101"},
		{"tausend", "1000"},
		{"eintausend", "1000"},
		{"zweitausendvier", "2004"},
		{"zwölftausenddreihundertfünfundvierzig", "12345"},
		{"zwölf tausend fünf und vierzig", "12045 1200045 1200540 12000540 121045 12100045 12100540 121000540"},
		{"neunzehnhundertvierundachtzig", "1984"},
		{"neunzehn vierundachtzig", "1984"},
		{"neunzehnvierundachtzig", "1984"},
		{"achtzehnhundert", "1800"},
		{"einszweidrei", "123"},
		{"achteins", "81"},
		{"doppel sieben", "77"},
		{"doppelsieben", "77"},
		{"Doppel-Sieben", "77"},
		{"doppelnull sieben", "007"},
		{"dreimal die vier", "444"},
		{"dreimal vier", "444"},
		{"drei mal die vier", "444"},
		{"zweimal null", "00"},
		{"zwei Nullen", "00"},
		{"drei Siebenen", "777"},
		{"viermal die Null", "0000"},
		{"2 mal die 7", "77"},
		{"12 34", "1234"},
		{"meine Nummer ist eins zwei drei", "123"},
		{"Meine Kundennummer lautet: 12 34.", "1234"},
		{"das ist die vier fünf sechs, danke", "456"},
		{"ja, die vier fünf sechs", "456"},
		{"äh, eins, ähm, zwei, öh, drei", "123"},
		{"eins und zwei und drei", "123"},
		{"eins zwei Strich drei vier", "1234"},
		{"eine vier, dann eine fünf", "45"},
		{"also ich habe hier die eins zwei bitte", "12"},
	})
}

func TestWhatIsNotUnderstoodIsNoNumber(t *testing.T) {
	t.Parallel()
	for _, phrase := range []string{
		"", " ", "hello", "yes", "no one two three", "one two three no four", "not one", "one two what three", "one moment",
		"one million", "one two three percent", "1.5%", "#12", "*1", "12*", "one @ two", "minus", "and", "my number is",
		"half past four", "first", "for five six", "to two", "one or two", "twelfth", "double", "double twenty",
		"one two three four five six seven eight nine oh one two three", "ein zwei", "1 dollar", "$12", "12€", "१२", "１２",
		"double double seven", "one two star", "one\x00two", "one\xfftwo", "hundred", "thousand",
		"it starts with one two", "the last two are one two",
	} {
		assert.Empty(t, texts(Digits("en", []byte(phrase), 1, 12)), "%q", phrase)
	}
	for _, phrase := range []string{
		"", "hallo", "ja", "nein vier fünf", "vier nicht fünf", "nicht vier", "ein", "ein drei", "Million", "eine Million",
		"vier Uhr", "halb vier", "erste", "vierter", "doppel", "vier oder fünf", "vier fünf Stern", "one two", "mal",
		"Achtung", "achtsam", "und", "meine Nummer ist", "null Ahnung", "am Ende fünf",
	} {
		assert.Empty(t, texts(Digits("de", []byte(phrase), 1, 12)), "%q", phrase)
	}
}

func TestOnlyReadingsOfTheWantedLengthAreReturned(t *testing.T) {
	t.Parallel()
	read := func(phrase string, least, most int) string {
		return texts(Digits("en-GB", []byte(phrase), least, most))
	}
	assert.Equal(t, "23", read("twenty three", 2, 2))
	assert.Equal(t, "203", read("twenty three", 3, 3))
	assert.Equal(t, "23 203", read("twenty three", 2, 3))
	assert.Empty(t, read("twenty three", 4, 8))
	assert.Equal(t, "204060", read("twenty forty sixty", 6, 6))
	assert.Equal(t, "23456", read("twenty three forty five six", 5, 5))
	assert.Equal(t, "20346 23406", read("twenty three forty six", 5, 5))
	assert.Empty(t, read("one", 2, 1), "no length at all")
	assert.Empty(t, read("", 0, 0))
	assert.Equal(t, "1", read("one", -3, 1000))
	long := strings.Repeat("one ", 32)
	assert.Equal(t, strings.Repeat("1", 32), read(long, 1, 1000))
	assert.Empty(t, read(long+"one", 1, 1000), "more than the longest")
}

func TestDigitsAreGroupedAsTheyWereSaid(t *testing.T) {
	t.Parallel()
	for phrase, want := range map[string]string{
		"one two three":             "123",
		"one two, three four":       "12·34",
		"12 34 56":                  "12·34·56",
		"one two and three":         "12·3",
		"twenty three four five":    "23·45",
		"four five double oh six":   "45·00·6",
		"one um two":                "1·2",
		"my number is, one two":     "12",
		"four hundred seven eleven": "400·7·11",
	} {
		readings := Digits("en", []byte(phrase), 1, 12)
		best := readings[0]
		if phrase == "four hundred seven eleven" {
			best = Digits("en", []byte(phrase), 6, 6)[0]
		}
		assert.Equal(t, want, groups(best), "%q", phrase)
	}
}

func TestTelephoneNumbersMayBeginWithAPlus(t *testing.T) {
	t.Parallel()
	read := func(language, phrase string) string { return texts(Telephone(language, []byte(phrase), 5, 15)) }
	assert.Equal(t, "+491701234567", read("en", "plus four nine one seven oh one two three four five six seven"))
	assert.Equal(t, "+491701234567", read("de", "meine Nummer ist die plus vier neun 170 1234567"))
	assert.Equal(t, "+491701234567", read("en", "+49 170 123 45 67"))
	assert.Equal(t, "01701234567", read("de", "0170 1234567"))
	assert.Empty(t, read("en", "plus four nine one seven"), "four digits; the sign is none")
	assert.Equal(t, "+12345", texts(Telephone("en", []byte("+12345"), 5, 5)))
	assert.Empty(t, read("en", "one two three plus four five six"))
	assert.Empty(t, read("en", "plus plus one two three four five"))
	assert.Empty(t, texts(Digits("en", []byte("plus one two three"), 1, 12)))
}

func TestLanguagesAreFoundByTheirTags(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"en", "de"}, Languages())
	for _, tag := range []string{"en", "EN", "en-US", "en-GB", "en-AU-x-y", "de", "de-AT", "de-ch"} {
		assert.True(t, Supports(tag), tag)
	}
	for _, tag := range []string{"", "fr", "english", "e", "-en"} {
		assert.False(t, Supports(tag), tag)
		assert.Empty(t, Digits(tag, []byte("12"), 1, 9))
		command, rest := CommandIn(tag, []byte("yes"))
		assert.Equal(t, None, command)
		assert.Empty(t, rest)
		assert.Empty(t, Grammars(tag))
	}
	assert.Equal(t, "12", texts(Digits("de-AT", []byte("zwölf"), 1, 9)))
	assert.Empty(t, Digits("en", []byte("zwölf"), 1, 9))
}

func TestTooMuchIsNotRead(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Digits("en", []byte(strings.Repeat(" ", maxInput)+"1"), 1, 9))
	assert.NotEmpty(t, Digits("en", []byte(strings.Repeat(" ", maxInput-1)+"1"), 1, 9))
	words := strings.Repeat("and ", maxTokens-1)
	require.Less(t, len(words)+3, maxInput)
	assert.NotEmpty(t, Digits("en", []byte(words+"1"), 1, 9))
	assert.Empty(t, Digits("en", []byte(words+"1 2"), 1, 9))
	many := Digits("en", []byte(strings.Repeat("twenty three ", 8)), 1, 32)
	assert.Len(t, many, maxReadings)
}
