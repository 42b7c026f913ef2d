package freeswitch

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

// An agent whose leg gives up before the caller is done would be lost to the caller.
func TestAnAgentWaitsLongerForAStepUpThanASlowCallerMayTake(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("conf/dialplan/countersign.xml")
	require.NoError(t, err)
	_, wait, found := strings.Cut(string(text), `<extension name="countersign-wait">`)
	require.True(t, found)
	wait, _, _ = strings.Cut(wait, "</extension>")
	deadMan := regexp.MustCompile(`countersign_deadman=(\d+)`).FindStringSubmatch(wait)
	require.NotNil(t, deadMan)
	var waits time.Duration
	for _, silence := range regexp.MustCompile(`silence_stream://(\S+?)"`).FindAllStringSubmatch(wait, -1) {
		ms, err := strconv.Atoi(strings.ReplaceAll(silence[1], "${countersign_deadman}", deadMan[1]))
		require.NoError(t, err)
		waits += time.Duration(ms) * time.Millisecond
	}
	assert.Greater(t, waits, session.LongestCall(0, true)+time.Minute)
}
