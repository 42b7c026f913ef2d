package backend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/sms"
	"countersign/session"
)

// local customers of these tests have no secret, so what is enrolled is the CRM's.
func TestNullMissingAndEmptyAreTheSame(t *testing.T) {
	t.Parallel()
	all := func(s *backend.Settings, _ *sms.Settings) { s.ByID.Customers = "customers" }
	for _, body := range []string{
		`{"customers": [], "phones": []}`, `{"customers": null, "phones": null}`, `{"customers": {}, "phones": {}}`,
		`{"customers": "", "phones": ""}`, `{"customers": false, "phones": false}`, `{}`,
		`{"total": 0, "next": "", "links": [], "page": null}`,
	} {
		s := answering(t, reply{body: body}, all)
		for _, operation := range lookups {
			assert.Equal(t, no, s.ask(t, operation), "%s: %s", operation, body)
		}
		assert.Empty(t, s.log.String(), "nothing is left out: %s", body)
	}
	for _, body := range []string{`{"error": "down"}`, `{"message": "try again"}`, `{"success": false}`, `{"total": 1}`,
		`{"customer": [{"id": "C-1"}], "phone": []}`, `{"customers": 7, "phones": 7}`, `{"customers": "x", "phones": true}`} {
		s := answering(t, reply{body: body}, all)
		for _, operation := range lookups {
			assert.Equal(t, outage, s.ask(t, operation), "%s: %s", operation, body)
		}
	}
	for _, value := range []string{`null`, `""`, `[]`, `{}`, `missing`} {
		body := fmt.Sprintf(`{"id": "C-1", "name": %s, "language": %s, "secrets": %s}`, value, value, value)
		if value == "missing" {
			body = `{"id": "C-1"}`
		}
		c, found, err := answering(t, reply{body: body}, nil).ByID(deadline(t), "C-1")
		require.NoError(t, err, body)
		assert.True(t, found)
		assert.Equal(t, session.Customer{ID: "C-1"}, c, body)
	}
	for _, body := range []string{`{"valid": null}`, `{}`, `{"valid": ""}`, `{"valid": []}`} {
		assert.Equal(t, outage, answering(t, reply{body: body}, nil).ask(t, "check"), "no verdict is no: %s", body)
	}
}

