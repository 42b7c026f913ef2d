package spoken

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestALanguageIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, words, want string }{
		{"en", "English", "en"}, {"en", "German please", "de"}, {"en", "Deutsch", "de"}, {"en", "in French, please", "fr"},
		{"en", "I would like Spanish", "es"}, {"de", "Deutsch", "de"}, {"de", "auf Englisch bitte", "en"},
		{"de", "bitte Deutsch", "de"}, {"de", "Türkisch", "tr"}, {"en-GB", "english", "en"},
		{"en", "English or German", ""}, {"en", "two", ""}, {"en", "", ""}, {"fr", "français", ""},
	} {
		tag, ok := LanguageIn(c.in, []byte(c.words))
		if !ok {
			tag = ""
		}
		assert.Equal(t, c.want, tag, "%s: %s", c.in, c.words)
	}
}
