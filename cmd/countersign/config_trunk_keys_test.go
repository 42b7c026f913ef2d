package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/esl"
	"countersign/internal/strictyaml"
)

func TestATrunksOwnSettingsOfKeysComeFirst(t *testing.T) {
	t.Parallel()
	c := defaults()
	_, err := strictyaml.Read("f", []byte("keys:\n  double: 40ms\n  trunks:\n"+
		"    carrier-a: {in_band: always, double: 0s}\n"+
		"    external/192.0.2.7: {in_band: never}\n"), &c)
	require.NoError(t, err)
	require.NoError(t, c.check())
	assert.Equal(t, esl.Keys{InBand: esl.InBandAuto, Double: 40 * time.Millisecond}, c.Keys.of("another"))
	assert.Equal(t, esl.Keys{InBand: esl.InBandAlways}, c.Keys.of("carrier-a"))
	assert.Equal(t, esl.Keys{InBand: esl.InBandNever, Double: 40 * time.Millisecond}, c.Keys.of("external/192.0.2.7"))
}

func TestWrongSettingsOfKeysAreNamed(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"{in_band: sometimes}":                "keys.in_band is \"sometimes\"",
		"{double: 200ms}":                     "keys.double is 200ms: it must be from 0s to 150ms",
		"{silent_calls: 2}":                   "keys.silent_calls is 2",
		"{trunks: {carrier-a: {double: 1s}}}": "keys.trunks.carrier-a.double is 1s",
	} {
		c := defaults()
		_, err := strictyaml.Read("f", []byte("keys: "+text+"\n"), &c)
		require.NoError(t, err, text)
		assert.ErrorContains(t, c.check(), problem)
	}
}
