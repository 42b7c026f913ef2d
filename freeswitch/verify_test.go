package freeswitch_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

const (
	// chiming is what the shipped extension "menu" plays.
	chiming = 660.0
	// askedWithin is from one prompt to the next one, with the longest prompt between them.
	askedWithin = time.Minute
	// saidWithin is from the last key to the next extension, with confirmation or failure between them.
	saidWithin = time.Minute
)

// people are customers of a bank. Each test that keys wrong PINs has one of its own, and nobody is called in more than
// four tests at once: answers that are being checked at the same moment count as wrong until they are known to be
// right.
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

// TestCallersOfTheRealService calls the real program through a real FreeSWITCH with the shipped configuration, and
// looks at what each caller hears, where they end, and what call records and subscribers are told.
func TestCallersOfTheRealService(t *testing.T) {
	t.Parallel()
	b := &bankSite{startSite(t, serviceOptions{Customers: everybody()})}
	t.Cleanup(func() {
		assert.NotContains(t, b.Service.Log(t), "level=ERROR", "nothing broke, so nobody has to act")
	})
	inParallel(t,
		scenario{"a known number and the right PIN", b.aKnownNumber},
		scenario{"the next leg is told in SIP headers", b.theNextLegIsTold},
		scenario{"a known number and the right PIN from another make of telephone", b.anotherMakeOfTelephone},
		scenario{"an unknown number, account and PIN, each when asked", b.anUnknownNumber},
		scenario{"an account that fills the field, then the hash key after the next prompt has begun", b.aLateHashKey},
		scenario{"a PIN of four digits that begins with a zero, without the hash key", b.aShortPIN},
		scenario{"one slip, then the right PIN", b.oneSlip},
		scenario{"a wrong PIN three times", b.threeWrongPINs},
		scenario{"an account that nobody has", b.anAccountThatNobodyHas},
		scenario{"a mistyped account, and back with the hash key", b.aMistypedAccount},
		scenario{"silence", b.silence},
		scenario{"the star key in place of the account", b.theStarKeyForTheAccount},
		scenario{"the star key in the middle of the PIN", b.theStarKeyInThePIN},
		scenario{"the caller hangs up in the middle of the PIN", b.hungUpInThePIN},
		scenario{"a withheld number is not looked up", b.aWithheldNumber},
		scenario{"an anonymous caller is not looked up", b.anAnonymousCaller},
	)
	// Typed ahead in one go, 160 ms a key: all keys are there long before the first prompt is over.
	for name, v := range map[string]struct{ who, keys string }{
		"in one go": {"known", "100042#246813#"},
		"in one go, an account that fills the field":                {"long", "1000420017#482915#"},
		"in one go, without a hash key where there need not be one": {"long", "1000420017482915"},
	} {
		inParallel(t, scenario{"account and PIN " + name, func(t *testing.T) { b.typedAhead(t, people[v.who], v.keys) }})
	}
}

// bankSite is a service with the built-in line and everybody for customers.
type bankSite struct{ *site }

// isHandedOn waits until the caller hears where they are, hangs up, and checks what the call carries.
func (b *bankSite) isHandedOn(t *testing.T, c *call, extension string, want result) (callRecord, journey) {
	t.Helper()
	c.AwaitAt(t, "default", extension, saidWithin)
	if c.phone != nil {
		c.Hears(t, map[string]float64{"menu": chiming, "agents": ringing}[extension], heardWithin)
	}
	r := c.Record(t)
	assert.Equal(t, want, r.result())
	assert.Equal(t, 1, r.Ran("transfer", extension+" XML default"), "%+v", r.AppLog)
	armed, off := 0, 0
	for i, a := range r.AppLog.Applications {
		switch a.Name {
		case "sched_transfer":
			armed = i
		case "sched_cancel":
			off = i
		}
	}
	assert.Greater(t, off, armed, "the dead-man switch is off: %+v", r.AppLog)
	assert.Equal(t, 0, r.Ran("transfer", "countersign-unavailable XML countersign"))
	for _, gone := range []string{
		"sensitive_dtmf", "socket_resume", "cs_digits", "cs_digits_invalid", "read_terminator_used",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
	assert.Equal(t, "none", r.Variables["digits_dialed"])
	j := b.Events.Journey(t, c)
	assert.Equal(t, j[0].Call, r.Variables["cs_call"])
	for name, want := range map[string]string{
		"Call": j[0].Call, "Status": want.Status, "Level": want.Level, "Customer": want.Customer,
	} {
		assert.Equal(t, want, r.Variables["nolocal:sip_h_X-Countersign-"+name], "exported to the next leg")
	}
	return r, j
}

func (b *bankSite) aKnownNumber(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["known"], "2", "ani,pin"))
	assert.Equal(t, []string{
		"call_started", "step_started greeting", "step_finished greeting passed",
		"step_started ani", "step_finished ani passed", `identified C-1 "Ada Lovelace" by ani`,
		"step_started pin", "step_finished pin passed accepted", `verified C-1 "Ada Lovelace" level 2 by [ani pin]`,
		"step_started confirmation", "step_finished confirmation passed",
		"routed verified to menu XML default", "call_ended routed verified ok",
	}, j.Story())
	assert.Equal(t, "https://crm.example/C-1?status=verified", fact[event.Verified](t, j).PopURL)
	started := fact[event.CallStarted](t, j)
	assert.Equal(t, "0001", started.CallerLast4)
	assert.False(t, started.CallerWithheld)
}

func (b *bankSite) theNextLegIsTold(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001", To: "5000-desk",
		Headers: []string{"X-Countersign-Status: none", "X-Countersign-Customer: forged"}})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	c.Hears(t, prompting, saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(people["known"], "2", "ani,pin"), r.result())
	desk := b.recordWhere(t, "of the desk", func(r callRecord) bool {
		return r.Variables["direction"] == "inbound" && r.Variables["sip_to_user"] == "desk-phone"
	})
	for name, want := range map[string]string{"Call": b.Events.Journey(t, c)[0].Call, "Status": "verified", "Level": "2",
		"Customer": "C-1"} {
		assert.Equal(t, want, desk.Variables["sip_h_X-Countersign-"+name], name)
	}
}

func (b *bankSite) anotherMakeOfTelephone(t *testing.T) {
	c := callWithOriginate(t, b.freeSWITCH, dial{From: "+15551230007",
		Keys: []keys{{After: time.Second, Digits: "662607#"}}})
	b.isHandedOn(t, c, "menu", verifiedAs(people["again"], "2", "ani,pin"))
}

func (b *bankSite) anUnknownNumber(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("100042#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["known"], "2", "account,pin"))
	assert.Subset(t, j.Story(), []string{
		"step_finished ani skipped not_found", "step_finished account passed accepted",
		`identified C-1 "Ada Lovelace" by account`,
		"step_finished pin passed accepted", `verified C-1 "Ada Lovelace" level 2 by [account pin]`,
	})
}
