package freeswitch_test

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatTheRecogniserHearsIsFoundNowhere is the canary for what callers say to a recogniser of the company's own:
// PINs said right, wrong, broken off and lost with the service, neither as words nor as digits nor as sound.
func TestWhatTheRecogniserHearsIsFoundNowhere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	s := startRecogniserSite(t)
	before := s.places(t, s.Service)
	pin, wrong, lost := before.drawDigits(6), before.drawDigits(6), before.drawDigits(6)
	s.Service.importCustomers(t, []customer{{ID: "R-1", Name: "Says The PIN", Account: "300081", PIN: pin}})
	doomed := startService(t, heardBy(t, s.ear.URL, []customer{
		{ID: "R-2", Name: "Sees It Die", Account: "300082", PIN: lost},
	}))
	said := func(digits string) secret {
		return secret{what: "spoken PIN", digits: []string{digits}, texts: []string{inWords(digits)}}
	}
	secrets := []secret{said(pin), said(wrong), said(lost)}

	t.Run("said wrong and right", func(t *testing.T) {
		c := s.dials(t, 11)
		c.AwaitHeard(t, 1, askedWithin)
		c.Press("300081") // the hash key would come late and have the question asked again
		c.AwaitHeard(t, 2, askedWithin)
		s.ear.answers(inWords(wrong)+"|"+inWords(pin[:5]), inWords(pin))
		c.Say(t, inWords(wrong))
		c.AwaitHeard(t, 3, saidWithin)
		c.Say(t, inWords(pin))
		isVerifiedAt(t, c, "menu")
	})
	t.Run("broken off by a key", func(t *testing.T) {
		c := s.dials(t, 12)
		c.AwaitHeard(t, 1, askedWithin)
		c.Press("300081")
		c.AwaitHeard(t, 2, askedWithin)
		s.ear.answers(inWords(pin))
		c.Say(t, inWords(pin))
		s.ear.awaitAsked(t, saidWithin)
		c.Press(pin + "#")
		isVerifiedAt(t, c, "menu")
	})
	t.Run("broken off by hanging up", func(t *testing.T) {
		c := s.dials(t, 13)
		c.AwaitHeard(t, 1, askedWithin)
		c.Press("300081")
		c.AwaitHeard(t, 2, askedWithin)
		s.ear.answers(inWords(pin))
		c.Say(t, inWords(pin))
		s.ear.awaitAsked(t, saidWithin)
		c.Record(t)
	})
	t.Run("lost with the service", func(t *testing.T) {
		c := callWithSIPp(t, s.freeSWITCH, dial{To: doomed.Number(switchedOff), From: numberOf(790, 14), Wide: true})
		c.AwaitHeard(t, 1, askedWithin)
		c.Press("300082")
		c.AwaitHeard(t, 2, askedWithin)
		s.ear.answers(inWords(lost))
		c.Say(t, inWords(lost))
		s.ear.awaitAsked(t, saidWithin)
		doomed.Kill(t)
		c.AwaitAt(t, "default", "agents", atOnce)
		c.Record(t)
	})
	if t.Failed() {
		return
	}
	s.nothingOfItIsFound(t, secrets, doomed)
	s.Service.Signal(t, syscall.SIGTERM)
	s.Service.AwaitExit(t, serviceStopsWithin)
	s.nothingOfItIsFound(t, secrets, doomed)
}

// nothingOfItIsFound looks for words, digits and sound.
func (s *recogniserSite) nothingOfItIsFound(t *testing.T, secrets []secret, doomed *service) {
	t.Helper()
	all := s.places(t, s.Service, doomed)
	assert.Empty(t, all.leaks(secrets...))
	heard := s.ear.utterances()
	require.NotEmpty(t, heard)
	var sounds [][]byte
	for _, u := range heard {
		if loud := loudestPiece(u.sound); loud != nil {
			sounds = append(sounds, loud)
		}
	}
	require.NotEmpty(t, sounds, "callers have spoken")
	for name, text := range all {
		for _, sound := range sounds {
			assert.False(t, bytes.Contains(text, sound), "%s has the sound of a PIN", name)
		}
	}
	control := places{
		"a place with the sound": append([]byte("before"), sounds[0]...), "words": []byte(secrets[0].texts[0]),
	}
	assert.Len(t, control.leaks(secrets...), 1, "the same search finds the words")
	assert.True(t, bytes.Contains(control["a place with the sound"], sounds[0]))
	assert.NotContains(t, strings.Join(s.ear.queries(), " "), secrets[0].digits[0])
}

// loudestPiece is a piece of sound that nothing else looks like: 8 ms of it, from its loudest sample on.
func loudestPiece(sound []byte) []byte {
	const piece = 256
	at, most := -1, int16(0)
	for i := 0; i+piece < len(sound); i += 2 {
		if v := int16(uint16(sound[i]) | uint16(sound[i+1])<<8); v > most {
			at, most = i, v
		}
	}
	if at < 0 || most < 1000 {
		return nil
	}
	return sound[at : at+piece]
}
