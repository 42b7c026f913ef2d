package session

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Why a text is not a telephone number that can be looked up. All of them are ErrNotANumber.
var (
	// ErrNotANumber says that a caller's or a customer's number is not a telephone number, so it cannot be looked up.
	ErrNotANumber = errors.New("not a telephone number")
	// ErrNoCountry says that a number has no country code and no region supplies it.
	ErrNoCountry = notANumber("the number has no country code and no region is set")
	// ErrLocalOnly says that a number has no area code, so it is another number in each town.
	ErrLocalOnly = notANumber("the number has no area code")
	// ErrTwoReadings says that a number without "+" is valid as an international and as a national number.
	ErrTwoReadings = notANumber("it can be two numbers")
	// ErrPlaceholder says that a number stands for one that is withheld or unknown: anybody's.
	ErrPlaceholder = notANumber("it stands for a number that is withheld or unknown")
)

// numberError is an ErrNotANumber with words of its own.
type numberError struct{ words string }

func notANumber(words string) error { return &numberError{words} }

func (e *numberError) Error() string        { return e.words }
func (e *numberError) Is(target error) bool { return target == ErrNotANumber }

// E164 normalises a telephone number to E.164 (ITU-T): "+" and up to 15 digits. It is what ReadPhone reads for certain.
func E164(told, region string) (string, error) { return ReadPhone(told, region).Certain() }

// Certain is the number for those who store it or send messages to it: one that can be two is ErrTwoReadings. Its
// errors show nothing of the number.
func (r PhoneReading) Certain() (e164 string, err error) {
	if r.Other != "" {
		return "", ErrTwoReadings
	}
	return r.E164, r.Err
}

// IsRegion says whether r is the ISO 3166 code, in capitals, of a country whose numbering plan is known.
func IsRegion(r string) bool { return len(r) == 2 && phonenumbers.GetCountryCodeForRegion(r) != 0 }

// LastFour is the part of a telephone number that events and logs may show: at most its last four digits.
func LastFour(number string) string {
	if i := strings.IndexByte(number, ';'); i > 0 { // parameters, as of a tel: URI
		number = number[:i]
	}
	var digits []byte
	for i := len(number) - 1; i >= 0 && len(digits) < 4; i-- {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append([]byte{c}, digits...)
		}
	}
	return string(digits)
}
