package freeswitch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func (k *keyed) rightPIN(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239002"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(k.pin.known)
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, "verified", c.Record(t).Variables["cs_status"])
}

func (k *keyed) typedAhead(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("8000420017#" + k.pin.ahead + "#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, "verified", c.Record(t).Variables["cs_status"])
}

func (k *keyed) flushed(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("899999#1357#" + k.pin.flushed + "#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
	c.Press("*")
	c.AwaitAt(t, "default", "agents", saidWithin)
	assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
}

func (k *keyed) wrongPINs(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239003"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(k.pin.first + "#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
	c.Press(k.pin.second + "#")
	c.AwaitAsked(t, "ask-pin-again", 2, askedWithin)
	c.Press(k.pin.third + "#")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	k.calls.await(t, c.ID, "told of the failure", askedWithin, func(s sighting) bool {
		return s.Application == "playback" && strings.Contains(s.Arguments, "/failure.wav")
	})
	c.Press(k.pin.other + "#")
	c.AwaitAt(t, "default", "agents", saidWithin)
	r := c.Record(t)
	assert.Equal(t, "wrong_answer", r.Variables["cs_reason"])
	assert.Equal(t, "none", r.Variables["digits_dialed"], "flush_dtmf writes what it throws away into it (flush_test.go)")
}

func (k *keyed) hangsUp(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239004"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(k.pin.leaves[:5])
	c.Record(t)
}

func (k *keyed) starKey(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239005"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(k.pin.declines[:5] + "*")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	c.AwaitAt(t, "default", "agents", saidWithin)
	assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
}

func (k *keyed) serviceDies(t *testing.T) {
	c := callWithSIPp(t, k.freeSWITCH, dial{From: "+15551239006", To: k.doomed.Number(time.Minute)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(k.pin.dies[:5])
	k.doomed.Kill(t)
	c.AwaitAt(t, "default", "agents", atOnce)
	assert.Equal(t, unavailable, c.Record(t).result())
}
