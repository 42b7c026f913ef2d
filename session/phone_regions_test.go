package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"

	"countersign/session"
)

// exampleNumbers are a landline and a mobile of every country, as E.164, by their region.
func exampleNumbers(kinds ...phonenumbers.PhoneNumberType) map[string][]string {
	all := map[string][]string{}
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range kinds {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				all[region] = append(all[region], phonenumbers.Format(n, phonenumbers.E164))
			}
		}
	}
	return all
}

// A number of any country, told in any country.
func TestNoNumberOfTheWorldIsReadAsAnother(t *testing.T) {
	t.Parallel()
	world := exampleNumbers(phonenumbers.FIXED_LINE, phonenumbers.MOBILE)
	// Those with the most collisions, with odd prefixes, and none.
	for _, region := range []string{
		"", "AR", "AT", "AU", "BR", "CH", "DE", "ES", "FR", "GB", "ID", "IN", "IT", "JP", "KP", "MX", "NL", "RU", "TD",
		"US", "XK",
	} {
		var right, refused, two int
		for _, numbers := range world {
			for _, number := range numbers {
				if placeholder(number) {
					continue
				}
				for _, told := range []string{number, "00" + number[1:]} {
					got, err := session.E164(told, region)
					assert.NoError(t, err, "%s in %q", told, region)
					assert.Equal(t, number, got, "%s in %q", told, region)
				}
				r := session.ReadPhone(number[1:], region)
				switch {
				case r.E164 == number:
					right++
				case r.E164 == "":
					refused++
				default:
					t.Errorf("%s in %q was read as %s", number[1:], region, r.E164)
				}
				if r.Other != "" {
					two++
					_, err := session.E164(number[1:], region)
					assert.ErrorIs(t, err, session.ErrTwoReadings)
				}
			}
		}
		t.Logf("%2s without +: %d right, %d not taken, none another; %d can be two", region, right, refused, two)
		assert.Greater(t, right, 5*refused, "in %q", region)
	}
}

func TestNationalNumbersAreThoseOfTheirRegion(t *testing.T) {
	t.Parallel()
	for region, numbers := range exampleNumbers(phonenumbers.FIXED_LINE, phonenumbers.MOBILE) {
		for _, number := range numbers {
			parsed, err := phonenumbers.Parse(number, region)
			if assert.NoError(t, err) && !placeholder(number) {
				told := phonenumbers.Format(parsed, phonenumbers.NATIONAL)
				again, err := phonenumbers.Parse(told, region)
				if err != nil || len(phonenumbers.GetNationalSignificantNumber(again)) < 5 ||
					phonenumbers.Format(again, phonenumbers.E164) != number {
					continue // the library does not read what it writes, or it is too short for us
				}
				r := session.ReadPhone(told, region)
				if r.Other == "" || !assert.ErrorIs(t, r.Err, session.ErrTwoReadings, "%s in %s: %+v", told, region, r) {
					assert.Equal(t, number, r.E164, "%s in %s: %v", told, region, r.Err)
				}
			}
		}
	}
}

func placeholder(number string) bool {
	return session.ReadPhone(number, "").Err == session.ErrPlaceholder
}

func BenchmarkReadPhone(b *testing.B) {
	for _, told := range []string{"+4930901820", "+15551230001", "030 901820", "4915123456789", "anonymous"} {
		b.Run(strings.ReplaceAll(told, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				_ = fmt.Sprint(session.ReadPhone(told, "DE").Valid)
			}
		})
	}
}
