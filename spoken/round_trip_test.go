package spoken

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// speaker says numbers in one of the ways that people do. It has words of its own, so that it does not repeat the
// mistakes of the tables.
type speaker struct {
	*rand.Rand
	language string
}

var (
	englishUnits = strings.Fields("zero one two three four five six seven eight nine")
	englishTeens = strings.Fields(
		"ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	englishTens = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
	germanUnits = strings.Fields("null eins zwei drei vier fünf sechs sieben acht neun")
	germanTeens = strings.Fields("zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn")
	germanTens  = strings.Fields("- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
)

func (s speaker) pick(of ...string) string { return of[s.IntN(len(of))] }

func (s speaker) digit(d int) string {
	switch {
	case s.language == "de" && d == 2:
		return s.pick("zwei", "zwo")
	case s.language == "de":
		return germanUnits[d]
	case d == 0:
		return s.pick("zero", "oh", "o")
	}
	return englishUnits[d]
}

func (s speaker) below100(n int) string {
	units, teens, tens := englishUnits, englishTeens, englishTens
	if s.language == "de" {
		units, teens, tens = germanUnits, germanTeens, germanTens
	}
	switch {
	case n < 10:
		return s.digit(n)
	case n < 20:
		return teens[n-10]
	case n%10 == 0:
		return tens[n/10]
	case s.language == "de":
		one := units[n%10]
		if n%10 == 1 {
			one = "ein"
		}
		return one + s.pick("und", " und ") + tens[n/10]
	}
	return tens[n/10] + s.pick(" ", "-") + units[n%10]
}

func (s speaker) below1000(n int) string {
	if n < 100 {
		return s.below100(n)
	}
	hundreds, and := englishUnits[n/100]+" hundred", s.pick(" ", " and ")
	if s.language == "de" {
		hundreds, and = strings.Replace(germanUnits[n/100], "eins", "ein", 1)+s.pick("", " ")+"hundert", s.pick("", " ")
		if n/100 == 1 && s.IntN(2) == 0 {
			hundreds = "hundert"
		}
	}
	if n%100 == 0 {
		return hundreds
	}
	return hundreds + and + s.below100(n%100)
}

// number says digits, some alone, some together, some doubled.
func (s speaker) number(digits string) string {
	var all []string
	for i := 0; i < len(digits); {
		d := int(digits[i] - '0')
		twice := i+1 < len(digits) && digits[i+1] == digits[i]
		thrice := twice && i+2 < len(digits) && digits[i+2] == digits[i]
		switch way := s.IntN(6); {
		case thrice && way < 3:
			all = append(all, map[string]string{"en": "triple ", "de": s.pick("dreimal die ", "dreimal ")}[s.language]+
				s.digit(d))
			i += 3
		case twice && way < 4:
			all = append(all, map[string]string{"en": "double ", "de": s.pick("doppel ", "zweimal die ", "doppel-")}[s.language]+
				s.digit(d))
			i += 2
		case way == 0 && d > 0 && i+3 <= len(digits):
			n := 100*d + 10*int(digits[i+1]-'0') + int(digits[i+2]-'0')
			all = append(all, s.below1000(n))
			i += 3
		case way < 3 && d > 0 && i+2 <= len(digits):
			all = append(all, s.below100(10*d+int(digits[i+1]-'0')))
			i += 2
		case way == 3:
			all = append(all, digits[i:i+1])
			i++
		default:
			all = append(all, s.digit(d))
			i++
		}
	}
	return s.among(all)
}

// among puts what means nothing among the parts of a number.
func (s speaker) among(parts []string) string {
	before := map[string][]string{
		"en": {"", "", "my number is ", "It's ", "um ", "yes, that's "},
		"de": {"", "", "meine Nummer ist die ", "äh ", "das ist "},
	}[s.language]
	between := map[string][]string{"en": {" ", " ", " ", ", ", " um ", " dash ", " and then "},
		"de": {" ", " ", " ", ", ", " ähm ", " Strich ", " dann "}}[s.language]
	after := map[string][]string{"en": {"", "", " please", "."}, "de": {"", "", " bitte", "."}}[s.language]
	said := s.pick(before...)
	for i, part := range parts {
		if i > 0 {
			said += s.pick(between...)
		}
		said += part
	}
	return said + s.pick(after...)
}

func (s speaker) digits(n int) string {
	digits := ""
	for range n {
		if n := len(digits); n > 0 && s.IntN(4) == 0 {
			digits += digits[n-1:]
		} else {
			digits += fmt.Sprint(s.IntN(10))
		}
	}
	return digits
}

func TestANumberSaidInAnyWayIsAmongItsReadings(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "de"} {
		first, tries := 0, 1000
		for i := range tries {
			s := speaker{rand.New(rand.NewPCG(uint64(i), 1)), language}
			want := s.digits(3 + s.IntN(8))
			said := s.number(want)
			readings := Digits(language, []byte(said), len(want), len(want))
			require.Contains(t, " "+texts(readings)+" ", " "+want+" ", "%s: %q", language, said)
			if string(readings[0].Reveal()) == want {
				first++
			}
		}
		assert.Greater(t, first, tries*9/10, "%s: it is the best reading nearly always", language)
	}
}

func TestANumberSaidDigitByDigitOrInPairsHasOneReading(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "de"} {
		for i := range 500 {
			s := speaker{rand.New(rand.NewPCG(uint64(i), 2)), language}
			want := s.digits(6)
			var each, pairs []string
			for i, d := range want {
				each = append(each, s.digit(int(d-'0')))
				if i%2 == 1 {
					n := 10*int(want[i-1]-'0') + int(d-'0')
					if n < 10 {
						pairs = append(pairs, s.digit(0)+" "+s.digit(n))
					} else {
						pairs = append(pairs, s.below100(n))
					}
				}
			}
			said := strings.Join(each, " ")
			assert.Equal(t, want, texts(Digits(language, []byte(said), 6, 6)), "%s: %q", language, said)
			said = strings.Join(pairs, " ")
			assert.Equal(t, want, string(Digits(language, []byte(said), 6, 6)[0].Reveal()), "%s: %q", language, said)
		}
	}
}