func TestTheSameCustomerTwiceIsOne(t *testing.T) {
	t.Parallel()
	want := session.Customer{ID: "7", Name: "Ada", Language: "en", Enrolled: []string{"birth_date", "pin"}}
	for name, body := range map[string]string{
		"two rows of a join": `[{"id": 7, "name": "Ada", "language": "en", "secrets": "pin"},
			{"id": 7, "name": "Ada", "language": "en", "secrets": "birth_date"}]`,
		"once as a text": `[{"id": 7, "name": "Ada", "language": "en"}, {"id": "7", "secrets": ["pin", "birth_date"]}]`,
		"once without a name": `[{"id": 7, "secrets": ["pin"]},
			{"id": 7.0, "name": "Ada", "language": "en", "secrets": "birth_date"}]`,
		"as PHP writes a list": `{"0": {"id": 7, "name": "Ada", "secrets": ["pin"]},
			"3": {"id": 7, "language": "en", "secrets": ["birth_date"]}}`,
		"a hundred and fifty times": `[` +
			strings.Repeat(`{"id": 7, "name": "Ada", "language": "en", "secrets": "pin birth_date"},`, 149) + `{"id": 7}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{body: `{"customers": ` + body + `}`}, nil)
			all, err := s.ByPhone(deadline(t), "+4930123456")
			require.NoError(t, err)
			assert.Equal(t, []session.Customer{want}, all)
			c, found, err := s.ByIdentifier(deadline(t), "account", "100042")
			require.NoError(t, err)
			assert.True(t, found)
			assert.Equal(t, want, c)
			assert.Empty(t, s.log.String())
		})
	}
	s := answering(t, reply{body: `{"customers": [` + strings.Repeat(`{"id": 7},`, 150) + `{"id": 8}]}`}, nil)
	all, err := s.ByPhone(deadline(t), "+4930123456")
	require.NoError(t, err)
	assert.Len(t, all, 2, "the other one is found behind a hundred rows of the first")
}

func TestOneOddRecordAmongGoodOnes(t *testing.T) {
	t.Parallel()
	const good = `{"id": "C-1", "name": "Ada", "language": "en", "secrets": ["pin"]}`
	ada := session.Customer{ID: "C-1", Name: "Ada", Language: "en", Enrolled: []string{"pin"}}
	for name, odd := range map[string]string{
		"no id": `{"name": "Canary"}`, "null for an id": `{"id": null}`, "an empty id": `{"id": ""}`,
		"an object for an id": `{"id": {"Canary": 1}}`, "an id below zero": `{"id": -7}`, "half an id": `{"id": 7.5}`,
		"an id with blanks": `{"id": " Canary"}`, "an id with a quote": `{"id": "Canary'"}`, "true for an id": `{"id": true}`,
		"null": `null`, "a text": `"Canary"`, "a list": `[{"id": "Canary"}]`, "a key twice": `{"id": "C-8", "id": "Canary"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []string{good + "," + odd, odd + "," + good} {
				s := answering(t, reply{body: `{"customers": [` + body + `]}`}, nil)
				all, err := s.ByPhone(deadline(t), "+4930123456")
				require.NoError(t, err)
				require.Len(t, all, 2, "a number that another shares must not look like this customer's alone")
				assert.Equal(t, ada, all[0])
				assert.Empty(t, all[1].ID)
				assert.Equal(t, outage, s.ask(t, "by_identifier"), "which of them it is cannot be told")
				assert.Contains(t, s.log.String(), "level=WARN")
				assert.Contains(t, s.log.String(), "1 of 2 customers")
				assert.NotContains(t, s.log.String(), "Canary", "not what it is")
				assert.NotContains(t, s.log.String(), "30123456")
			}
			s := answering(t, reply{body: `{"customers": [` + odd + `]}`}, nil)
			assert.Equal(t, outage, s.ask(t, "by_phone"), "nobody else: not the same as nobody")
		})
	}
	for name, c := range map[string]struct {
		record string
		want   session.Customer
		says   string
	}{
		"a number for a name": {`{"id": "C-1", "name": 1060}`, session.Customer{ID: "C-1", Name: "1060"}, ""},
		"an object for a name": {`{"id": "C-1", "name": {"first": "Canary"}, "secrets": ["pin"]}`,
			session.Customer{ID: "C-1", Enrolled: []string{"pin"}}, `\"name\" is not a string (name)`},
		"a list for a name": {`{"id": "C-1", "name": ["Canary"]}`, session.Customer{ID: "C-1"}, "(name)"},
		"true for a name":   {`{"id": "C-1", "name": true}`, session.Customer{ID: "C-1"}, "(name)"},
		"a name of a language": {`{"id": "C-1", "language": "Canary English"}`, session.Customer{ID: "C-1"},
			"is not a tag"},
		"a list of languages": {`{"id": "C-1", "language": ["en"]}`, session.Customer{ID: "C-1"}, "(language)"},
		"null in enrolled": {`{"id": "C-1", "secrets": ["pin", null]}`, session.Customer{ID: "C-1",
			Enrolled: []string{"pin"}}, "(enrolled)"},
		"an object in enrolled": {`{"id": "C-1", "secrets": [{"type": "Canary"}, "pin"]}`, session.Customer{ID: "C-1",
			Enrolled: []string{"pin"}}, "(enrolled)"},
		"no kind in enrolled": {`{"id": "C-1", "secrets": "Canary! pin"}`, session.Customer{ID: "C-1",
			Enrolled: []string{"pin"}}, "(enrolled)"},
		"a number for enrolled": {`{"id": "C-1", "secrets": 3}`, session.Customer{ID: "C-1"}, "(enrolled)"},
		"enrolled as flags": {`{"id": "C-1", "secrets": {"pin": true, "birth_date": "Y", "passphrase": 0, "postcode": null}}`,
			session.Customer{ID: "C-1", Enrolled: []string{"birth_date", "pin"}}, ""},
		"enrolled as a text": {`{"id": "C-1", "secrets": "pin, birth_date;pin"}`,
			session.Customer{ID: "C-1", Enrolled: []string{"birth_date", "pin"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{body: `{"customers": [{"id": "C-2"}, ` + c.record + `]}`}, nil)
			all, err := s.ByPhone(deadline(t), "+4930123456")
			require.NoError(t, err)
			assert.Equal(t, []session.Customer{{ID: "C-2"}, c.want}, all)
			assert.Contains(t, s.log.String(), c.says)
			assert.Equal(t, c.says == "", s.log.String() == "")
			assert.NotContains(t, s.log.String(), "Canary")
		})
	}
}

