package freeswitch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flows is the line of lines/examples/smartflows.yaml where every answer can be said, with customers of a passphrase
// each.
type flows struct {
	*site
	customers []customer
	catcher   *catcher
}

// TestTheMultiFactorCallByVoiceAloneAndByKeysAlone is that call from a number that nobody knows, end to end: a real
// telephone call, a real speech engine, a text message that is really sent.
func TestTheMultiFactorCallByVoiceAloneAndByKeysAlone(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	line := exampleLine(t, "smartflows")
	asked := passphraseOf(t, line)
	line = changed(t, line, "region: US\n", "region: US\nspeech: {engine: pocketsphinx}\n", "{name: phone, reasks: 3}",
		"{name: phone, digits: 10, reasks: 3}")
	f := &flows{catcher: startCatcher(t)}
	var taken []string
	for i := range 4 {
		f.customers = append(f.customers, customer{
			ID: "V-" + string(rune('0'+i)), Name: "Ada Lovelace", Phones: numberOf(125, i), Passphrase: drawWords(t, 3, &taken),
		})
	}
	f.site = startSiteOn(t,
		serviceOptions{Customers: f.customers, Lines: []string{line}, Settings: f.catcher.Settings},
		heedingAnswers(t, options{Files: lineDialplan}, asked.Grammar))
	inParallel(t,
		scenario{"by voice alone, with a passphrase", f.passphraseByVoice},
		scenario{"by voice alone, with the code of a message", f.codeByVoice},
		scenario{"by keys alone", f.byKeys},
		scenario{"says that they want a person", f.aPerson},
	)
}

func (f *flows) dials(t *testing.T, who int) *call {
	t.Helper()
	c := callWithSIPp(t, f.freeSWITCH, dial{To: "5100", From: numberOf(782, who), Wide: true})
	c.AwaitListened(t, 1, askedWithin)
	return c
}

// saysWhoTheyAre says yes, and the telephone number until it is read back right: an engine on a busy machine mishears.
// It returns how often FreeSWITCH has listened, the last time for what comes next. ok is false if the number was not
// understood, and keys are asked for.
func (f *flows) saysWhoTheyAre(t *testing.T, c *call, who int) (listened int, ok bool) {
	t.Helper()
	listened = 1
	for range 3 {
		c.Say(t, "yes")
		listened++
		c.AwaitListened(t, listened, 4*askedWithin)
		if !strings.Contains(c.lastListened(), "have-account") {
			break
		}
	}
	number := strings.TrimPrefix(f.customers[who].Phones, "+1")
	for range 3 {
		require.Contains(t, c.lastListened(), "ask-phone")
		c.Say(t, strings.Join(strings.Split(number, ""), " "))
		listened++
		if !c.listensAgain(t, listened) {
			return listened, false
		}
		read := readBack(c, listened)
		if read == "" {
			continue
		}
		c.Say(t, map[bool]string{true: "yes", false: "no"}[read == number])
		listened++
		if !c.listensAgain(t, listened) {
			return listened, false
		}
		if !strings.Contains(c.lastListened(), "ask-phone") && readBack(c, listened) == "" {
			return listened, true
		}
	}
	return listened, false
}

// listensAgain waits until FreeSWITCH listens for the nth time; false if it asks for keys or hands the call on instead.
func (c *call) listensAgain(t *testing.T, nth int) bool {
	t.Helper()
	c.fs.calls.await(t, c.ID, "listened to again, or not", 2*saidWithin, func(s sighting) bool {
		return c.listens() >= nth || strings.Contains(s.Arguments, "/please-key.wav") ||
			strings.Contains(s.Arguments, "/failure.wav")
	})
	return c.listens() >= nth
}

// byVoice makes calls until one gets through by voice alone: an engine that mishears twice asks for keys, and that
// caller hangs up.
func (f *flows) byVoice(t *testing.T, who int, proves func(c *call, listened int) bool) *call {
	t.Helper()
	for range 4 {
		c := f.dials(t, who)
		if listened, ok := f.saysWhoTheyAre(t, c, who); ok && proves(c, listened) {
			return c
		}
		c.HangUp()
	}
	require.Fail(t, "the caller was not understood in four calls")
	return nil
}

func (f *flows) isVerified(t *testing.T, c *call, who int, methods string) {
	t.Helper()
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(f.customers[who], "2", methods), c.Record(t).result())
}

func (f *flows) passphraseByVoice(t *testing.T) {
	c := f.byVoice(t, 0, func(c *call, listened int) bool {
		c.Say(t, f.customers[0].Passphrase)
		if !c.letThrough(t, listened+1) {
			c.Say(t, f.customers[0].Passphrase)
			return c.letThrough(t, listened+2)
		}
		return true
	})
	f.isVerified(t, c, 0, "phone,passphrase")
}

func (f *flows) codeByVoice(t *testing.T) {
	sent := 0
	c := f.byVoice(t, 1, func(c *call, listened int) bool {
		for range 2 { // they have forgotten the words, and say nothing
			if listened++; !c.listensAgain(t, listened) {
				return false
			}
		}
		require.Contains(t, c.lastListened(), "ask-code")
		sent++
		code := f.catcher.Code(t, f.customers[1].Phones, sent)
		for range 2 {
			c.Say(t, strings.Join(strings.Split(code, ""), " "))
			if listened++; c.letThrough(t, listened) {
				return true
			}
		}
		return false
	})
	f.isVerified(t, c, 1, "phone,sms_code")
}

func (f *flows) byKeys(t *testing.T) {
	c := f.dials(t, 2)
	c.Press("1")
	c.AwaitListened(t, 2, askedWithin)
	c.Press(strings.TrimPrefix(f.customers[2].Phones, "+1") + "#")
	c.AwaitListened(t, 3, askedWithin) // the passphrase
	c.Press("*")
	c.AwaitListened(t, 4, askedWithin)
	c.Press(f.catcher.Code(t, f.customers[2].Phones, 1))
	f.isVerified(t, c, 2, "phone,sms_code")
}

func (f *flows) aPerson(t *testing.T) {
	c := f.dials(t, 3)
	c.Say(t, "representative")
	c.AwaitAt(t, "default", "agents", saidWithin)
	assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
}
