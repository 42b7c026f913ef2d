package lines_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
	"countersign/session"
)

func TestALineSaysWhatVerifiedCallersCanChooseOnTheirPage(t *testing.T) {
	t.Parallel()
	const line = "verify: {questions: [pin: {digits: 4}]}\n"
	def := parsed(t, with2("identify", "- ani: {}")+line+
		"on_page:\n  - {title: {en: Balance, de: Kontostand}, to: balance XML default}\n"+
		"  - {title: {en: My orders}, url: \"https://www.bank.example/orders\"}\n")
	require.Len(t, def.OnPage, 2)
	assert.Equal(t, session.Destination{Extension: "balance", Dialplan: "XML", Context: "default"}, def.OnPage[0].To)
	for name, wrong := range map[string]string{
		"to and url":      "on_page: [{title: {en: x}, to: a XML b, url: \"https://x.example\"}]\n",
		"neither":         "on_page: [{title: {en: x}}]\n",
		"not https":       "on_page: [{title: {en: x}, url: \"http://x.example\"}]\n",
		"no title":        "on_page: [{title: {en: \" \"}, to: a XML b}]\n",
		"a title in sign": "on_page: [{title: {x9: y}, to: a XML b}]\n",
	} {
		_, err := lines.Parse("test", []byte(with2("identify", "- ani: {}")+line+wrong))
		assert.Error(t, err, name)
	}
	_, err := lines.Parse("test", []byte(with2("identify", "- ani: {}")+"on_page: [{title: {en: x}, to: a XML b}]\n"))
	assert.ErrorContains(t, err, "verifies nobody")
}
