package callback

import (
	"slices"

	"github.com/nyaruka/phonenumbers"

	"countersign/session"
)

func lastFour(number string) string { return session.LastFour(number) }

// IsCalled says whether a number (E.164) may be called: a fixed or mobile telephone, in one of the countries (ISO 3166;
// none allows all). Numbers that cost whoever calls them, satellites and services are not.
func IsCalled(number string, countries []string) bool {
	n, err := phonenumbers.Parse(number, "ZZ")
	if err != nil || phonenumbers.Format(n, phonenumbers.E164) != number || !phonenumbers.IsValidNumber(n) {
		return false
	}
	region := phonenumbers.GetRegionCodeForNumber(n)
	if len(region) != 2 { // no country's: satellites and other networks have the region 001
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP:
		return len(countries) == 0 || slices.Contains(countries, region)
	}
	return false
}
