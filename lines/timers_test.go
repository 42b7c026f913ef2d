package lines_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterDigitMustBeShorterThanFirstDigit(t *testing.T) {
	t.Parallel()
	const shorter = "the time between digits (%s) must be shorter than that for the first (%s)"
	says := func(path, between, first string) string { return path + ": " + fmt.Sprintf(shorter, between, first) }
	for text, want := range map[string]string{
		"timers: {first_digit: 4s, inter_digit: 3999ms}\n":                 "",
		"timers: {first_digit: 4s, inter_digit: 4s}\n":                     says("7:40: timers.inter_digit", "4s", "4s"),
		"timers: {first_digit: 3s}\n":                                      says("7:23: timers.first_digit", "3s", "3s"),
		"timers: {inter_digit: 5s}\n":                                      says("7:23: timers.inter_digit", "5s", "5s"),
		"timers: {inter_digit: 4999ms}\n":                                  "",
		"verify: {questions: [pin: {first_digit: 2s}]}\n":                  says("7:41: verify.questions[0].pin.first_digit", "3s", "2s"),
		"verify: {questions: [pin: {first_digit: 9s, inter_digit: 8s}]}\n": "",
		"verify: {questions: [totp: {inter_digit: 6s}]}\n":                 says("7:42: verify.questions[0].totp.inter_digit", "6s", "5s"),
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