func TestIdsAsNumbers(t *testing.T) {
	t.Parallel()
	for written, id := range map[string]string{
		`7`: "7", `100042`: "100042", `100042.0`: "100042", `1e+15`: "1000000000000000", `1.5E3`: "1500", `120e-1`: "12",
		`9007199254740993`: "9007199254740993", `123456789012345678901234567890`: "123456789012345678901234567890",
		`"00042"`: "00042", `0`: "0",
	} {
		c, found, err := answering(t, reply{body: `{"customers": {"id": ` + written + `}}`}, nil).
			ByIdentifier(deadline(t), "account", "1")
		require.NoError(t, err, written)
		assert.True(t, found)
		assert.Equal(t, id, c.ID, written)
	}
	for _, written := range []string{`1.5`, `-1`, `1e999999999`, `1e18446744073709551619`, `1e-3`, `NaN`, `Infinity`,
		`0x10`, `12345678901234567890123456789012345678901`} {
		assert.Equal(t, outage, answering(t, reply{body: `{"customers": {"id": ` + written + `}}`}, nil).
			ask(t, "by_identifier"), written)
	}
}

func TestYesAndNoAsOtherLanguagesWriteThem(t *testing.T) {
	t.Parallel()
	for written, says := range map[string]string{
		`true`: yes, `"true"`: yes, `"TRUE"`: yes, `1`: yes, `"1"`: yes, `"Y"`: yes, `"yes"`: yes, `"t"`: yes, `1.0`: yes,
		`false`: no, `"false"`: no, `"False"`: no, `0`: no, `"0"`: no, `"N"`: no, `"no"`: no, `"f"`: no,
		`2`: outage, `-1`: outage, `"ok"`: outage, `""`: outage, `"true "`: outage, `null`: outage, `[true]`: outage,
		`{"true": true}`: outage, `"wahr"`: outage,
	} {
		assert.Equal(t, says, answering(t, reply{body: `{"valid": ` + written + `}`}, nil).ask(t, "check"), written)
	}
	for body, says := range map[string]string{
		`{"valid": true, "valid": false}`: outage, `{"valid": false, "valid": true}`: outage,
		`{"a": {"b": 1, "b": 2}, "valid": true}`: outage, `{"a": {"b": 1}, "c": {"b": 1}, "valid": true}`: yes,
		`{"valid": true} trailing`: outage, `{"valid": true}{"valid": false}`: outage, `{"valid": true, "x": NaN}`: outage,
		`{"valid": true,}`: outage, `callback({"valid": true})`: outage, `{'valid': true}`: outage, `{"valid": true`: outage,
	} {
		assert.Equal(t, says, answering(t, reply{body: body}, nil).ask(t, "check"), body)
	}
	for written, has := range map[string]bool{
		`true`: true, `1`: true, `"Y"`: true, `"2001-12-31"`: true, `"x"`: true, `{"a": 0}`: true,
		`false`: false, `0`: false, `"0"`: false, `"N"`: false, `"false"`: false, `""`: false, `null`: false, `{}`: false,
		`"0000-00-00"`: false, `"0000-00-00 00:00:00"`: false,
	} {
		s := answering(t, reply{body: `{"id": "C-1", "hasPin": ` + written + `}`},
			func(s *backend.Settings, _ *sms.Settings) {
				s.Customer = backend.Fields{ID: "id", Has: map[string]string{"pin": "hasPin"}}
			})
		c, _, err := s.ByID(deadline(t), "C-1")
		require.NoError(t, err)
		assert.Equal(t, has, c.Has("pin"), written)
	}
}

func TestTelephoneNumbersAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	numbers := func(t *testing.T, list string) ([]session.Phone, string) {
		s := answering(t, reply{body: `{"phones": ` + list + `}`}, func(s *backend.Settings, _ *sms.Settings) {
			s.Phones.Number, s.Phones.Since, s.Region = "", "", "DE"
		})
		all, err := s.Phones(deadline(t), "C-1")
		require.NoError(t, err, list)
		return all, s.log.String()
	}
	for list, left := range map[string]string{
		`["+4930123456"]`: "", `"+4930123456"`: "", `["+4930123456", "+49 30 123456"]`: "", `["030 123456"]`: "",
		`[4930123456, "+4930123456"]`: "", `{"0": "+4930123456"}`: "",
		`["+4930123456", null]`: "it is missing (number)", `["+4930123456", "n/a"]`: "(number)",
		`["+4930123456", {"number": "+4930999999"}]`: "neither a string nor a number",
		`["+4930123456", true]`:                      "neither a string nor a number",
		`["+4930123456", 1.5]`:                       "not a whole number",
		`["", "+4930123456"]`:                        "(number)",
		`["+4930123456", "17672251234"]`:             "it can be two numbers",
		`["+4930123456", "0000000000"]`:              "(number)",
	} {
		all, log := numbers(t, list)
		assert.Equal(t, []session.Phone{{E164: "+4930123456"}}, all, list)
		assert.Contains(t, log, left, list)
		assert.Equal(t, left == "", log == "", "%s: %s", list, log)
		assert.NotRegexp(t, `30999999|7672251234`, log)
	}
	all, log := numbers(t, `["n/a"]`)
	assert.Empty(t, all)
	assert.Contains(t, log, "part of the backend's answer left out")
}

