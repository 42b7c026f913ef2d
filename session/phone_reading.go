package session

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"countersign/session/event"
)

// PhoneReading is what ReadPhone made of a text.
type PhoneReading struct {
	// E164 is the number; empty if Err is set.
	E164 string
	// Form is how it was written.
	Form event.NumberForm
	// Valid: the number exists in its country's numbering plan. Otherwise only its length is possible: the plan is newer
	// than ours, or it is mistyped or made up.
	Valid bool
	// International and Other are both numbers, if the same text can be two; else empty. If Other is as likely, Err is
	// ErrTwoReadings.
	International, Other string
	// Told is the last four digits of the text.
	Told string
	// Err says why it is not a number that can be looked up: ErrNotANumber or a kind of it.
	Err error

	digits string // as told
}

// Bounds of the digits of a number, country code included. E.164 allows 15.
const (
	minDigits = 5
	maxDigits = 15
)

// withoutRegion is how many digits a number needs to be international without "+" and without being valid.
const withoutRegion = 11

// ReadPhone reads a telephone number as callers' networks, CRMs and spreadsheets write it. region is the ISO 3166
// country of national numbers, or empty.
//
// A number with "+", 00 or 011 is international. Without them, it is international if that is valid and the national
// reading is not, and national the other way round. If both are valid, Other is the second one. Then E164 is the
// international number where national numbers are written with a leading zero that this one does not have, because
// many SIP trunks leave out the "+"; unless the national reading is a mobile number. In all other cases neither is
// taken, so that nobody is looked up as somebody else.
func ReadPhone(told, region string) PhoneReading {
	t, ok := readPhoneText(told)
	r := PhoneReading{Told: LastFour(t.digits), digits: t.digits}
	switch {
	case !ok:
		r.Told, r.Err = LastFour(told), ErrNotANumber
	case meansNone(t.digits):
		r.Err = ErrPlaceholder
	case len(t.digits) < minDigits, len(t.digits) > maxDigits+len("0011"):
		r.Err = ErrNotANumber
	default:
		r.read(t, strings.ToUpper(region))
	}
	if r.Err == nil && standsForNone(r.E164, r.Valid) {
		r.Err = ErrPlaceholder
	}
	if r.Err != nil {
		r.E164, r.Valid = "", false
	}
	return r
}

// counted is what attempts from the number are counted under, or empty if it is nobody's.
func (r PhoneReading) counted() string {
	switch {
	case r.E164 != "", errors.Is(r.Err, ErrPlaceholder), r.digits == "":
		return r.E164
	case len(r.digits) < minDigits:
		return ""
	}
	return "unread " + r.digits
}

// event describes the reading without showing the number.
func (r PhoneReading) event() *event.Number {
	n := &event.Number{ToldLast4: r.Told, Form: r.Form, Last4: LastFour(r.E164), Warning: r.warning()}
	if r.E164 != "" {
		n.Country, _ = splitCountry(r.E164[1:])
	}
	return n
}

func (r PhoneReading) warning() event.NumberWarning {
	switch {
	case errors.Is(r.Err, ErrPlaceholder):
		return event.NumberPlaceholder
	case r.Other != "":
		return event.NumberTwoReadings
	case errors.Is(r.Err, ErrNoCountry):
		return event.NumberNoCountry
	case errors.Is(r.Err, ErrLocalOnly):
		return event.NumberLocalOnly
	case r.Err != nil:
		return event.NumberNotANumber
	case !r.Valid:
		return event.NumberNotValid
	}
	return ""
}

func (r *PhoneReading) read(t phoneText, region string) {
	rest, zeros := strings.CutPrefix(t.digits, "00")
	switch {
	case t.plus && !zeros:
		r.takes(event.NumberInternational, t.international(t.digits))
	case zeros && (r.takes(event.NumberPrefixed, t.international(rest)) && r.Valid || t.plus):
	case region == "" && zeros: // what 00 makes of it, or its error
	case region == "":
		r.readAlone(t)
	case t.digits[0] == '0':
		r.readNational(t, region)
	default:
		r.readBoth(t, region)
	}
}

// takes sets the number, and says whether it is one.
func (r *PhoneReading) takes(form event.NumberForm, c candidate) bool {
	r.Form, r.E164, r.Valid, r.Err = form, c.e164, c.valid, c.err
	return c.err == nil
}

