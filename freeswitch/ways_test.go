package freeswitch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handingOver is a line that sends a token on with its calls.
const handingOver = `format: 1
line: handing-over
numbers: ["5400"]
identify:
  - ani: {}
verify:
  questions:
    - pin: {}
send_token: true
routes:
  verified: menu XML default
  identified: agents XML default
`

// theBank's customers, each for one test, and one more whom nobody knows the number of.
func theBank(secret string) (customers []customer) {
	for i, c := range []customer{
		{Name: "Tilde Otp", TOTP: secret}, {Name: "Sam Text"}, {Name: "Grete Deutsch", Language: "de"}, {Name: "Ann Read-Back"}, {Name: "Tracy King", Tracking: "1234567897"},
		{Name: "Ursula Attested", Language: "de"}, {Name: "Rhea Membered"},
	} {
		c.ID, c.Phones, c.Account, c.PIN = fmt.Sprintf("B-%d", i), numberOf(125, i), fmt.Sprintf("30004%d", i), "482915"
		customers = append(customers, c)
	}
	return customers
}

// theOffice's customers are known by two facts about them.
func theOffice() (customers []customer) {
	for i, c := range []customer{{Name: "Eve Weak"}, {Name: "Half Known"}, {Name: "Karl Deutsch", Language: "de"}} {
		c.ID, c.Phones, c.BirthDate, c.Postcode = fmt.Sprintf("O-%d", i), numberOf(126, i), "1947-03-12", "60313"
		customers = append(customers, c)
	}
	return customers
}

// weekday is a day of the week in the words of a line's hours.
func weekday(at time.Time) string { return at.UTC().Weekday().String()[:2] }

