package lines_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines"
)

func TestALanguageMenuNeedsTwoLanguages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"language_menu: true\nlanguages: [en, de]\n": true, "languages: [en, de]\n": false, "languages: [en]\n": false,
	} {
		l, err := lines.Compile(parsed(t, with(text)), 1, parts())
		require.NoError(t, err, text)
		assert.Equal(t, want, l.LanguageMenu != nil, text)
	}
	def := parsed(t, with("languages: [en]\n"))
	def.LanguageMenu = true // no file can
	l, err := lines.Compile(def, 1, parts())
	require.NoError(t, err)
	assert.Nil(t, l.LanguageMenu, "a menu of one language asks for nothing")
}