// readAlone reads a number without country code where no region supplies one.
func (r *PhoneReading) readAlone(t phoneText) {
	if rest, ok := strings.CutPrefix(t.digits, "011"); ok {
		if c := t.international(rest); c.valid {
			r.takes(event.NumberPrefixed, c)
			return
		}
	}
	c := t.withoutPlus()
	if !c.valid && len(t.digits) >= withoutRegion {
		c = t.international(t.digits)
	}
	if !r.takes(event.NumberWithoutPlus, c) {
		r.Form, r.Err = event.NumberNational, ErrNoCountry
		return
	}
	if len(t.digits) != len("2125550123") {
		return
	}
	if american := national(t.digits, "US"); american.valid && american.e164 != c.e164 {
		r.Other, r.International, r.Err = american.e164, c.e164, ErrTwoReadings
	}
}

// readNational reads a number that begins with a zero: no country code does. r has what 00 makes of it, if it can.
func (r *PhoneReading) readNational(t phoneText, region string) {
	c, zeros := national(t.digits, region), *r
	if c.valid {
		r.takes(event.NumberNational, c)
		return
	}
	rest, is011 := strings.CutPrefix(t.digits, "011")
	switch {
	case is011 && r.takes(event.NumberPrefixed, t.international(rest)) && r.Valid:
	case r.takes(event.NumberPrefixed, prefixedIn(t.digits, region)) && r.Valid:
	case zeros.E164 != "" && zeros.Err == nil:
		*r = zeros
	default:
		r.takes(event.NumberNational, c)
	}
}

// readBoth reads a number that can have a country code without "+", an international prefix without zero, or neither.
func (r *PhoneReading) readBoth(t phoneText, region string) {
	home, abroad := national(t.digits, region), t.withoutPlus()
	trunk := phonenumbers.GetNddPrefixForRegion(region, true)
	switch {
	case home.valid && (!abroad.valid || home.e164 == abroad.e164 || t.hasArea(trunk)):
		r.takes(event.NumberNational, home)
		return
	case home.valid:
		r.takes(event.NumberWithoutPlus, abroad)
		r.Other, r.International = home.e164, abroad.e164
		if trunk != "0" || home.isMobile() {
			r.Err = ErrTwoReadings
		}
		return
	}
	prefixed := prefixedIn(t.digits, region)
	switch {
	case prefixed.valid && abroad.valid:
		r.Form, r.Other, r.International = event.NumberWithoutPlus, prefixed.e164, abroad.e164
		r.Err = ErrTwoReadings
	case prefixed.valid:
		r.takes(event.NumberPrefixed, prefixed)
	case abroad.valid:
		r.takes(event.NumberWithoutPlus, abroad)
	case home.err != nil && len(t.digits) >= 8 && r.takes(event.NumberWithoutPlus, t.international(t.digits)):
	default:
		r.takes(event.NumberNational, home)
	}
}

// withoutPlus reads digits as a valid international number that lacks its "+". Trunks that send such numbers send
// nothing else with them, so a zero after the country code is none of theirs.
func (t phoneText) withoutPlus() candidate {
	if t.zeroAt >= 0 {
		return t.international(t.digits)
	}
	digits := withoutOldMexican(t.digits)
	if number := wellFormed(digits); number != nil && phonenumbers.IsValidNumber(number) {
		return candidate{e164: "+" + digits, valid: true}
	}
	return candidate{err: ErrNotANumber}
}

// candidate is one reading of digits.
type candidate struct {
	e164  string
	valid bool
	err   error
}

func (c candidate) isMobile() bool {
	parsed, err := phonenumbers.Parse(c.e164, "ZZ")
	return err == nil && phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE
}

// international reads digits that begin with a country code. A "(0)" is dialled at home only, except where the zero is
// a part of the number, as in Italy.
func (t phoneText) international(digits string) candidate {
	c := international(digits)
	if at := t.zeroAt - (len(t.digits) - len(digits)); t.zeroAt >= 0 && at > 0 && !c.valid {
		if with := international(digits[:at] + "0" + digits[at:]); with.valid || c.err != nil {
			return with
		}
	}
	return c
}

