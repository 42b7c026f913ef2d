package lines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterDigitMustBeShorterThanFirstDigit(t *testing.T) {
	t.Parallel()
	const shorter = "the time between digits (%s) must be shorter than that for the first (%s)"
	says := func(path, time string) string { return path + ": " + strings.ReplaceAll(shorter, "%s", time) }
	for text, want := range map[string]string{
		"timers: {first_digit: 4s, inter_digit: 3999ms}\n": "",
		"timers: {first_digit: 4s, inter_digit: 4s}\n":     says("7:40: timers.inter_digit", "4s"),
		"timers: {first_digit: 3s}\n":                      says("7:23: timers.first_digit", "3s"),
		"timers: {inter_digit: 5s}\n":                      says("7:23: timers.inter_digit", "5s"),
		"timers: {inter_digit: 4999ms}\n":                  "",
	} {
		got := said(t, with(text))
		if want == "" {
			assert.Empty(t, got, text)
			continue
		}
		require.Len(t, got, 1, text)
		assert.True(t, strings.HasPrefix(got[0], want), "%s: %s", text, got[0])
	}
}
