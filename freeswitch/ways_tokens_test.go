package freeswitch_test

import (
	"net/http"
	"strings"
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (w *ways) theSameCallAgain(t *testing.T) {
	known := people["known"]
	c := w.dials(t, "5000", known.Phones)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(known.PIN + "#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Hears(t, chiming, heardWithin)
	first := strings.TrimSpace(w.API(t, "uuid_getvar "+c.Leg(t)+" cs_call"))
	w.API(t, "uuid_transfer "+c.Leg(t)+" 5000 XML countersign")
	w.calls.awaitNth(t, c.ID, "at the menu again", 2, saidWithin, func(s sighting) bool {
		return s.Context == "default" && s.Extension == "menu" && s.Application == "answer"
	})
	r := c.Record(t)
	assert.Equal(t, verifiedAs(known, "2", "ani,pin"), r.result())
	second := r.Variables["cs_call"]
	assert.NotEqual(t, first, second)
	assert.Equal(t, 1, strings.Count(strings.Join(c.Played(), " "), "ask-pin"), "asked once: %v", c.Played())
	j := w.Events.Stored(t, second)
	j.inOrder(t)
	assert.Equal(t, first, fact[event.CallStarted](t, j).Continues)
	assert.NotContains(t, strings.Join(j.Story(), "\n"), "step_started pin")
}

func (w *ways) aTokenFromAnotherChannel(t *testing.T) {
	known := people["long"]
	token := w.Service.token(t, known.ID, "*")
	c := w.dials(t, "5000", numberOf(778, 7), "X-Countersign-Token: "+token)
	j := w.isAt(t, c, "menu", verifiedAs(known, "2", "password,token"))
	assert.Equal(t, []string{"confirmation"}, c.Played(), "nothing is asked")
	assert.NotContains(t, strings.Join(j.Story(), "\n"), "refused")
	status, answer := w.Service.redeem(t, token)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "it is used up: %s", answer)

	for reason, bad := range map[event.Refusal]string{
		event.RefusedReplayed: token, event.RefusedForged: forged(w.Service.token(t, known.ID, "*")),
		event.RefusedForeign:   w.Service.token(t, known.ID, "bank"),
		event.RefusedMalformed: "let me in",
	} {
		t.Run(string(reason), func(t *testing.T) { // now: a token is good for minutes
			c := w.dials(t, "5000", numberOf(778, 8), "X-Countersign-Token: "+bad)
			c.AwaitAsked(t, "ask-account", 1, askedWithin) // the normal flow
			c.Press(people["short"].Account + "#")
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(people["short"].PIN + "#")
			j := w.isAt(t, c, "menu", verifiedAs(people["short"], "2", "account,pin"))
			assert.Equal(t, reason, fact[event.TokenRefused](t, j).Reason)
		})
	}
}

func (w *ways) aTokenForTheNextApplication(t *testing.T) {
	known := people["hidden"]
	c := w.dials(t, "desk-5400", known.Phones)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(known.PIN + "#")
	c.Hears(t, prompting, saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(known, "2", "ani,pin"), r.result())
	desk := w.recordWhere(t, "of the desk", func(d callRecord) bool {
		return d.Variables["direction"] == "inbound" && d.Variables["sip_h_X-Countersign-Call"] == r.Variables["cs_call"]
	})
	token := desk.Variables["sip_h_X-Countersign-Token"]
	require.NotEmpty(t, token)
	status, answer := w.Service.redeem(t, token)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Contains(t, answer, `"customer":"`+known.ID+`"`)
	status, _ = w.Service.redeem(t, token)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "once")
}

// forged is a token with another signature.
func forged(token string) string {
	last := strings.LastIndexByte(token, '.') + 1
	flipped := byte('A')
	if token[last] == 'A' {
		flipped = 'B'
	}
	return token[:last] + string(flipped) + token[last+1:]
}
