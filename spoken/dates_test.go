package spoken

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	year1900   = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	inJune2025 = time.Date(2025, 6, 15, 12, 0, 0, 0, time.UTC)
)

func datesIn(language string) func(words []byte) []Reading {
	return func(words []byte) []Reading { return Dates(language, words, year1900, inJune2025) }
}

func TestDatesInEnglishWithTheMonthInWords(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "en-US", "en-GB"} {
		readTable(t, datesIn(tag), [][2]string{
			{"the fourth of July nineteen eighty four", "19840704"},
			{"fourth of July nineteen eighty-four", "19840704"},
			{"July fourth nineteen eighty four", "19840704"},
			{"July the fourth, nineteen eighty four", "19840704"},
			{"July four nineteen eighty four", "19840704"},
			{"four July eighty four", "19840704"},
			{"July 4th 84", "19840704"},
			{"4th July 1984", "19840704"},
			{"4 July 1984", "19840704"},
			{"July 4, 1984", "19840704"},
			{"4th of Jul. '84", "19840704"},
			{"1984 July 4", "19840704"},
			{"nineteen eighty four July fourth", "19840704"},
			{"the twenty first of March nineteen ninety", "19900321"},
			{"the twenty-first of March nineteen ninety", "19900321"},
			{"March 21st 1990", "19900321"},
			{"the thirty first of December nineteen ninety nine", "19991231"},
			{"the twelfth of December two thousand", "20001212"},
			{"the twelfth of December two thousand and four", "20041212"},
			{"the twelfth of December two thousand four", "20041212"},
			{"the twelfth of December twenty oh four", "20041212"},
			{"the twelfth of December oh four", "20041212"},
			{"the twelfth of December twenty twelve", "20121212"},
			{"the first of May nineteen hundred and four", "19040501"},
			{"the first of May nineteen oh four", "19040501"},
			{"the first of May one nine eight four", "19840501"},
			{"I was born on the first of May, nineteen eighty four", "19840501"},
			{"my date of birth is May first eighty four please", "19840501"},
			{"it's um the second of uh February nineteen sixty", "19600202"},
			{"February twenty ninth nineteen eighty four", "19840229"},
			{"February twenty ninth nineteen eighty five", ""},
			{"February thirtieth nineteen eighty four", ""},
			{"the thirty second of May nineteen eighty four", ""},
			{"the fourth of July", ""},
			{"July nineteen eighty four", ""},
			{"July twenty fourteen", ""},
			{"July twenty fourteen eighty four", ""},
			{"July nineteenth eighty four", "19840719"},
			{"July 19 84", "19840719"},
			{"nineteen July eighty four", "19840719"},
			{"the fourth of July eighteen eighty four", ""},
			{"the fourth of July twenty thirty", ""},
			{"not the fourth of July nineteen eighty four", ""},
			{"the fourth of July or August nineteen eighty four", ""},
			{"today", ""},
			{"", ""},
		})
	}
}

func TestDatesInNumbersAreInTheOrderOfTheRegion(t *testing.T) {
	t.Parallel()
	for phrase, want := range map[string][2]string{ // America, Britain
		"seven four nineteen eighty-four":          {"19840704", "19840407"},
		"seven four eighty four":                   {"19840704", "19840407"},
		"oh seven oh four nineteen eighty four":    {"19840704", "19840407"},
		"zero seven zero four one nine eight four": {"19840704", "19840407"},
		"07 04 1984":                             {"19840704", "19840407"},
		"07/04/1984":                             {"19840704", "19840407"},
		"7.4.84":                                 {"19840704", "19840407"},
		"07041984":                               {"19840704", "19840407"},
		"070484":                                 {"19840704", "19840407"},
		"1984-07-04":                             {"19840704", "19840704"},
		"19840704":                               {"19840704", "19840704"},
		"twenty five seven nineteen eighty four": {"19840725", "19840725"},
		"seven twenty five nineteen eighty four": {"19840725", "19840725"},
		"eleven twelve eighty four":              {"19841112", "19841211"},
		"the fourth of the seventh nineteen eighty four":        {"19840704", "19840704"},
		"one one nineteen eighty four":                          {"19840101", "19840101"},
		"one two one nine eight four":                           {"19840102 19841219", "19840201"},
		"thirteen thirteen nineteen eighty four":                {"", ""},
		"thirty one four nineteen eighty four":                  {"", ""},
		"four seven":                                            {"", ""},
		"one two three four five":                               {"", ""},
		"one two oh four":                                       {"20040102", "20040201"},
		"zero one two three eight four":                         {"19840123", "19840123"},
		"seven nineteen eighty four":                            {"19840719", "19840719"},
		"one nine eight four":                                   {"", ""},
		"my birthday is seven four nineteen eighty four thanks": {"19840704", "19840407"},
	} {
		assert.Equal(t, want[0], texts(datesIn("en-US")([]byte(phrase))), "America: %q", phrase)
		assert.Equal(t, want[0], texts(datesIn("en")([]byte(phrase))), "%q", phrase)
		assert.Equal(t, want[1], texts(datesIn("en-GB")([]byte(phrase))), "Britain: %q", phrase)
	}
}

