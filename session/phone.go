package session

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// ErrNotANumber says that a caller's or a customer's number cannot be a telephone number, so there is nothing to look up.
var ErrNotANumber = errors.New("not a telephone number")

// How many digits anything has that is looked up, country code included. E.164 allows 15.
const (
	minDigits = 5
	maxDigits = 15
)

// ErrNoCountry says that a number is written without its country code and no region was given to supply it.
var ErrNoCountry = errors.New("the number has no country code and no region is set")

// E164 writes a telephone number the one way it is stored and compared: "+" and up to 15 digits (ITU-T E.164). It understands 00 and +,
// national numbers with a trunk zero, spaces, dots, dashes and extensions; region is the ISO 3166 code of the country that a national
// number belongs to, or empty when only numbers with a country code are to be understood. Eight digits or more without "+" are then read
// as an international number, because many SIP trunks send it so.
//
// Only the length is checked against the country's numbering plan: plans change, and a number that rings is a number.
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
		return "", ErrNotANumber // too few: the rest was taken for an extension
	}
	if parsed.GetItalianLeadingZero() { // a zero that belongs to the number, as in Italy, or one trunk zero too many
		if again, err := phonenumbers.Parse(e164, region); err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
			return "", fmt.Errorf("%w: too many zeros", ErrNotANumber)
		}
	}
	return e164, nil
}

// IsRegion says whether that is a country whose numbers are known, as an ISO 3166 code in capitals.
func IsRegion(r string) bool { return len(r) == 2 && phonenumbers.GetCountryCodeForRegion(r) != 0 }

// LastFour is all of a telephone number that events and logs may show: its last four digits, or fewer if it has no more.
func LastFour(number string) string {
	var digits []byte
	for i := len(number) - 1; i >= 0 && len(digits) < 4; i-- {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append([]byte{c}, digits...)
		}
	}
	return string(digits)
}
