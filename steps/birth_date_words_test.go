package steps

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
)

// A caller who keys a date in the order that the prompt says must be understood.
func TestThePromptSaysTheOrderInWhichADateIsRead(t *testing.T) {
	t.Parallel()
	first := map[byte]string{'d': "day", 'm': "month"}
	german := map[byte]string{'d': "Tag", 'm': "Monat"}
	for _, language := range []string{
		"en", "en-US", "en-us", "en-GB", "en-AU", "en-IE", "en-IN", "en-ZA", "en-CA", "de", "de-DE", "de-AT", "de-CH",
	} {
		order := dateOrder(language)
		words := first
		if strings.HasPrefix(language, "de") {
			words = german
		}
		for _, prompt := range []string{"ask-birth-date", "ask-birth-date-again"} {
			text, found := prompts.TextOf(language, prompt)
			require.True(t, found, language)
			day, month := strings.LastIndex(text, words['d']), strings.LastIndex(text, words['m'])
			require.Positive(t, day, text)
			require.Positive(t, month, text)
			assert.Equal(t, strings.Index(order, "d") < strings.Index(order, "m"), day < month, "%s: %s", language, text)
		}
	}
}
