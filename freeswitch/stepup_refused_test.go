package freeswitch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/freeswitch"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStepUpsOfCallsThatThereAreNot refuses what cannot be done, in words that the program can tell apart, and leaves
// the calls alone.
func TestStepUpsOfCallsThatThereAreNot(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{})
	service := listenAndSay(t, asks(30*time.Second)...)
	k := s.talk(t, service.port(t), time.Minute)
	s.refusesUnknownCalls(t, k)
	s.refusesWithoutFreeSWITCH(t, k)
	k.HearEachOther(t) // nothing of all that has touched the call

	s.beginsOneOfMany(t, k)
	k.Caller.Hears(t, prompting, heardWithin)
	assert.ErrorIs(t, s.stepUp(t, k.ID), session.ErrNotBridged, "the caller is in a step-up already")
	service.HangUpOnAll()
	k.HearEachOther(t)
	k.Caller.HangUp()
	k.Caller.AwaitOver(t, hangUpWithin)
	over := func() bool { return errors.Is(s.stepUp(t, k.ID), session.ErrUnknownCall) }
	require.Eventually(t, over, heardWithin, poll)
}

func (s *stepUpSite) stepUp(t *testing.T, call string) error {
	return s.StepUps.StepUp(t.Context(), call, session.Strong)
}

func (s *stepUpSite) refusesUnknownCalls(t *testing.T, k *talk) {
	t.Helper()
	assert.ErrorIs(t, s.stepUp(t, "never heard of"), session.ErrUnknownCall)
	s.known.is("over", randomUUID())
	assert.ErrorIs(t, s.stepUp(t, "over"), session.ErrUnknownCall)
	s.known.is("forged", k.Caller.Leg(t)+" x;hupall")
	assert.ErrorIs(t, s.stepUp(t, "forged"), session.ErrUnknownCall)
	for _, level := range []session.Level{session.Unknown, session.Strong + 1, -1} {
		assert.Error(t, s.StepUps.StepUp(t.Context(), k.ID, level))
	}
}

// stepUpsOn are those of another machine of ours.
func (s *stepUpSite) stepUpsOn(t *testing.T, servers ...freeswitch.Server) *freeswitch.StepUps {
	t.Helper()
	u := freeswitch.NewStepUps(freeswitch.Options{Calls: s.known, Servers: servers, Timeout: 3 * time.Second})
	t.Cleanup(u.Close)
	return u
}

// nobody is a FreeSWITCH that is down.
func nobody(t *testing.T) freeswitch.Server {
	t.Helper()
	return freeswitch.Server{Address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), Password: session.NewSecret([]byte("x"))}
}

func (s *stepUpSite) refusesWithoutFreeSWITCH(t *testing.T, k *talk) {
	t.Helper()
	stranger := freeswitch.Server{Address: s.eventSocket, Password: session.NewSecret([]byte("not the password"))}
	for name, u := range map[string]*freeswitch.StepUps{
		"down": s.stepUpsOn(t, nobody(t)), "with another password": s.stepUpsOn(t, stranger),
	} {
		err := u.StepUp(t.Context(), k.ID, session.Strong)
		assert.ErrorIs(t, err, session.ErrSwitchUnavailable, name)
		assert.NotContains(t, err.Error(), "not the password")
	}
}

// beginsOneOfMany asks at the same moment, on two machines of ours that know two FreeSWITCHes, one of which is down.
func (s *stepUpSite) beginsOneOfMany(t *testing.T, k *talk) {
	t.Helper()
	both := s.stepUpsOn(t, nobody(t), s.server())
	results := make(chan error, 8)
	for i := range cap(results) {
		u := []*freeswitch.StepUps{both, both, both, s.StepUps}[i%4]
		go func() { results <- u.StepUp(t.Context(), k.ID, session.Strong) }()
	}
	begun := 0
	for range cap(results) {
		if err := <-results; err == nil {
			begun++
		} else {
			assert.ErrorIs(t, err, session.ErrNotBridged)
		}
	}
	assert.GreaterOrEqual(t, begun, 1)
}
