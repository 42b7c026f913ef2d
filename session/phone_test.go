package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
)

func TestNumbersAreNormalised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, region, want string }{
		{"+15551230001", "", "+15551230001"},
		{"15551230001", "", "+15551230001"},
		{"0015551230001", "", "+15551230001"},
		{"+49 (30) 901-820", "", "+4930901820"},
		{"030 901820", "DE", "+4930901820"},
		{"0049 30 901820", "de", "+4930901820"},
		{"+49 30 901820 ext. 12", "DE", "+4930901820"},
		{"5551230001", "US", "+15551230001"},
		{"+44 20 7946 0000", "DE", "+442079460000"},
		{"+39 06 698 82222", "", "+390669882222"},

		{"0049 30 901820", "US", "+4930901820"},
		{"011 49 30 901820", "US", "+4930901820"},
		{"011 49 30 901820", "DE", "+4930901820"},
		{"011 49 30 901820", "", "+4930901820"},
		{"8 10 49 30 901820", "RU", "+4930901820"},
		{"0011 49 30 901820", "AU", "+4930901820"},
		{"+0049 30 901820", "", "+4930901820"},
		{"01134960000", "GB", "+441134960000"}, // Leeds, not 011

		{"tel:+49-30-901820", "", "+4930901820"},
		{"TEL:+49-30-901820;ext=12", "", "+4930901820"},
		{"tel:030-901820;phone-context=+49", "US", "+4930901820"},
		{"tel:+12125550123;npdi;rn=+13039995555", "", "+12125550123"},
		{"sip:+4930901820@carrier.example;user=phone", "", "+4930901820"},
		{"sips:%2B4930901820@carrier.example", "", "+4930901820"},
		{`"Ada Lovelace" <sip:+12125550123;verstat=TN-Validation-Passed@198.51.100.7:5060;user=phone>`, "", "+12125550123"},
		{"+12125550123;verstat=TN-Validation-Passed-A", "", "+12125550123"},
		{"+4930901820@carrier.example", "", "+4930901820"},

		{"+49 (0)30 901820", "US", "+4930901820"},
		{"0049 (0) 30 901820", "DE", "+4930901820"},
		{"(0)30 901820", "DE", "+4930901820"},
		{"+39 (0)6 698 82222", "DE", "+390669882222"},
		{"06 698 82222", "IT", "+390669882222"},
		{"011 15-2345-6789", "AR", "+5491123456789"},
		{"+54 11 15 2345-6789", "", "+5491123456789"},
		{"+54 9 11 2345-6789", "", "+5491123456789"},
		{"+52 1 55 1234 5678", "", "+525512345678"},
		{"044 55 1234 5678", "MX", "+525512345678"},
		{"045 55 1234 5678", "MX", "+525512345678"},
		{"01 55 1234 5678", "MX", "+525512345678"},
		{"5215512345678", "MX", "+525512345678"},
		{"8 (495) 123-45-67", "RU", "+74951234567"},
		{"1 (212) 555-0123", "US", "+12125550123"},

		{"+1.212.555.0123", "", "+12125550123"},
		{"+1 212/555~0123", "", "+12125550123"},
		{"\u202a+49\u00a030\u2011901820\u202c", "", "+4930901820"},
		{"＋４９（３０）９０１８２０", "", "+4930901820"},
		{"+٤٩٣٠٩٠١٨٢٠", "", "+4930901820"},
		{"+४९३०९०१८२०", "", "+4930901820"},
		{"+1 212 555 0123 x123", "", "+12125550123"},
		{"+1 212 555 0123 extension 123", "", "+12125550123"},
		{"+1 212 555 0123,,123", "", "+12125550123"},
	} {
		got, err := session.E164(c.raw, c.region)
		assert.NoError(t, err, c.raw)
		assert.Equal(t, c.want, got, "%s in %q", c.raw, c.region)
	}
}

func TestWhatIsNotANumberIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "anonymous", "Restricted", "unknown", "sip:1234567@example.org", "1234", "+", "0", "++", "alice", "+999123456789",
		"+1555", "+49 0083 20", "+49 30 00182#", "+62 00 6206 2000 0606 00", "🙂🙂🙂🙂🙂🙂",
		"1-800-FLOWERS", "+49 30 901820 xylophone", "030+901820", "+49 30 901820 & 901821", "tel:", "110", "+49110", "sip:@",
		"%zz12345678", "+0302101234567", "+123456789012345678901",
	} {
		_, err := session.E164(raw, "DE")
		assert.ErrorIs(t, err, session.ErrNotANumber, raw)
	}
	for _, raw := range []string{
		"030901820", "5552234", "(555) 123-0002", "5551230001", "(212) 555-0123", "212-555-0123", "7911123456", "9112345678",
		"0301234567", "0302101234567",
	} {
		_, err := session.E164(raw, "")
		assert.ErrorIs(t, err, session.ErrNoCountry, raw)
		assert.ErrorIs(t, err, session.ErrNotANumber, raw)
	}
	for region, raw := range map[string]string{
		"US": "555-0123", "CA": "5550123", "DE": "901820", "GB": "496 0000", "FR": "42 68 53", "AU": "123456",
	} {
		_, err := session.E164(raw, region)
		assert.ErrorIs(t, err, session.ErrLocalOnly, "%s in %s", raw, region)
	}
}

func TestANumberWithoutPlusIsTheOneWithIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		told, region, want, other string
		form                      event.NumberForm
	}{
		{"+4915123456789", "DE", "+4915123456789", "", event.NumberInternational},
		{"004915123456789", "DE", "+4915123456789", "", event.NumberPrefixed},
		{"015123456789", "DE", "+4915123456789", "", event.NumberNational},
		{"4915123456789", "DE", "+4915123456789", "+494915123456789", event.NumberWithoutPlus},
		{"33612345678", "DE", "+33612345678", "+4933612345678", event.NumberWithoutPlus},
		{"447911123456", "GB", "+447911123456", "", event.NumberWithoutPlus},
		{"33612345678", "GB", "+33612345678", "", event.NumberWithoutPlus},
		{"4915123456789", "US", "+4915123456789", "", event.NumberWithoutPlus},
		{"33612345678", "FR", "+33612345678", "", event.NumberWithoutPlus},
		{"12125550123", "US", "+12125550123", "", event.NumberNational},
		{"2125550123", "US", "+12125550123", "", event.NumberNational},
		{"612345678", "FR", "+33612345678", "", event.NumberNational},
		{"4915123456789", "", "+4915123456789", "", event.NumberWithoutPlus},
		// Both are mobile numbers, or national numbers have no leading zero: nobody's is taken.
		{"17672251234", "DE", "", "+4917672251234", event.NumberWithoutPlus},
		{"15123456789", "DE", "", "+4915123456789", event.NumberWithoutPlus},
		{"6592345678", "US", "", "+16592345678", event.NumberWithoutPlus},
	} {
		r := session.ReadPhone(c.told, c.region)
		assert.Equal(t, c.want, r.E164, "%s in %q", c.told, c.region)
		assert.Equal(t, c.other, r.Other, "%s in %q", c.told, c.region)
		assert.Equal(t, c.form, r.Form, "%s in %q", c.told, c.region)
		if c.want == "" {
			assert.ErrorIs(t, r.Err, session.ErrTwoReadings, "%s in %q", c.told, c.region)
		}
		if c.other != "" { // what is stored is certain
			_, err := session.E164(c.told, c.region)
			assert.ErrorIs(t, err, session.ErrTwoReadings)
			assert.NotRegexp(t, "[0-9]", err.Error(), "errors may be logged")
		}
	}
}

func TestANumberThatIsOnlyPossibleIsMarked(t *testing.T) {
	t.Parallel()
	for told, valid := range map[string]bool{
		"+12125550123": true, "+4930901820": true, "+390669882222": true, "+800 1234 5679": true,
		"+15551230001": false, "15551230001": false, "+49116117": false, "+12120123456": false,
	} {
		r := session.ReadPhone(told, "")
		assert.NoError(t, r.Err, told)
		assert.Equal(t, valid, r.Valid, told)
	}
}

func TestNumbersThatStandForNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ told, region string }{
		{"+86282452253", ""}, {"86282452253", "US"}, {"+8656696", ""}, {"8656696", "IS"}, {"266696687", ""},
		{"+266696687", "US"}, {"+7378742833", ""}, {"7378742833", "US"}, {"+17378742833", ""},
		{"+2562533", ""}, {"7748283", "US"}, {"00000", ""},
		{"0000000000", "US"}, {"+10000000000", ""}, {"00000000", ""}, {"+15555555555", ""}, {"5555555", "US"},
		{"9999999999", "US"}, {"+19999999999", ""}, {"+4999999999", ""}, {"1111111111", "DE"},
		{"1234567890", "US"}, {"+1234567890", ""}, {"0123456789", "DE"}, {"+491234567890", ""}, {"01234567890", "GB"},
		{"9876543210", "US"}, {"+19876543210", ""}, {"12345678", "DE"},
	} {
		r := session.ReadPhone(c.told, c.region)
		assert.Empty(t, r.E164, "%s in %q", c.told, c.region)
		assert.ErrorIs(t, r.Err, session.ErrPlaceholder, "%s in %q", c.told, c.region)
	}
	for _, genuine := range []string{
		"+3548656696", "+12662345678", "+15551230001", "+4930123456", "+4930123450", "+442079460000", "+12125555555",
	} {
		assert.NoError(t, session.ReadPhone(genuine, "").Err, genuine)
	}
}

func TestACompanyNamesItsOwnPlaceholders(t *testing.T) {
	t.Parallel()
	p, err := session.NewPlaceholders([]string{"+49 30 901820", "030 901821", "+49 40 1234*"}, "DE")
	assert.NoError(t, err)
	for number, want := range map[string]bool{
		"+4930901820": true, "+4930901821": true, "+4940123456": true, "+4930901822": false, "": false,
	} {
		assert.Equal(t, want, p.Has(number), number)
	}
	assert.False(t, session.Placeholders{}.Has("+4930901820"))
	for _, wrong := range []string{"", "x", "030 901821", "*", "+*", "030*", "+4*"} {
		_, err := session.NewPlaceholders([]string{wrong}, "")
		assert.Error(t, err, wrong)
	}
}

func TestEventsShowFourDigitsAtMost(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+15551230001": "0001", "5000": "5000", "12": "12", "anonymous": "", "+1 555 12-34": "1234",
		"+12125550123;npdi;rn=+13039995555": "0123",
	} {
		assert.Equal(t, want, session.LastFour(number))
	}
}

func FuzzE164(f *testing.F) {
	f.Add("+49 30 901820", "DE")
	f.Add("0", "")
	f.Add("+49 0083 20", "D")
	f.Add("5215512345678", "MX")
	f.Add("tel:030-901820;phone-context=+49", "AR")
	f.Add("＋٤٩(0)३०901820 x12", "IT")
	f.Fuzz(func(t *testing.T, raw, region string) {
		n, err := session.E164(raw, region)
		if err != nil {
			return
		}
		assert.Regexp(t, `^\+[1-9][0-9]{4,14}$`, n)
		again, err := session.E164(n, region)
		assert.NoError(t, err)
		assert.Equal(t, n, again)
	})
}
