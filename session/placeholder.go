package session

import (
	"fmt"
	"slices"
	"strings"
)

// Networks and gateways write numbers for callers who have none or hide theirs: a word on the keypad, one digit over
// and over, 1234567890. They are everybody's, so they are read as no number.

// wordsForNone are the words that carriers and gateways key. Twilio documents the first five.
var wordsForNone = keysOf("ANONYMOUS", "UNAVAILABLE", "UNKNOWN", "RESTRICTED", "BLOCKED", "PRIVATE", "WITHHELD",
	"INVALID", "PAYPHONE", "OUTOFAREA", "NOTAVAILABLE", "NUMBERWITHHELD", "PRIVATENUMBER", "PRIVATECALLER", "NOCALLERID",
	"UNKNOWNCALLER", "ANONYMOUSCALLER")

// longWord is how many digits a word needs to be one behind a country code too: shorter ones are numbers of small
// countries.
const longWord = 9

func keysOf(words ...string) map[string]bool {
	numbers := map[string]bool{}
	for _, word := range words {
		numbers[Keypad(word)] = true
	}
	return numbers
}

// meansNone says whether the digits as they were told stand for no number.
func meansNone(digits string) bool {
	return wordsForNone[digits] || len(digits) >= minDigits && strings.Trim(digits, "0") == "" || isPattern(digits)
}

// standsForNone says whether a number with a country code, which may have been put before it, stands for none.
func standsForNone(e164 string, valid bool) bool {
	_, national := splitCountry(e164[1:])
	return wordsForNone[national] && (!valid || len(national) >= longWord) || isPattern(national)
}

func isPattern(digits string) bool { return len(digits) >= 7 && (isOneDigit(digits) || isRun(digits)) }

// isOneDigit matches 0000000 and 5555555555.
func isOneDigit(digits string) bool { return strings.Trim(digits, digits[:1]) == "" }

// isRun matches 1234567890, 0123456789 and 9876543210, and what they begin with.
func isRun(digits string) bool {
	step := byte(1)
	switch digits[:2] {
	case "01", "12":
	case "98", "09":
		step = 9
	default:
		return false
	}
	for i := 1; i < len(digits); i++ {
		if (digits[i]-digits[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}

// Placeholders are the numbers that stand for no number at a company, beside those that everybody knows: its gateway's
// own, the switchboard's, a relay's. The zero value has none.
type Placeholders struct {
	exact    map[string]bool
	prefixes []string
}

// NewPlaceholders reads numbers, as E.164 or of a region; one that ends in "*" stands for all that begin so.
func NewPlaceholders(numbers []string, region string) (p Placeholders, err error) {
	p.exact = map[string]bool{}
	for _, told := range numbers {
		if beginning, ok := strings.CutSuffix(told, "*"); ok {
			t, ok := readPhoneText(beginning)
			if !ok || !t.plus || len(t.digits) < 3 {
				return p, fmt.Errorf("%q: write a beginning as +49301234*", told)
			}
			p.prefixes = append(p.prefixes, "+"+t.digits)
			continue
		}
		r := ReadPhone(told, region)
		if r.E164 == "" {
			return p, fmt.Errorf("%q: %w; write it like +4930123456", told, r.Err)
		}
		p.exact[r.E164] = true
	}
	return p, nil
}

// Has says whether a number in the form of E164 is one of them.
func (p Placeholders) Has(e164 string) bool {
	return p.exact[e164] || slices.ContainsFunc(p.prefixes, func(b string) bool { return strings.HasPrefix(e164, b) })
}
