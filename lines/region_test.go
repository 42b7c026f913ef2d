package lines

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/prompts"
)

func TestALineInARegionNeedsNoPromptsOfItsOwn(t *testing.T) {
	t.Parallel()
	shipped := func(language, prompt string) bool { _, found := prompts.TextOf(language, prompt); return found }
	const line = "format: 1\nline: retail\nnumbers: [\"5000\"]\nidentify: [ani: {}]\n" +
		"verify: {questions: [birth_date: {}, pin: {digits: 6}]}\n" +
		"routes: {identified: agents XML default, verified: agents XML default}\n"
	warnings := func(more string) (about []string) {
		t.Helper()
		def, err := Parse("retail.yaml", []byte(line+more))
		require.NoError(t, err, more)
		for _, w := range def.Warnings(shipped) {
			about = append(about, w.String())
		}
		return about
	}
	for _, more := range []string{
		"languages: [de-AT]\n", "languages: [en-GB, de-CH]\n", "languages: [en-AU]\n",
		"languages: [de-AT]\nprompts: {greeting: {de: {text: Guten Tag.}}}\n",
		"languages: [de-AT]\nprompts: {greeting: {de: {text: Guten Tag.}, de-AT: {text: Grüß Gott.}}}\n",
	} {
		assert.Empty(t, warnings(more), more)
	}
	assert.NotEmpty(t, warnings("languages: [fr-CA]\n"), "nothing is shipped")
	for _, more := range []string{
		"languages: [de-AT]\nprompts: {greeting: {en: {text: Hello.}}}\n",
		"languages: [de]\nprompts: {greeting: {de-AT: {text: Grüß Gott.}}}\n",
		"languages: [dea]\nprompts: {greeting: {de: {text: Hallo.}}}\n",
	} {
		_, err := Parse("retail.yaml", []byte(line+more))
		assert.ErrorContains(t, err, "does not speak", more)
	}
}
