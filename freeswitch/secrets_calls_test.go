package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func (e *everySecret) totp(t *testing.T) {
	c := e.dials(t, "passed-5200", e.customers[4].Phones)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(e.pin)
	c.AwaitAsked(t, "ask-totp", 1, askedWithin)
	c.Press(e.totpCode)
	isVerifiedAt(t, c, "banking")
}

func (e *everySecret) saidRight(t *testing.T) {
	c := e.begins(t, numberOf(779, 1), e.customers[0].Phones)
	c.SayUntilHeard(t, e.phrases[0])
	isVerifiedAt(t, c, "menu")
}

func (e *everySecret) saidWrong(t *testing.T) {
	c := e.begins(t, numberOf(779, 2), e.customers[1].Phones)
	c.Say(t, e.phrases[2])
	c.AwaitListened(t, 2, askedWithin)
	c.Say(t, e.phrases[3])
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	e.sent = e.catcher.Code(t, e.customers[1].Phones, 1)
	c.Press(otherDigits(e.sent, 1))
	c.AwaitAsked(t, "ask-code-again", 1, askedWithin)
	c.Press(e.sent)
	isVerifiedAt(t, c, "menu")
}

func (e *everySecret) brokenOff(t *testing.T) {
	c := e.begins(t, numberOf(779, 3), e.customers[1].Phones)
	c.Say(t, e.phrases[1])
	c.AwaitSpoken(t, 300*time.Millisecond)
	c.Record(t)
}

func (e *everySecret) birthDate(t *testing.T) {
	c := e.dials(t, "5300", e.customers[2].Phones)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press(e.birth.Format("02012006")) // in the wrong order
	c.AwaitAsked(t, "ask-birth-date-again", 1, askedWithin)
	c.Press(e.birth.Format("010206") + "#")
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press(e.postcode)
	isVerifiedAt(t, c, "agents")
}

func (e *everySecret) geburtsdatum(t *testing.T) {
	c := e.dials(t, "5300", e.customers[3].Phones)
	c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
	c.Press(e.geburt.Format("02012006"))
	c.AwaitAsked(t, "ask-fact", 1, askedWithin)
	c.Press(e.plz)
	isVerifiedAt(t, c, "agents")
}

func (e *everySecret) tokenRedeemed(t *testing.T) {
	isVerifiedAt(t, e.dials(t, "5000", numberOf(779, 4), "X-Countersign-Token: "+e.token.redeemed), "menu")
}

func (e *everySecret) tokenHungUp(t *testing.T) {
	// one factor is not enough there
	c := e.dials(t, "passed-5200", numberOf(779, 5), "X-Countersign-Token: "+e.token.hungUp)
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Record(t)
}

func (e *everySecret) tokenAway(t *testing.T) {
	c := e.dials(t, fmt.Sprintf("via-%d-60", freePort(t)), numberOf(779, 6), "X-Countersign-Token: "+e.token.away)
	c.AwaitAt(t, "default", "agents", atOnce)
	c.Record(t)
}

func (e *everySecret) tokenDies(t *testing.T) {
	c := e.dials(t, e.doomed.Number(time.Minute), numberOf(779, 7), "X-Countersign-Token: "+e.token.dies)
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	e.doomed.Kill(t)
	c.AwaitAt(t, "default", "agents", atOnce)
	c.Record(t)
}

// aPINThatIsSaid is asked for by a line that listens, and keyed if it was not understood.
func (e *everySecret) aPINThatIsSaid(t *testing.T) {
	c := e.dials(t, "5600", numberOf(779, 9))
	c.AwaitListened(t, 1, askedWithin)
	c.Press("300081#")
	c.AwaitListened(t, 2, askedWithin)
	c.Say(t, inWords(e.saidPIN))
	next := c.fs.calls.await(t, c.ID, "let through or asked again", saidWithin, func(s sighting) bool {
		return strings.Contains(s.Arguments, "/confirmation.wav") || strings.Contains(s.Arguments, "/ask-pin-again.wav")
	})
	if strings.Contains(next.Arguments, "/ask-pin-again.wav") {
		c.Press(e.saidPIN + "#")
	}
	isVerifiedAt(t, c, "menu")
}

// inWords is how a caller says digits.
func inWords(digits string) string {
	words := strings.Fields("zero one two three four five six seven eight nine")
	var said []string
	for _, d := range digits {
		said = append(said, words[d-'0'])
	}
	return strings.Join(said, " ")
}
