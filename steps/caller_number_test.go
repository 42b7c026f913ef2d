package steps_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
	"countersign/steps"
)

func TestALookUpSaysWhatItWasToldAndWhatItMadeOfIt(t *testing.T) {
	t.Parallel()
	const owner = "+4915123456789"
	for told, c := range map[string]struct {
		found  bool
		reason event.Reason
		number event.Number
	}{
		owner:          {true, "", event.Number{ToldLast4: "6789", Form: "international", Last4: "6789", Country: 49}},
		"015123456789": {true, "", event.Number{ToldLast4: "6789", Form: "national", Last4: "6789", Country: 49}},
		"4915123456789": {true, "", event.Number{
			ToldLast4: "6789", Form: "without_plus", Last4: "6789", Country: 49, Warning: "two_readings",
		}},
		"004915123456789": {true, "", event.Number{ToldLast4: "6789", Form: "prefixed", Last4: "6789", Country: 49}},
		owner + ";verstat=No-TN-Validation": {true, "", event.Number{
			ToldLast4: "6789", Form: "international", Last4: "6789", Country: 49,
		}},
		"15123456789": {false, event.ReasonNoNumber, event.Number{
			ToldLast4: "6789", Form: "without_plus", Warning: "two_readings",
		}},
		"+49116117": {false, event.ReasonNotFound, event.Number{
			ToldLast4: "6117", Form: "international", Last4: "6117", Country: 49, Warning: "not_valid",
		}},
		"901820": {false, event.ReasonNoNumber, event.Number{ToldLast4: "1820", Form: "national",
			Warning: "local_only"}},
		"anonymous":    {false, event.ReasonNoNumber, event.Number{Warning: "not_a_number"}},
		"+86282452253": {false, event.ReasonWithheld, event.Number{ToldLast4: "2253", Warning: "placeholder"}},
	} {
		d := bank()
		d.byPhone = map[string][]session.Customer{owner: {{ID: "C-1", Enrolled: []string{"pin"}}}}
		l := line(d)
		l.Region = "DE"
		_, j, _ := place(t, l, session.Call{ID: "call-1", Caller: told, Started: time.Now()}, keys("*", "*")...)
		step := finished(j, "ani")
		require.Len(t, step, 1, told)
		assert.Equal(t, c.reason, step[0].Reason, told)
		if assert.NotNil(t, step[0].Number, told) {
			assert.Equal(t, c.number, *step[0].Number, told)
		}
		assert.Len(t, sessiontest.Find[event.Identified](j), map[bool]int{true: 1}[c.found], told)
	}
}

func TestANumberThatStandsForNoneIsNeitherLookedUpNorRemembered(t *testing.T) {
	t.Parallel()
	for _, told := range []string{
		"+86282452253", "+8656696", "0000000000", "+15555555555", "7378742833", "9999999999", "1234567890", "+10000000000",
	} {
		d := bank()
		everybody := map[string][]session.Customer{}
		for _, number := range []string{told, "+" + told, "+1" + told} {
			everybody[number] = []session.Customer{{ID: "C-2"}}
		}
		d.byPhone = everybody
		l := line(d)
		l.Region = "US"
		l.Enrol = steps.RememberNumber{Directory: d, Limits: steps.DefaultLimits(0)}
		ch, j, v := dial(t, l, told, keys("100042#", "2468#", "1")...)
		assert.Equal(t, "C-1", v["cs_customer"], told)
		assert.Equal(t, event.ReasonWithheld, finished(j, "ani")[0].Reason, told)
		assert.Equal(t, event.ReasonNoNumber, finished(j, "remember_number")[0].Reason, told)
		assert.NotContains(t, ch.Heard(), "remember-number", told)
		started := sessiontest.Find[event.CallStarted](j)[0]
		assert.True(t, started.CallerWithheld, told)
		assert.Empty(t, started.CallerLast4, told)
	}
}

func TestAKeyedTelephoneNumberIsReadAsTheCallersIs(t *testing.T) {
	t.Parallel()
	for keyed, found := range map[string]bool{
		"015123456789": true, "4915123456789": true, "004915123456789": true, "01149151234567890": false,
		"15123456789": false, "0000000000": false, "5123456": false,
	} {
		d := bank()
		d.byPhone = map[string][]session.Customer{"+4915123456789": {{ID: "C-1", Enrolled: []string{"pin"}}}}
		l := line(d)
		l.Region = "DE"
		n := number(d, "phone")
		n.Min, n.Max = 5, 17
		l.Identify = []session.Step{n}
		_, j, _ := dial(t, l, "", keys(keyed+"#", "*", "*")...)
		assert.Len(t, sessiontest.Find[event.Identified](j), map[bool]int{true: 1}[found], keyed)
		assert.NotNil(t, finished(j, "phone")[0].Number, keyed)
	}
}