func TestSinceWhenANumberIsOnFile(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for written, want := range map[string]string{
		`"2020-02-03T10:20:30Z"`: "2020-02-03T10:20:30Z", `"2020-02-03T00:00:00+01:00"`: "2020-02-02T23:00:00Z",
		`"2020-02-03T10:20:30.123456+0100"`: "2020-02-03T09:20:30.123456Z",
		`"2020-02-03 10:20:30+00:00"`:       "2020-02-03T10:20:30Z", `"2020-02-03 10:20:30 +0100"`: "2020-02-03T09:20:30Z",
		`"Mon, 03 Feb 2020 10:20:30 GMT"`: "2020-02-03T10:20:30Z", `"20200203T102030Z"`: "2020-02-03T10:20:30Z",
		`"2020-02-03"`: "2020-02-04T00:00:00Z", `"20200203"`: "2020-02-04T00:00:00Z", `20200203`: "2020-02-04T00:00:00Z",
		`"2020-02-03T00:00:00"`: "2020-02-04T00:00:00Z", `"2020-02-03 00:00:00.000"`: "2020-02-04T00:00:00Z",
		`"2020-02-03+01:00"`: "2020-02-03T23:00:00Z", `"2020/02/03"`: "2020-02-04T00:00:00Z",
		`1580725230`: "2020-02-03T10:20:30Z", `"1580725230"`: "2020-02-03T10:20:30Z", `1580725230.5`: "2020-02-03T10:20:30Z",
		`1580725230000`: "2020-02-03T10:20:30Z", `1.58072523e12`: "2020-02-03T10:20:30Z",
		`1580725230000000`: "2020-02-03T10:20:30Z", `1580725230000000000`: "2020-02-03T10:20:30Z",
		`"/Date(1580725230000)/"`: "2020-02-03T10:20:30Z", `"\/Date(1580725230000+0100)\/"`: "2020-02-03T10:20:30Z",
		// What is no time, or may be two, leaves the number out.
		`"03.02.2020"`: "", `"03/02/2020"`: "", `"2/3/20"`: "", `"3-2-2020 10:00"`: "", `null`: "", `""`: "", `0`: "",
		`"0"`: "", `"0000-00-00"`: "", `"0001-01-01T00:00:00Z"`: "", `"1753-01-01T00:00:00"`: "", `"yesterday"`: "", `[]`: "",
		`true`: "", `"2020-13-45"`: "", `12`: "", `-1580725230`: "", `"/Date(x)/"`: "", `1e99`: "",
	} {
		s := answering(t, reply{body: `{"phones": [{"number": "+4930123456", "since": ` + written + `}]}`}, nil)
		all, err := s.Phones(deadline(t), "C-1")
		require.NoError(t, err, written)
		if want == "" {
			assert.Empty(t, all, written)
			assert.Contains(t, s.log.String(), "since when it is on file", written)
			continue
		}
		if assert.Len(t, all, 1, written) {
			assert.WithinDuration(t, at(want), all[0].Since, 0, written)
		}
		assert.Empty(t, s.log.String())
	}
	for layout, written := range map[string]string{
		"DD.MM.YYYY": "03.02.2020", "MM/DD/YYYY": "2/3/2020", "DD/MM/YYYY": "3/2/2020", "YYYY MM DD": "2020 02 03",
		"DD-MM-YYYY": "03-02-2020 10:20:30",
	} {
		s := answering(t, reply{body: `{"phones": [{"number": "+4930123456", "since": "` + written + `"}]}`},
			func(s *backend.Settings, _ *sms.Settings) { s.Phones.SinceLayout = layout })
		all, err := s.Phones(deadline(t), "C-1")
		require.NoError(t, err)
		require.Len(t, all, 1, layout)
		assert.WithinDuration(t, at("2020-02-04T00:00:00Z"), all[0].Since, 0, layout)
	}
	s := answering(t, reply{body: `{"phones": [{"number": "+4930123456", "since": "2020-02-03"},
		{"number": "030 123456", "since": "2026-11-28"}]}`}, func(s *backend.Settings, _ *sms.Settings) { s.Region = "DE" })
	all, err := s.Phones(deadline(t), "C-1")
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.WithinDuration(t, at("2026-11-29T00:00:00Z"), all[0].Since, 0, "the later of two")
}
