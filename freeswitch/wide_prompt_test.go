package freeswitch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
	"countersign/session"
)

// A recording that somebody uploaded is played at 16 kHz on a call that has so much, and at 8 kHz on any other.
func TestEachCallGetsTheRecordingOfItsRate(t *testing.T) {
	t.Parallel()
	dir := inMemory(t)
	catalogue, err := prompts.Open(dir)
	require.NoError(t, err)
	wav, err := prompts.Recorded(t.Context(), toneWAVAt(48000, 1000, time.Second))
	require.NoError(t, err)
	name := prompts.RecordedName(wav)
	require.NoError(t, catalogue.KeepRecorded("en", name, wav))
	file, found := catalogue.Replaced("en", session.Replacement{File: name})
	require.True(t, found)

	f := startFreeSWITCH(t, options{Files: map[string]string{"public/90_plays.xml": `
<extension name="plays"><condition field="destination_number" expression="^plays$">
<action application="answer"/><action application="playback" data="` + file + `"/></condition></extension>`}})
	require.Contains(t, f.API(t, "sndfile_debug on"), ": on")
	for rate, wide := range map[string]bool{"8000": false, "16000": true} {
		callWithSIPp(t, f, dial{To: "plays", From: "+15550100", Wide: wide})
		opened := "Opening File [" + filepath.Join(filepath.Dir(file), rate, name) + "] rate [" + rate + "hz]"
		assert.True(t, await(apiWithin, func() bool {
			log, err := os.ReadFile(filepath.Join(f.LogDir, "freeswitch.log"))
			return err == nil && strings.Contains(string(log), opened)
		}), "no %s", opened)
	}
}
