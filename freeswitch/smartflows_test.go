package freeswitch_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/lines"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// babble is longer than anybody may speak, and nothing that the engine is to understand.
var babble = strings.Repeat("well you know when I think about it I would rather like to say that ", 6)

// TestAStrangerSaysWhoTheyAreAndProvesIt is the multi-factor call of lines/examples/smartflows.yaml, end to end: a real telephone call, a real speech engine,
// a text message that is really sent. Every caller calls from a number that nobody knows.
func TestAStrangerSaysWhoTheyAreAndProvesIt(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	line := exampleLine(t, "smartflows")
	asked := lineOf(t, line).Verify.Questions[0].Kind.(*lines.Passphrase)
	withoutEngine := changed(t, line, "line: smartflows", "line: no-engine", `"5100"`, `"5101"`, "engine: "+asked.Engine, "engine: not_loaded")
	catcher := startCatcher(t)
	var customers []customer
	var taken []string
	for i := range 9 {
		customers = append(customers, customer{ID: fmt.Sprintf("F-%d", i), Name: "Ada Lovelace", Phones: numberOf(124, i), Passphrase: drawWords(t, 3, &taken)})
	}
	s := startSiteOn(t, serviceOptions{Customers: customers, Lines: []string{line, withoutEngine}, Settings: catcher.Settings},
		hearing(t, options{Files: lineDialplan}, asked.Grammar))

	// begins is the part that all of them have in common: greeting, «have an account?», telephone number.
	begins := func(t *testing.T, who int, d dial) *call {
		t.Helper()
		d.From = numberOf(777, who)
		if d.To == "" {
			d.To = "5100"
		}
		c := callWithSIPp(t, s.freeSWITCH, d)
		c.AwaitAsked(t, "have-account", 1, askedWithin)
		c.Press("1")
		c.AwaitAsked(t, "ask-phone", 1, askedWithin)
		c.Press(strings.TrimPrefix(customers[who].Phones, "+") + "#")
		return c
	}
	keysTheCode := func(t *testing.T, c *call, who int) {
		t.Helper()
		c.AwaitAsked(t, "ask-code", 1, askedWithin)
		c.Press(catcher.Code(t, customers[who].Phones, 1))
	}
	// isVerified looks at where the call went and what it carries.
	isVerified := func(t *testing.T, c *call, who int, methods string) journey {
		t.Helper()
		// The name is spoken for this call alone, and only once it is known who is calling.
		said := s.calls.await(t, c.ID, "thanked by name", saidWithin, func(s sighting) bool {
			return s.Application == "playback" && strings.Contains(s.Arguments, "/confirmation-name.wav")
		})
		var name string
		for _, file := range c.files() {
			if strings.Contains(file, "/once/") {
				name = file
			}
		}
		require.NotEmpty(t, name, "%s", said.Arguments)
		assert.FileExists(t, name, "while it is said")
		c.AwaitAt(t, "default", "menu", saidWithin)
		c.Hears(t, chiming, ringsWithin)
		r := c.Record(t)
		assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: methods, Customer: customers[who].ID}, r.result())
		assert.NoFileExists(t, name, "afterwards")
		played := c.Played()
		assert.Equal(t, []string{"confirmation-name", "(a name)", "confirmation"}, played[len(played)-3:])
		assert.NotContains(t, played[:len(played)-3], "(a name)", "nobody is called by name before")
		for _, gone := range []string{"detect_speech_result", "sensitive_dtmf", "socket_resume", "cs_digits", "playback_terminators", "playback_terminator_used"} {
			assert.NotContains(t, r.Variables, gone)
		}
		return s.Events.Journey(t, c)
	}

	t.Run("says a wrong passphrase twice, then keys the code", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 0, dial{Wide: true})
		c.AwaitListened(t, 1, askedWithin)
		c.Say(t, customers[1].Passphrase)
		c.AwaitListened(t, 2, askedWithin)
		c.Say(t, customers[2].Passphrase)
		keysTheCode(t, c, 0)
		j := isVerified(t, c, 0, "phone,sms_code")
		assert.Equal(t, []string{
			"greeting", "have-account", "ask-phone", "ask-passphrase", "not-right-1", "ask-passphrase-again", "code-sent", "ask-code",
			"confirmation-name", "(a name)", "confirmation",
		}, c.Played())
		assert.Equal(t, []string{
			"call_started",
			"step_started greeting", "step_finished greeting passed",
			"step_started ani", "step_finished ani skipped not_found",
			"step_started have_account", "step_finished have_account passed accepted",
			"step_started phone", "step_finished phone passed accepted", `identified F-0 "Ada Lovelace" by phone`,
			"step_started passphrase", "step_finished passphrase failed wrong_answer rejected rejected",
			"step_started sms_code", "step_finished sms_code passed accepted", `verified F-0 "Ada Lovelace" level 2 by [phone sms_code]`,
			"step_started confirmation", "step_finished confirmation passed",
			"routed verified to menu XML default", "call_ended routed verified ok",
		}, j.Story())
	})

	t.Run("keys a wrong code three times", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 1, dial{Wide: true})
		c.AwaitListened(t, 1, askedWithin)
		c.Say(t, customers[0].Passphrase)
		c.AwaitListened(t, 2, askedWithin)
		c.Say(t, customers[2].Passphrase)
		c.AwaitAsked(t, "ask-code", 1, askedWithin)
		code := catcher.Code(t, customers[1].Phones, 1)
		c.Press(otherDigits(code, 1))
		for nth := 1; nth <= 2; nth++ {
			c.AwaitAsked(t, "ask-code-again", nth, askedWithin)
			c.Press(otherDigits(code, byte(1+nth)))
		}
		c.AwaitAt(t, "default", "agents", saidWithin)
		c.Hears(t, ringing, ringsWithin)
		r := c.Record(t)
		assert.Equal(t, result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "phone", Customer: "F-1"}, r.result())
		assert.Equal(t, []string{
			"greeting", "have-account", "ask-phone", "ask-passphrase", "not-right-1", "ask-passphrase-again", "code-sent", "ask-code",
			"not-right-1", "ask-code-again", "not-right-2", "ask-code-again", "failure",
		}, c.Played(), "nobody is called by name")
		assert.Subset(t, s.Events.Journey(t, c).Story(), []string{
			"step_finished sms_code failed wrong_answer rejected rejected rejected", "failed wrong_answer at sms_code, identified F-1",
			"routed identified to agents XML default",
		})
		assert.Len(t, catcher.To(customers[1].Phones), 1)
	})

	t.Run("says the right passphrase", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 3, dial{Wide: true})
		c.SayUntilHeard(t, customers[3].Passphrase)
		j := isVerified(t, c, 3, "phone,passphrase")
		assert.Regexp(t, "step_finished passphrase passed .*accepted", j.String())
		assert.Empty(t, catcher.To(customers[3].Phones), "no message is sent to somebody who needs none")
	})

	t.Run("does not want to speak, and presses the star key", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 5, dial{Wide: true})
		c.AwaitListened(t, 1, askedWithin)
		c.Press("*")
		keysTheCode(t, c, 5)
		assert.Contains(t, isVerified(t, c, 5, "phone,sms_code").Story(), "step_finished passphrase opted_out opted_out opted_out")
	})

	t.Run("is silent when asked for it", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 6, dial{Wide: true})
		keysTheCodeAfter(t, c, catcher, customers[6].Phones, time.Minute)
		assert.Contains(t, isVerified(t, c, 6, "phone,sms_code").Story(), "step_finished passphrase failed no_input no_input no_input")
	})

	t.Run("talks and talks", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 7, dial{Wide: true})
		for nth := 1; nth <= 2; nth++ {
			c.AwaitListened(t, nth, time.Minute)
			c.Say(t, babble)
		}
		keysTheCodeAfter(t, c, catcher, customers[7].Phones, time.Minute)
		story := isVerified(t, c, 7, "phone,sms_code").Story()
		assert.Condition(t, func() bool {
			return slices.ContainsFunc(story, func(line string) bool { return strings.HasPrefix(line, "step_finished passphrase failed ") })
		}, "%v", story)
	})

	t.Run("calls with 8 kHz, for which the engine has no model", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 8, dial{})
		keysTheCode(t, c, 8)
		assert.Contains(t, isVerified(t, c, 8, "phone,sms_code").Story(), "step_finished passphrase error unavailable error")
	})

	t.Run("meets an engine that is not there", func(t *testing.T) {
		t.Parallel()
		c := begins(t, 4, dial{Wide: true, To: "5101"})
		keysTheCode(t, c, 4)
		assert.Contains(t, isVerified(t, c, 4, "phone,sms_code").Story(), "step_finished passphrase error unavailable error")
	})

	t.Run("has no account", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: numberOf(777, 99), To: "5100"})
		c.AwaitAsked(t, "have-account", 1, askedWithin)
		c.Press("2")
		c.AwaitAt(t, "default", "agents", saidWithin)
		assert.Equal(t, result{Status: "none", Level: "0", Reason: "opted_out"}, c.Record(t).result())
	})

	t.Cleanup(func() {
		left, err := os.ReadDir(s.Service.Data + "/prompts/once")
		require.NoError(t, err)
		assert.Empty(t, left, "no name is left behind")
	})
}

// keysTheCodeAfter waits longer for the question.
func keysTheCodeAfter(t testing.TB, c *call, catcher *catcher, number string, within time.Duration) {
	t.Helper()
	c.AwaitAsked(t, "ask-code", 1, within)
	c.Press(catcher.Code(t, number, 1))
}
