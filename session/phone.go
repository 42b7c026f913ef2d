package session

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// ErrNotANumber says that a caller's or a customer's number is not a telephone number, so it cannot be looked up.
var ErrNotANumber = errors.New("not a telephone number")

// Bounds of the digits of a number, country code included. E.164 allows 15.
const (
	minDigits = 5
	maxDigits = 15
)

// ErrNoCountry says that a number has no country code and no region supplies it.
var ErrNoCountry = errors.New("the number has no country code and no region is set")

// E164 normalises a telephone number to E.164 (ITU-T): "+" and up to 15 digits. It understands 00 and +, national
// numbers with a trunk zero, spaces, dots, dashes and extensions. region is the ISO 3166 country of national numbers.
// If it is empty, only numbers with a country code are understood, and eight digits or more without "+" are read as an
// international number, because many SIP trunks send it so.
//
// Only the length is checked against the country's numbering plan, because plans change.
func E164(raw, region string) (string, error) {
	raw = strings.TrimSpace(raw)
	number, extension := raw, ""
	if i := strings.IndexFunc(raw, unicode.IsLetter); i >= 0 {
		number, extension = raw[:i], strings.ToLower(raw[i:])
	}
	if extension != "" && !strings.HasPrefix(extension, "ext") && !strings.HasPrefix(extension, "x") {
		return "", ErrNotANumber // "anonymous", a SIP user name: phonenumbers would read letters as a vanity number
	}
	digits := 0
	for _, r := range number {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits < minDigits {
		return "", ErrNotANumber
	}
	region = strings.ToUpper(region)
	if region == "" && !strings.HasPrefix(raw, "+") {
		switch {
		case strings.HasPrefix(raw, "00"):
			raw = "+" + raw[2:]
		case strings.HasPrefix(raw, "0"), digits < 8:
			return "", ErrNoCountry
		default:
			raw = "+" + raw
		}
	}
	if region == "" {
		region = "ZZ"
	}
	parsed, err := phonenumbers.Parse(raw, region)
	if err != nil {
		if errors.Is(err, phonenumbers.ErrInvalidCountryCode) && region == "ZZ" {
			return "", fmt.Errorf("%w: unknown country code", ErrNotANumber)
		}
		return "", ErrNotANumber
	}
	if !phonenumbers.IsPossibleNumber(parsed) {
		return "", fmt.Errorf("%w: wrong number of digits for its country", ErrNotANumber)
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if digits := len(e164) - 1; digits < minDigits || digits > maxDigits {
		return "", ErrNotANumber // too few: the rest was read as an extension
	}
	if parsed.GetItalianLeadingZero() { // a zero of the number itself, as in Italy, or one trunk zero too many
		if again, err := phonenumbers.Parse(e164, region); err != nil || phonenumbers.Format(
			again, phonenumbers.E164,
		) != e164 {
			return "", fmt.Errorf("%w: too many zeros", ErrNotANumber)
		}
	}
	return e164, nil
}

// IsRegion says whether r is the ISO 3166 code, in capitals, of a country whose numbering plan is known.
func IsRegion(r string) bool { return len(r) == 2 && phonenumbers.GetCountryCodeForRegion(r) != 0 }

// LastFour is the part of a telephone number that events and logs may show: at most its last four digits.
func LastFour(number string) string {
	var digits []byte
	for i := len(number) - 1; i >= 0 && len(digits) < 4; i-- {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append([]byte{c}, digits...)
		}
	}
	return string(digits)
}