func TestAnIdentifierSaidInAnyWayIsAmongItsReadings(t *testing.T) {
	t.Parallel()
	nato := strings.Fields("Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November " +
		"Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-Ray Yankee Zulu")
	din := strings.Fields("Anton Berta Cäsar Dora Emil Friedrich Gustav Heinrich Ida Julius Kaufmann Ludwig Martha " +
		"Nordpol Otto Paula Quelle Richard Samuel Theodor Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias")
	for _, language := range []string{"en", "de"} {
		alphabet, asIn := nato, []string{" as in ", " for ", " like "}
		if language == "de" {
			alphabet, asIn = din, []string{" wie ", " wie "}
		}
		for i := range 500 {
			s := speaker{rand.New(rand.NewPCG(uint64(i), 3)), language}
			var want string
			var said []string
			for range 3 + s.IntN(6) {
				if s.IntN(2) == 0 {
					d := s.IntN(10)
					want += fmt.Sprint(d)
					said = append(said, s.digit(d))
					continue
				}
				l := s.IntN(26)
				letter := string(rune('A' + l))
				want += letter
				said = append(said, s.pick(letter, strings.ToLower(letter), alphabet[l], letter+s.pick(asIn...)+alphabet[l],
					letter+" "+alphabet[l]))
			}
			sentence := strings.Join(said, s.pick(" ", ", "))
			readings := Letters(language, []byte(sentence), len(want), len(want))
			assert.Contains(t, " "+texts(readings)+" ", " "+want+" ", "%s: %q", language, sentence)
		}
	}
}

func TestADateSaidInAnyWayIsAmongItsReadings(t *testing.T) {
	t.Parallel()
	months := map[string][]string{
		"en": strings.Fields("January February March April May June July August September October November December"),
		"de": strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
	}
	ordinals := strings.Fields("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth " +
		"thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth")
	ordinal := func(s speaker, n int) string {
		switch {
		case s.language == "de" && n < 20:
			stem := map[int]string{1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}[n]
			if stem == "" {
				stem = strings.Replace(s.below100(n), "zwo", "zwei", 1) + "t"
			}
			return stem + s.pick("er", "e", "en")
		case s.language == "de":
			return s.below100(n) + "st" + s.pick("er", "e", "en")
		case n <= 20:
			return ordinals[n-1]
		case n == 30:
			return "thirtieth"
		}
		return englishTens[n/10] + s.pick(" ", "-") + ordinals[n%10-1]
	}
	year := func(s speaker, y int) string {
		century, rest := y/100, y%100
		switch {
		case s.language == "en" && century == 20 && rest < 10:
			return strings.TrimSuffix("two thousand"+s.pick(" ", " and ")+s.below100(rest), s.pick(" zero", " oh", " o"))
		case s.language == "de" && century == 20:
			return strings.TrimSuffix("zweitausend"+s.pick("", " ")+s.below100(rest), "null")
		case s.language == "de":
			return "neunzehn" + s.pick("hundert", " hundert ") + s.below100(rest)
		case rest == 0:
			return "nineteen hundred"
		case rest < 10:
			return "nineteen oh " + englishUnits[rest]
		}
		return s.below100(century) + " " + s.below100(rest)
	}
	for _, tag := range []string{"en-US", "en-GB", "de"} {
		language := tag[:2]
		for i := range 500 {
			s := speaker{rand.New(rand.NewPCG(uint64(i), 4)), language}
			date := year1900.AddDate(1, 0, s.IntN(365*120))
			if date.Year() == 2000 {
				continue // «two thousand zero» is said by nobody
			}
			day, month, y := date.Day(), months[language][date.Month()-1], year(s, date.Year())
			var said string
			switch {
			case s.IntN(3) == 0 && tag == "en-US":
				said = s.pick(fmt.Sprintf("%d/%d/%d", date.Month(), day, date.Year()),
					s.below100(int(date.Month()))+" "+s.below100(day)+" "+y)
			case s.IntN(3) == 0 && tag != "en-US":
				said = s.pick(fmt.Sprintf("%d.%d.%d", day, date.Month(), date.Year()),
					s.below100(day)+" "+s.below100(int(date.Month()))+" "+y)
			case language == "en":
				said = s.pick("the "+ordinal(s, day)+" of "+month+" "+y, month+" "+ordinal(s, day)+", "+y,
					fmt.Sprintf("%d %s %d", day, month, date.Year()))
			default:
				said = s.pick(ordinal(s, day)+" "+month+" "+y, "am "+ordinal(s, day)+" "+ordinal(s, int(date.Month()))+" "+y,
					fmt.Sprintf("%d. %s %d", day, month, date.Year()))
			}
			readings := Dates(tag, []byte(said), year1900, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			want := date.Format("20060102")
			require.Contains(t, " "+texts(readings)+" ", " "+want+" ", "%s: %q", tag, said)
		}
	}
}
