package freeswitch_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// chiming is what the shipped extension "menu" plays.
	chiming = 660.0
	// askedWithin is from one prompt to the next one, with the longest prompt between them.
	askedWithin = 15 * time.Second
	// saidWithin is from the last key to the next extension, with confirmation or failure between them.
	saidWithin = 15 * time.Second
)

// people are customers of a bank. Each test that keys wrong PINs has one of its own, and nobody is called in more than four tests at once: answers that are
// being checked at the same moment count as wrong until they are known to be right.
var people = map[string]customer{
	"known":    {ID: "C-1", Name: "Ada Lovelace", Phones: "+15551230001", Account: "100042", PIN: "246813"},
	"long":     {ID: "C-2", Name: "Grace Hopper", Account: "1000420017", PIN: "482915"},
	"short":    {ID: "C-3", Name: "Edith Clarke", Account: "100077", PIN: "0583"},
	"mistaken": {ID: "C-4", Name: "Mary Cartwright", Phones: "+15551230004", Account: "100044", PIN: "271828"},
	"leaves":   {ID: "C-5", Name: "Emmy Noether", Phones: "+15551230005", Account: "100045", PIN: "314159"},
	"again":    {ID: "C-7", Name: "Hertha Ayrton", Phones: "+15551230007", Account: "100047", PIN: "662607"},
	"hidden":   {ID: "C-6", Name: "Sofia Kovalevskaya", Phones: "+15551230006", Account: "100046", PIN: "577215"},
}

const stranger = "+15557770001"

func everybody() []customer { return slices.Collect(maps.Values(people)) }

