package freeswitch_test

import (
	"syscall"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (b *bankSite) drains(t *testing.T) {
	drained := startService(t, serviceOptions{Customers: everybody()})
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001", To: drained.Number(time.Minute)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	drained.Signal(t, syscall.SIGTERM)
	require.Eventually(t, func() bool { return refuses(drained.Address()) }, serviceStopsWithin, poll,
		"it goes on listening")
	late := callWithSIPp(t, b.freeSWITCH, dial{From: stranger, To: drained.Number(time.Minute)})
	late.AwaitAt(t, "default", "agents", atOnce)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Hears(t, chiming, heardWithin)
	drained.AwaitExit(t, serviceStopsWithin)
	assert.Zero(t, drained.ExitCode())
	c.GoesOnHearing(t, chiming, time.Now().Add(ringsWithin))
	r := c.Record(t)
	assert.Equal(t, "verified", r.result().Status)
	isUnavailableOnce(t, late.Record(t))

	drained.Start(t)
	j := subscribe(t, drained).Stored(t, r.Variables["cs_call"])
	j.inOrder(t)
	assert.Subset(t, j.Story(), []string{`verified C-1 "Ada Lovelace" level 2 by [ani pin]`,
		"call_ended routed verified ok"})
}

func (b *bankSite) drainsInVain(t *testing.T) {
	drained := startService(t, serviceOptions{Customers: everybody(), Drain: 2 * time.Second})
	events := subscribe(t, drained)
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger, To: drained.Number(time.Minute)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	call := events.await(t, c, event.FactCallStarted)[0].Call
	drained.Signal(t, syscall.SIGTERM)
	c.AwaitAt(t, "default", "agents", 2*time.Second+atOnce)
	c.Hears(t, ringing, heardWithin)
	drained.AwaitExit(t, serviceStopsWithin)
	c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
	isUnavailableOnce(t, c.Record(t))

	drained.Start(t)
	j := subscribe(t, drained).Stored(t, call)
	j.inOrder(t)
	assert.Equal(t, event.EndReleased, fact[event.CallEnded](t, j).End, "%v", j)
}
