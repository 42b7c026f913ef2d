package lines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAValueInPlaceOfSettingsIsReported(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"prompts: hello\n":                   "7:10: prompts: want settings (key: value), got a text",
		"prompts: [hello]\n":                 "prompts: want settings (key: value), got a list",
		"prompts: {greeting: {en: Hello}}\n": "prompts.greeting.en: want settings (key: value), got a text",
		"timers: 5s\n":                       "7:9: timers: want settings (key: value), got a text",
	} {
		got := said(t, with(text))
		require.Len(t, got, 1, text)
		assert.Contains(t, got[0], says, text)
	}
}

func TestAnUnknownDayIsReported(t *testing.T) {
	t.Parallel()
	for days, says := range map[string]string{
		"Xx": "Xx", "Xx-Fr": "Xx-Fr", "Mo-Xx": "Mo-Xx", "Xx-Yy": "Xx-Yy", "Fr-Mo": "",
	} {
		got := strings.Join(said(t, with("hours: {tz: UTC, open: \""+days+" 08:00-18:00\"}\n")), "\n")
		if says == "" {
			assert.Empty(t, got, days)
			continue
		}
		assert.Contains(t, got, says, days)
		assert.Contains(t, got, "is neither a day nor a time", days)
	}
}
