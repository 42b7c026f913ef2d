package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// call is a caller on the line. It is hung up when the test ends.
type call struct {
	// ID is the SIP Call-ID, by which FreeSWITCH's events and call records tell it from others.
	ID string
	// Began is when the INVITE was about to be sent.
	Began time.Time
	fs    *freeSWITCH
	// phone is nil for a call that FreeSWITCH itself places.
	phone  *telephone
	hangUp func()
	over   <-chan struct{}
}

// Press keys digits in now and returns when the last key is let go.
func (c *call) Press(digits string) { c.phone.press(digits) }

// HangUp has the caller put the receiver down.
func (c *call) HangUp() { c.hangUp() }

// AwaitAt waits until the call runs an application of a dialplan extension.
func (c *call) AwaitAt(t testing.TB, context, extension string, within time.Duration) sighting {
	t.Helper()
	return c.fs.calls.await(t, c.ID, "at "+extension+" in "+context, within, func(s sighting) bool {
		return s.Context == context && s.Extension == extension
	})
}

// AwaitAsked waits until the call is asked for digits with a prompt for the nth time; the first is 1. What is keyed
// after that counts for it.
func (c *call) AwaitAsked(t testing.TB, prompt string, nth int, within time.Duration) sighting {
	t.Helper()
	return c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("asked %s, time %d", prompt, nth), nth, within, func(s sighting) bool {
		return s.Application == "play_and_get_digits" && strings.Contains(s.Arguments, "/"+prompt+".wav")
	})
}

// Leg is FreeSWITCH's Unique-ID of the call.
func (c *call) Leg(t testing.TB) string {
	t.Helper()
	return c.fs.calls.await(t, c.ID, "at all", arriveWithin, func(sighting) bool { return true }).Leg
}

// AwaitOver waits until the call has ended, whoever ended it.
func (c *call) AwaitOver(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case <-c.over:
	case <-time.After(within):
		require.Fail(t, "the call goes on", "after %s", within)
	}
}

// Hears waits for a tone, such as the ringing at the shipped agents (400 Hz): the proof that the caller is not in dead
// air.
func (c *call) Hears(t testing.TB, hz float64, within time.Duration) {
	t.Helper()
	require.True(t, c.phone.hear(hz, within), "the caller heard no tone of %v Hz in %s", hz, within)
}

// GoesOnHearing waits until a time and makes sure that the caller still hears a tone then, and heard it all the while.
func (c *call) GoesOnHearing(t testing.TB, hz float64, until time.Time) {
	t.Helper()
	for ok := true; ok; ok = time.Now().Before(until) {
		c.Hears(t, hz, ringsWithin)
	}
}

// AwaitSound waits until the caller hears anything at all.
func (c *call) AwaitSound(t testing.TB, within time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool { return c.FirstSound() > 0 }, within, poll, "the caller hears nothing")
}

// AwaitAnswerToKeys waits for the first frame of sound since the last key was let go, and returns how long it took.
func (c *call) AwaitAnswerToKeys(t testing.TB, within time.Duration) (took time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.phone.mu.Lock()
		defer c.phone.mu.Unlock()
		took = c.phone.resume.Sub(c.phone.keyed)
		return !c.phone.resume.IsZero()
	}, within, poll, "nothing is heard after the last key")
	return took
}

// FirstSound is the time from the INVITE to the first frame of sound, or 0 if there was none.
func (c *call) FirstSound() time.Duration {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	if c.phone.first.IsZero() {
		return 0
	}
	return c.phone.first.Sub(c.Began)
}

// Record hangs up, if the call still goes on, and returns its call record.
func (c *call) Record(t testing.TB) callRecord {
	t.Helper()
	c.hangUp()
	c.AwaitOver(t, hangUpWithin)
	return c.fs.record(t, c.ID)
}