// TestEveryWayToIdentifyAndVerify uses each way once that the built-in line and smartflows.yaml do not have, on lines that we show to people.
func TestEveryWayToIdentifyAndVerify(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Rehearsal", AccountName: "B-0"})
	require.NoError(t, err)
	bank, office := theBank(key.Secret()), theOffice()
	catcher := startCatcher(t)
	open := openOffice(t)
	closed := changed(t, open, "line: office", "line: closed-office", `"5300"`, `"5301"`, "Mo-Su 00:00-24:00", weekday(time.Now().AddDate(0, 0, 3))+" 08:00-12:00")
	s := startSiteOn(t, serviceOptions{
		Customers: append(append(everybody(), bank...), office...), Settings: catcher.Settings, Lines: []string{exampleLine(t, "bank"), open, closed, handingOver},
	}, options{Files: lineDialplan})

	// dials calls a line; the bank's first question is which language to speak.
	dials := func(t *testing.T, to, from string, headers ...string) *call {
		t.Helper()
		return callWithSIPp(t, s.freeSWITCH, dial{To: to, From: from, Headers: headers})
	}
	isAt := func(t *testing.T, c *call, extension string, want result) journey {
		t.Helper()
		c.AwaitAt(t, "default", extension, saidWithin)
		r := c.Record(t)
		assert.Equal(t, want, r.result())
		for _, gone := range []string{"cs_token", "sip_h_X-Countersign-Token", "sensitive_dtmf", "socket_resume", "cs_digits", "read_terminator_used"} {
			assert.NotContains(t, r.Variables, gone)
		}
		assert.Equal(t, "none", r.Variables["digits_dialed"])
		return s.Events.Journey(t, c)
	}
	verified := func(who customer, level, methods string) result {
		return result{Status: "verified", Level: level, Reason: "ok", Methods: methods, Customer: who.ID}
	}
	keysAccountAndPIN := func(t *testing.T, c *call, who customer) {
		t.Helper()
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press(who.Account)
		c.AwaitAsked(t, "read-back-confirm", 1, askedWithin)
		c.Press("1")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press(who.PIN)
	}
	// speaks says in which languages the prompts were, but for the line's own.
	speaks := func(c *call) map[string]bool {
		spoken := map[string]bool{}
		for _, file := range c.files() {
			for _, language := range []string{"en", "de"} {
				if strings.Contains(file, "/prompts/"+language+"/") {
					spoken[language] = true
				}
			}
		}
		return spoken
	}

	t.Run("two weak facts are enough together", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5300", office[0].Phones)
		c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
		c.Press("031247#") // two digits of the year
		c.AwaitAsked(t, "ask-fact", 1, askedWithin)
		c.Press("60313")
		isAt(t, c, "agents", verified(office[0], "2", "ani,birth_date,postcode"))
	})

	t.Run("one weak fact is not", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5300", office[1].Phones)
		c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
		c.Press("12031947") // as Germans write it
		c.AwaitAsked(t, "ask-birth-date-again", 1, askedWithin)
		c.Press("03121947")
		for nth := range 3 {
			c.AwaitAsked(t, map[bool]string{true: "ask-fact", false: "ask-fact-again"}[nth == 0], max(nth, 1), askedWithin)
			c.Press(otherDigits(office[1].Postcode, byte(nth+1)))
		}
		j := isAt(t, c, "agents", result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "ani,birth_date", Customer: "O-1"})
		assert.Subset(t, j.Story(), []string{"step_finished birth_date passed rejected accepted", "failed wrong_answer at postcode, identified O-1"})
	})

	t.Run("a German date of birth, asked for in German", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5300", office[2].Phones)
		c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
		c.Press("12031947")
		c.AwaitAsked(t, "ask-fact", 1, askedWithin)
		c.Press("60313")
		isAt(t, c, "agents", verified(office[2], "2", "ani,birth_date,postcode"))
		assert.Equal(t, map[string]bool{"de": true}, speaks(c), "%v", c.Played())
	})

	t.Run("an office that is closed", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5301", office[0].Phones)
		j := isAt(t, c, "mailbox", result{Status: "none", Level: "0", Reason: "closed"})
		assert.Equal(t, []string{"closed"}, c.Played())
		assert.Equal(t, []string{"call_started", "step_started closed", "step_finished closed passed", "routed closed to mailbox XML default", "call_ended routed none closed"}, j.Story())
	})

	t.Run("PIN and the authenticator's code, which counts once", func(t *testing.T) {
		t.Parallel()
		begun := time.Now()
		code, err := totp.GenerateCode(bank[0].TOTP, begun)
		require.NoError(t, err)
		c := dials(t, "passed-5200", bank[0].Phones)
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press(bank[0].PIN)
		c.AwaitAsked(t, "ask-totp", 1, askedWithin)
		c.Press(code)
		isAt(t, c, "banking", verified(bank[0], "3", "ani,pin,totp"))

		again := dials(t, "passed-5200", bank[0].Phones)
		again.AwaitAsked(t, "ask-pin", 1, askedWithin)
		again.Press(bank[0].PIN)
		again.AwaitAsked(t, "ask-totp", 1, askedWithin)
		again.Press(code)
		again.AwaitAsked(t, "ask-totp-again", 1, askedWithin)
		require.Less(t, time.Since(begun), 30*time.Second, "the code would count, had it not been used; too slow to show it")
		next, err := totp.GenerateCode(bank[0].TOTP, time.Now().Add(30*time.Second)) // one step of the clock is allowed for
		require.NoError(t, err)
		again.Press(next)
		j := isAt(t, again, "banking", verified(bank[0], "3", "ani,pin,totp"))
		assert.Contains(t, j.Story(), "step_finished totp passed rejected accepted")
	})

	t.Run("PIN and a code by SMS, in English", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5200", numberOf(778, 1))
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		c.Press("2")
		keysAccountAndPIN(t, c, bank[1])
		c.AwaitAsked(t, "ask-code", 1, askedWithin)
		c.Press(catcher.Code(t, bank[1].Phones, 1))
		c.AwaitAsked(t, "remember-number", 1, askedWithin)
		c.Press("2")
		j := isAt(t, c, "banking", verified(bank[1], "3", "account,pin,sms_code"))
		assert.Subset(t, j.Story(), []string{"step_finished ani skipped untrusted", "step_finished language passed accepted", "step_finished totp skipped not_enrolled"})
		played := c.Played()
		assert.Equal(t, []string{"ask-account", "read-back", "digit-3", "digit-0", "digit-0", "digit-0", "digit-4", "digit-1", "read-back-confirm", "ask-pin"},
			played[len(played)-14:len(played)-4], "%v", played)
		assert.Contains(t, catcher.To(bank[1].Phones)[0].Text, "Your code")
	})

	t.Run("in German, chosen from the menu", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5200", numberOf(778, 2))
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		before := len(c.files())
		c.Press("1")
		keysAccountAndPIN(t, c, bank[2])
		c.AwaitAsked(t, "ask-code", 1, askedWithin)
		c.Press(catcher.Code(t, bank[2].Phones, 1))
		c.AwaitAsked(t, "remember-number", 1, askedWithin)
		c.Press("2")
		isAt(t, c, "banking", verified(bank[2], "3", "account,pin,sms_code"))
		for _, file := range c.files()[before:] {
			assert.Contains(t, file, "/prompts/de/")
		}
		assert.Contains(t, catcher.To(bank[2].Phones)[0].Text, "Ihr Code")
	})

	t.Run("an account number with a slip, corrected when it is read back", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5200", numberOf(778, 3))
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		c.Press("2")
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("300048") // nobody's
		c.AwaitAsked(t, "read-back-confirm", 1, askedWithin)
		c.Press("2")
		c.AwaitAsked(t, "ask-account-again", 1, askedWithin)
		c.Press(bank[3].Account)
		c.AwaitAsked(t, "read-back-confirm", 2, askedWithin)
		c.Press("1")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.HangUp()
		c.Record(t)
		j := s.Events.Journey(t, c)
		assert.Contains(t, j.Story(), "step_finished account passed no_match accepted")
		assert.Equal(t, event.EndAbandoned, fact[event.CallEnded](t, j).End)
	})

	t.Run("no account number at hand, but a number with a check digit", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "5200", numberOf(778, 4))
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		c.Press("2")
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("*")
		c.AwaitAsked(t, "ask-tracking", 1, askedWithin)
		c.Press("1234567890") // a slip
		c.AwaitAsked(t, "ask-tracking-again", 1, askedWithin)
		c.Press(bank[4].Tracking)
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.HangUp()
		c.Record(t)
		assert.Subset(t, s.Events.Journey(t, c).Story(), []string{
			"step_finished account opted_out opted_out opted_out", "step_finished tracking passed no_match accepted", `identified B-4 "Tracy King" by tracking`,
		})
	})

	t.Run("a number that the network vouches for", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "passed-5200", bank[5].Phones)
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		assert.Contains(t, c.files()[len(c.files())-1], "/prompts/de/", "in the customer's language, without asking")
		c.HangUp()
		c.Record(t)
		j := s.Events.Journey(t, c)
		assert.Contains(t, j.Story(), `identified B-5 "Ursula Attested" by ani`)
		assert.Equal(t, "A", fact[event.CallStarted](t, j).Attestation)
	})

	t.Run("a number that the network says is not genuine, or vouches for in part", func(t *testing.T) {
		t.Parallel()
		for to, headers := range map[string][]string{"failed-5200": nil, "passed-5200": {"P-Attestation-Indicator: B"}, "5200": nil} {
			c := dials(t, to, bank[5].Phones, headers...)
			c.AwaitAsked(t, "language-2", 1, askedWithin)
			c.HangUp()
			c.Record(t)
			assert.Contains(t, s.Events.Journey(t, c).Story(), "step_finished ani skipped untrusted", "%s %v", to, headers)
		}
	})

	t.Run("a new telephone, remembered", func(t *testing.T) {
		t.Parallel()
		c := dials(t, "passed-5200", numberOf(778, 6))
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		c.Press("2")
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press(bank[6].Account) // and no reading back: the network vouches for the caller's own number
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press(bank[6].PIN)
		c.AwaitAsked(t, "ask-code", 1, askedWithin)
		c.Press(catcher.Code(t, bank[6].Phones, 1))
		c.AwaitAsked(t, "remember-number", 1, askedWithin)
		c.Press("1")
		isAt(t, c, "banking", verified(bank[6], "3", "account,pin,sms_code"))
		assert.Contains(t, c.Played(), "number-remembered")

		again := dials(t, "passed-5200", numberOf(778, 6))
		again.AwaitAsked(t, "ask-pin", 1, askedWithin)
		again.HangUp()
		again.Record(t)
		assert.Contains(t, s.Events.Journey(t, again).Story(), `identified B-6 "Rhea Membered" by ani`)
	})

	t.Run("the same call coming back", func(t *testing.T) {
		t.Parallel()
		known := people["known"]
		c := dials(t, "5000", known.Phones)
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press(known.PIN + "#")
		c.AwaitAt(t, "default", "menu", saidWithin)
		c.Hears(t, chiming, ringsWithin)
		first := strings.TrimSpace(s.API(t, "uuid_getvar "+c.Leg(t)+" cs_call"))
		s.API(t, "uuid_transfer "+c.Leg(t)+" 5000 XML countersign")
		s.calls.awaitNth(t, c.ID, "at the menu again", 2, saidWithin, func(s sighting) bool {
			return s.Context == "default" && s.Extension == "menu" && s.Application == "answer"
		})
		r := c.Record(t)
		assert.Equal(t, verified(known, "2", "ani,pin"), r.result())
		second := r.Variables["cs_call"]
		assert.NotEqual(t, first, second)
		assert.Equal(t, 1, strings.Count(strings.Join(c.Played(), " "), "ask-pin"), "asked once: %v", c.Played())
		j := s.Events.Stored(t, second)
		j.inOrder(t)
		assert.Equal(t, first, fact[event.CallStarted](t, j).Continues)
		assert.NotContains(t, strings.Join(j.Story(), "\n"), "step_started pin")
	})

	t.Run("a token from another channel", func(t *testing.T) {
		t.Parallel()
		known := people["long"]
		token := s.Service.token(t, known.ID, "*")
		c := dials(t, "5000", numberOf(778, 7), "X-Countersign-Token: "+token)
		j := isAt(t, c, "menu", verified(known, "2", "password,token"))
		assert.Equal(t, []string{"confirmation"}, c.Played(), "nothing is asked")
		assert.NotContains(t, strings.Join(j.Story(), "\n"), "refused")
		status, answer := s.Service.redeem(t, token)
		assert.Equal(t, http.StatusUnprocessableEntity, status, "it is used up: %s", answer)

		for reason, bad := range map[event.Refusal]string{
			event.RefusedReplayed: token, event.RefusedForged: forged(s.Service.token(t, known.ID, "*")), event.RefusedForeign: s.Service.token(t, known.ID, "bank"),
			event.RefusedMalformed: "let me in",
		} {
			t.Run(string(reason), func(t *testing.T) {
				t.Parallel()
				c := dials(t, "5000", numberOf(778, 8), "X-Countersign-Token: "+bad)
				c.AwaitAsked(t, "ask-account", 1, askedWithin) // the normal flow
				c.Press(people["short"].Account + "#")
				c.AwaitAsked(t, "ask-pin", 1, askedWithin)
				c.Press(people["short"].PIN + "#")
				j := isAt(t, c, "menu", verified(people["short"], "2", "account,pin"))
				assert.Equal(t, reason, fact[event.TokenRefused](t, j).Reason)
			})
		}
	})

	t.Run("a token for the next application", func(t *testing.T) {
		t.Parallel()
		known := people["hidden"]
		c := dials(t, "desk-5400", known.Phones)
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press(known.PIN + "#")
		c.Hears(t, prompting, saidWithin)
		r := c.Record(t)
		assert.Equal(t, verified(known, "2", "ani,pin"), r.result())
		desk := s.recordWhere(t, "of the desk", func(d callRecord) bool {
			return d.Variables["direction"] == "inbound" && d.Variables["sip_h_X-Countersign-Call"] == r.Variables["cs_call"]
		})
		token := desk.Variables["sip_h_X-Countersign-Token"]
		require.NotEmpty(t, token)
		status, answer := s.Service.redeem(t, token)
		require.Equal(t, http.StatusOK, status, answer)
		assert.Contains(t, answer, `"customer":"`+known.ID+`"`)
		status, _ = s.Service.redeem(t, token)
		assert.Equal(t, http.StatusUnprocessableEntity, status, "once")
	})
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
