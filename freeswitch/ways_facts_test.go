package freeswitch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func (w *ways) twoWeakFactsAreEnough(t *testing.T) {
	c := w.dials(t, "5300", w.office[0].Phones)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press("031247#") // two digits of the year
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press("60313")
	w.isAt(t, c, "agents", verifiedAs(w.office[0], "2", "ani,birth_date,postcode"))
}

func (w *ways) oneWeakFactIsNot(t *testing.T) {
	c := w.dials(t, "5300", w.office[1].Phones)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press("12031947") // as Germans write it
	c.AwaitAsked(t, "ask-birth-date-again", 1, askedWithin)
	c.Press("03121947")
	for nth := range 3 {
		c.AwaitAsked(t, map[bool]string{true: "ask-fact", false: "ask-fact-again"}[nth == 0], max(nth, 1), askedWithin)
		c.Press(otherDigits(w.office[1].Postcode, byte(nth+1)))
	}
	j := w.isAt(t, c, "agents", result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "ani,birth_date",
		Customer: "O-1"})
	assert.Subset(t, j.Story(), []string{"step_finished birth_date passed rejected accepted",
		"failed wrong_answer at postcode, identified O-1"})
}

func (w *ways) aGermanDateOfBirth(t *testing.T) {
	c := w.dials(t, "5300", w.office[2].Phones)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press("12031947")
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press("60313")
	w.isAt(t, c, "agents", verifiedAs(w.office[2], "2", "ani,birth_date,postcode"))
	assert.Equal(t, map[string]bool{"de": true}, c.languages(), "%v", c.Played())
}

func (w *ways) aClosedOffice(t *testing.T) {
	c := w.dials(t, "5301", w.office[0].Phones)
	j := w.isAt(t, c, "mailbox", result{Status: "none", Level: "0", Reason: "closed"})
	assert.Equal(t, []string{"closed"}, c.Played())
	assert.Equal(t, []string{"call_started", "step_started closed", "step_finished closed passed",
		"routed closed to mailbox XML default", "call_ended routed none closed"}, j.Story())
}