func TestDatesInGerman(t *testing.T) {
	t.Parallel()
	readTable(t, datesIn("de-AT"), [][2]string{
		{"vierter Juli neunzehnhundertvierundachtzig", "19840704"},
		{"der vierte Juli neunzehnhundertvierundachtzig", "19840704"},
		{"am vierten Juli neunzehnhundert vierundachtzig", "19840704"},
		{"den vierten Juli vierundachtzig", "19840704"},
		{"vierter siebter vierundachtzig", "19840704"},
		{"vierter siebenter vierundachtzig", "19840704"},
		{"vierter siebter neunzehn vierundachtzig", "19840704"},
		{"am vierten siebten neunzehnvierundachtzig", "19840704"},
		{"der vierte siebte im Jahr neunzehnhundertvierundachtzig", "19840704"},
		{"4. 7. 84", "19840704"},
		{"4.7.1984", "19840704"},
		{"04.07.1984", "19840704"},
		{"04071984", "19840704"},
		{"040784", "19840704"},
		{"4. Juli 1984", "19840704"},
		{"1984-07-04", "19840704"},
		{"vier sieben vierundachtzig", "19840704"},
		{"null vier null sieben eins neun acht vier", "19840704"},
		{"null vier null sieben acht vier", "19840704"},
		{"einundzwanzigster März neunzehnhundertneunzig", "19900321"},
		{"ein und zwanzigster Maerz neunzehnhundert neunzig", "19900321"},
		{"der einunddreißigste Dezember neunzehnhundertneunundneunzig", "19991231"},
		{"dreissigster zwölfter neunundneunzig", "19991230"},
		{"erster erster zweitausend", "20000101"},
		{"erster Mai zweitausendvier", "20040501"},
		{"erster Mai zweitausend und vier", "20040501"},
		{"erster Mai zwanzig null vier", "20040501"},
		{"erster Mai null vier", "20040501"},
		{"erster Mai neunzehnhundertundvier", "19040501"},
		{"erster Mai neunzehnhundertvier", "19040501"},
		{"zweiter Juno neunzehnhundertsechzig", "19600602"},
		{"zweiter Julei neunzehnhundertsechzig", "19600702"},
		{"dritter Jänner neunzehnhundertsechzig", "19600103"},
		{"dritter Feber neunzehnhundertsechzig", "19600203"},
		{"ich bin am dritten Januar neunzehnhundertsechzig geboren", "19600103"},
		{"geboren am dritten Januar neunzehnhundertsechzig", "19600103"},
		{"mein Geburtsdatum ist der dritte erste sechzig", "19600103"},
		{"äh der dritte ähm erste sechzig bitte", "19600103"},
		{"neunundzwanzigster Februar vierundachtzig", "19840229"},
		{"neunundzwanzigster Februar fünfundachtzig", ""},
		{"zweiunddreißigster Mai vierundachtzig", ""},
		{"vierter dreizehnter vierundachtzig", ""},
		{"siebenter fünfundzwanzigster vierundachtzig", ""},
		{"vierter Juli", ""},
		{"nicht vierter Juli vierundachtzig", ""},
		{"keine Ahnung", ""},
	})
}

func TestOfTwoCenturiesTheLatestThatFitsCounts(t *testing.T) {
	t.Parallel()
	upTo := func(last time.Time) string {
		return texts(Dates("en", []byte("June 15th 25"), year1900, last))
	}
	assert.Equal(t, "20250615", upTo(inJune2025))
	assert.Equal(t, "19250615", upTo(inJune2025.AddDate(0, 0, -1)), "it is not yet")
	assert.Equal(t, "20250615", upTo(inJune2025.AddDate(5, 0, 0)))
	assert.Equal(t, "19040229", texts(Dates("en", []byte("February 29 04"), year1900, inJune2025.AddDate(-25, 0, 0))))
	assert.Empty(t, Dates("en", []byte("June 15th 99"), inJune2025.AddDate(-10, 0, 0), inJune2025))
	assert.Empty(t, Dates("en", []byte("June 15th 2020"), inJune2025, year1900), "no day is between")
	first := time.Date(1984, 7, 4, 23, 59, 0, 0, time.FixedZone("", 3600))
	assert.Equal(t, "19840704", texts(Dates("en", []byte("July 4 84"), first, first)), "both days are included")
}

func TestADateIsYearMonthAndDay(t *testing.T) {
	t.Parallel()
	readings := Dates("en", []byte("July 4th 84"), year1900, inJune2025)
	require.Len(t, readings, 1)
	assert.Equal(t, "1984·07·04", groups(readings[0]))
}