// TestCallersOfTheRealService calls the real program through a real FreeSWITCH with the shipped configuration, and looks at what each caller
// hears, where they end, and what call records and subscribers are told.
func TestCallersOfTheRealService(t *testing.T) {
	t.Parallel()
	s := startSite(t, serviceOptions{Customers: everybody()})
	t.Cleanup(func() { assert.NotContains(t, s.Service.Log(t), "level=ERROR", "nothing broke, so nobody has to act") })

	// isHandedOn waits until the caller hears where they are, hangs up, and checks what the call carries.
	isHandedOn := func(t *testing.T, c *call, extension string, want result) (callRecord, journey) {
		t.Helper()
		c.AwaitAt(t, "default", extension, saidWithin)
		if c.phone != nil {
			c.Hears(t, map[string]float64{"menu": chiming, "agents": ringing}[extension], ringsWithin)
		}
		r := c.Record(t)
		assert.Equal(t, want, r.result())
		assert.Equal(t, 1, r.Ran("transfer", extension+" XML default"), "%+v", r.AppLog)
		assert.Equal(t, 1, r.Ran("sched_cancel", ""), "the dead-man switch is off: %+v", r.AppLog)
		assert.Equal(t, 0, r.Ran("transfer", "countersign-unavailable XML countersign"))
		for _, gone := range []string{"sensitive_dtmf", "socket_resume", "cs_digits", "cs_digits_invalid", "read_terminator_used"} {
			assert.NotContains(t, r.Variables, gone)
		}
		assert.Equal(t, "none", r.Variables["digits_dialed"])
		j := s.Events.Journey(t, c)
		assert.Equal(t, j[0].Call, r.Variables["cs_call"])
		for name, want := range map[string]string{"Call": j[0].Call, "Status": want.Status, "Level": want.Level, "Customer": want.Customer} {
			assert.Equal(t, want, r.Variables["nolocal:sip_h_X-Countersign-"+name], "exported to the next leg")
		}
		return r, j
	}
	verified := func(who string, methods string) result {
		return result{Status: "verified", Level: "2", Reason: "ok", Methods: methods, Customer: people[who].ID}
	}

	t.Run("a known number and the right PIN", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001"})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246813#")
		_, j := isHandedOn(t, c, "menu", verified("known", "ani,pin"))
		assert.Equal(t, []string{
			"call_started",
			"step_started greeting", "step_finished greeting passed",
			"step_started ani", "step_finished ani passed", `identified C-1 "Ada Lovelace" by ani`,
			"step_started pin", "step_finished pin passed accepted", `verified C-1 "Ada Lovelace" level 2 by [ani pin]`,
			"step_started confirmation", "step_finished confirmation passed",
			"routed verified to menu XML default", "call_ended routed verified ok",
		}, j.Story())
		assert.Equal(t, "https://crm.example/C-1?status=verified", fact[event.Verified](t, j).PopURL)
		started := fact[event.CallStarted](t, j)
		assert.Equal(t, "0001", started.CallerLast4)
		assert.False(t, started.CallerWithheld)
	})

	t.Run("the next leg is told in SIP headers", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001", To: "5000-desk", Headers: []string{"X-Countersign-Status: none", "X-Countersign-Customer: forged"}})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246813#")
		c.Hears(t, prompting, saidWithin)
		r := c.Record(t)
		assert.Equal(t, verified("known", "ani,pin"), r.result())
		desk := s.recordWhere(t, "of the desk", func(r callRecord) bool {
			return r.Variables["direction"] == "inbound" && r.Variables["sip_to_user"] == "desk-phone"
		})
		for name, want := range map[string]string{"Call": s.Events.Journey(t, c)[0].Call, "Status": "verified", "Level": "2", "Customer": "C-1"} {
			assert.Equal(t, want, desk.Variables["sip_h_X-Countersign-"+name], name)
		}
	})

	t.Run("a known number and the right PIN from another make of telephone", func(t *testing.T) {
		t.Parallel()
		c := callWithOriginate(t, s.freeSWITCH, dial{From: "+15551230007", Keys: []keys{{After: time.Second, Digits: "662607#"}}})
		isHandedOn(t, c, "menu", verified("again", "ani,pin"))
	})

	t.Run("an unknown number, account and PIN, each when asked", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("100042#")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246813#")
		_, j := isHandedOn(t, c, "menu", verified("known", "account,pin"))
		assert.Subset(t, j.Story(), []string{
			"step_finished ani skipped not_found", "step_finished account passed accepted", `identified C-1 "Ada Lovelace" by account`,
			"step_finished pin passed accepted", `verified C-1 "Ada Lovelace" level 2 by [account pin]`,
		})
	})

	// Typed ahead in one go, 160 ms a key: all keys are there long before the first prompt is over.
	for name, v := range map[string]struct{ who, keys string }{
		"in one go": {"known", "100042#246813#"},
		"in one go, an account that fills the field":                {"long", "1000420017#482915#"},
		"in one go, without a hash key where there need not be one": {"long", "1000420017482915"},
	} {
		t.Run("account and PIN "+name, func(t *testing.T) {
			t.Parallel()
			c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
			c.AwaitAsked(t, "ask-account", 1, askedWithin)
			c.Press(v.keys)
			_, j := isHandedOn(t, c, "menu", verified(v.who, "account,pin"))
			assert.Subset(t, j.Story(), []string{"step_finished account passed accepted", "step_finished pin passed accepted"},
				"a hash key too many counts as nothing")
		})
	}

	t.Run("an account that fills the field, then the hash key after the next prompt has begun", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("1000420017")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("#")
		c.AwaitAsked(t, "ask-pin", 2, askedWithin)
		c.Press("482915#")
		_, j := isHandedOn(t, c, "menu", verified("long", "account,pin"))
		assert.Subset(t, j.Story(), []string{"step_finished account passed accepted", "step_finished pin passed accepted"})
	})

	t.Run("a PIN of four digits that begins with a zero, without the hash key", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("100077#")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("0583")
		isHandedOn(t, c, "menu", verified("short", "account,pin"))
	})

	t.Run("one slip, then the right PIN", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001"})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246814#")
		c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
		c.Press("246813#")
		_, j := isHandedOn(t, c, "menu", verified("known", "ani,pin"))
		assert.Contains(t, j.Story(), "step_finished pin passed rejected accepted")
	})

	t.Run("a wrong PIN three times", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230004"})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("271829#")
		c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
		c.Press("271820#")
		c.AwaitAsked(t, "ask-pin-again", 2, askedWithin)
		c.Press("271821#")
		_, j := isHandedOn(t, c, "agents", result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "ani", Customer: "C-4"})
		assert.Subset(t, j.Story(), []string{
			"step_finished pin failed wrong_answer rejected rejected rejected", "failed wrong_answer at pin, identified C-4",
			"step_finished failure passed", "routed identified to agents XML default", "call_ended routed identified wrong_answer",
		})
		assert.NotContains(t, strings.Join(j.Story(), "\n"), "verified")
	})

	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.AwaitAsked(t, "ask-account-again", 2, 2*askedWithin)
		c.AwaitAt(t, "default", "agents", 3*askedWithin)
		_, j := isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "no_input"})
		assert.Subset(t, j.Story(), []string{"step_finished account failed no_input no_input no_input no_input", "routed unidentified to agents XML default"})
	})

	t.Run("the star key in place of the account", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("*")
		_, j := isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "opted_out"})
		assert.Contains(t, j.Story(), "step_finished account opted_out opted_out opted_out")
	})

	t.Run("the star key in the middle of the PIN", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001"})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246*")
		_, j := isHandedOn(t, c, "agents", result{Status: "identified", Level: "1", Reason: "opted_out", Methods: "ani", Customer: "C-1"})
		assert.Contains(t, j.Story(), "step_finished pin opted_out opted_out opted_out")
	})

	t.Run("the caller hangs up in the middle of the PIN", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230005"})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		const partial = "314"
		c.Press(partial)
		r := c.Record(t)
		for name, value := range r.Variables {
			assert.NotEqual(t, partial, value, "the digits are in the variable %s", name)
		}
		assert.NotContains(t, r.Variables, "cs_digits")
		assert.Equal(t, "none", r.Variables["digits_dialed"])
		assert.NotContains(t, linesOf(s.log(t), c.Leg(t)), "DTMF ")
		j := s.Events.Journey(t, c)
		assert.Equal(t, []string{"step_finished pin abandoned hung_up abandoned", "call_ended abandoned identified hung_up"}, j.Story()[len(j)-2:])
		assert.Equal(t, "NORMAL_CLEARING", fact[event.CallEnded](t, j).Cause)
	})

	t.Run("a withheld number is not looked up", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230006", Hidden: true})
		arrived := c.AwaitAt(t, "public", "5000", arriveWithin)
		require.True(t, arrived.Hidden)
		require.Equal(t, "+15551230006", arrived.Number, "FreeSWITCH does know the number; if this fails, the test proves nothing")
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("100046#")
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("577215#")
		_, j := isHandedOn(t, c, "menu", verified("hidden", "account,pin"))
		assert.Contains(t, j.Story(), "step_finished ani skipped withheld")
		started := fact[event.CallStarted](t, j)
		assert.True(t, started.CallerWithheld)
		assert.Empty(t, started.CallerLast4)
	})

	t.Run("an anonymous caller is not looked up", func(t *testing.T) {
		t.Parallel()
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "anonymous"})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.Press("*")
		_, j := isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "opted_out"})
		assert.Contains(t, j.Story(), "step_finished ani skipped no_number")
		assert.Empty(t, fact[event.CallStarted](t, j).CallerLast4)
	})
}

// linesOf picks the lines of a log that speak of a leg.
func linesOf(log, leg string) string {
	var of []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, leg) {
			of = append(of, line)
		}
	}
	return strings.Join(of, "")
}
