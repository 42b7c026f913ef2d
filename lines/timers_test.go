package lines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheTimeBetweenDigitsIsShorterThanThatForTheFirst(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"timers: {first_digit: 4s, inter_digit: 3999ms}\n": "",
		"timers: {first_digit: 4s, inter_digit: 4s}\n":     "7:40: timers.inter_digit: the time between digits (4s) must be shorter than that for the first (4s)",
		"timers: {first_digit: 3s}\n":                      "7:23: timers.first_digit: the time between digits (3s) must be shorter than that for the first (3s)",
		"timers: {inter_digit: 5s}\n":                      "7:23: timers.inter_digit: the time between digits (5s) must be shorter than that for the first (5s)",
		"timers: {inter_digit: 4999ms}\n":                  "",
	} {
		got := said(t, with(text))
		if says == "" {
			assert.Empty(t, got, text)
			continue
		}
		require.Len(t, got, 1, text)
		assert.True(t, strings.HasPrefix(got[0], says), "%s: %s", text, got[0])
	}
}