func international(digits string) candidate {
	if number := wellFormed(digits); number != nil && phonenumbers.IsValidNumber(number) {
		return candidate{e164: "+" + digits, valid: true}
	}
	if digits = withoutOldMexican(digits); digits == "" || digits[0] == '0' {
		return candidate{err: fmt.Errorf("%w: unknown country code", ErrNotANumber)}
	}
	parsed, err := phonenumbers.Parse("+"+digits, "ZZ")
	return judge(parsed, err)
}

// national reads digits as they are dialled in a region.
func national(digits, region string) candidate {
	country := phonenumbers.GetCountryCodeForRegion(region)
	if country == 0 {
		return candidate{err: ErrNoCountry}
	}
	prefix := phonenumbers.GetNddPrefixForRegion(region, true)
	if prefix == "0" && digits[0] != '0' && len(digits) < 8 && len(digits) < usualLength(region) {
		return candidate{err: ErrLocalOnly}
	}
	code := fmt.Sprint(country)
	if c := international(code + strings.TrimPrefix(digits, prefix)); c.valid || digits[0] != '0' && prefix == "" {
		return c
	}
	return international(code + digits)
}

// usualLength is how many digits a landline of a region has with its area code.
func usualLength(region string) int {
	example := phonenumbers.GetExampleNumber(region)
	if example == nil {
		return 0
	}
	return len(phonenumbers.GetNationalSignificantNumber(example))
}

// prefixedIn reads digits with the international prefix of a region, such as 8 10 in Russia.
func prefixedIn(digits, region string) candidate {
	parsed, err := phonenumbers.Parse(digits, region)
	if err == nil && int(parsed.GetCountryCode()) == phonenumbers.GetCountryCodeForRegion(region) {
		return candidate{err: ErrNotANumber}
	}
	return judge(parsed, err)
}

func judge(parsed *phonenumbers.PhoneNumber, err error) candidate {
	if err != nil {
		if err == phonenumbers.ErrInvalidCountryCode {
			return candidate{err: fmt.Errorf("%w: unknown country code", ErrNotANumber)}
		}
		return candidate{err: ErrNotANumber}
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return candidate{err: ErrLocalOnly}
	default:
		return candidate{err: fmt.Errorf("%w: wrong number of digits for its country", ErrNotANumber)}
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if digits := len(e164) - 1; digits < minDigits || digits > maxDigits {
		return candidate{err: ErrNotANumber} // too few: the rest was read as an extension
	}
	if parsed.GetItalianLeadingZero() { // a zero of the number itself, as in Italy, or one trunk zero too many
		again, err := phonenumbers.Parse(e164, "ZZ")
		if err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
			return candidate{err: fmt.Errorf("%w: too many zeros", ErrNotANumber)}
		}
	}
	return candidate{e164: e164, valid: phonenumbers.IsValidNumber(parsed)}
}

// wellFormed is the number of digits that begin with a country code, taken as they are, or nil. Most numbers are valid
// so, and need not be parsed, which takes longer.
func wellFormed(digits string) *phonenumbers.PhoneNumber {
	country, rest := splitCountry(digits)
	if country == 0 {
		return nil
	}
	code, value := int32(country), uint64(0)
	for _, d := range []byte(rest) {
		value = value*10 + uint64(d-'0')
	}
	n := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &value}
	if zeros := len(rest) - len(strings.TrimLeft(rest, "0")); zeros > 0 {
		leading, count := true, int32(zeros)
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = &leading, &count
	}
	return n
}

// splitCountry splits digits into the country calling code and the rest; 0 if they begin with none.
func splitCountry(digits string) (country int, rest string) {
	if len(digits) > maxDigits || digits == "" || digits[0] == '0' {
		return 0, ""
	}
	for i := 0; i < 3 && i < len(digits); i++ {
		country = country*10 + int(digits[i]-'0')
		if phonenumbers.GetRegionCodeForCountryCode(country) != phonenumbers.UNKNOWN_REGION {
			return country, digits[i+1:]
		}
	}
	return 0, ""
}

// withoutOldMexican drops what was dialled before Mexican numbers until 2019: 1 after the country code for mobiles,
// and 01, 044 and 045 at home. The numbers themselves have ten digits, as ever.
func withoutOldMexican(digits string) string {
	number, ok := strings.CutPrefix(digits, "52")
	if !ok {
		return digits
	}
	for _, old := range []string{"1", "01", "044", "045"} {
		if rest, ok := strings.CutPrefix(number, old); ok && len(rest) == 10 {
			return "52" + rest
		}
	}
	return digits
}
