package prompts

import (
	"slices"
	"strings"
)

// otherDates are the folders of languages whose regions key dates in another order, and the region that does not: its
// words are those of the language itself. They hold only the prompts that say the order.
var otherDates = map[string]struct{ folder, but string }{
	"en": {"en-GB", "US"},
}

// foldersOf lists where a language's prompts are looked for: its own folder, then, for a language with a region, what
// its regions have in common, then the language without the region. So de-AT says what de says, but for what de-AT has.
func foldersOf(language string) []string {
	base, region, _ := strings.Cut(language, "-")
	all := []string{language}
	if region == "" {
		return all
	}
	if o, ok := otherDates[base]; ok && !strings.EqualFold(region, o.but) {
		all = append(all, o.folder)
	}
	return slices.Compact(append(all, base))
}

// TextOf is what a prompt says in a language; false if nothing is shipped.
func TextOf(language, prompt string) (text string, found bool) {
	for _, folder := range foldersOf(language) {
		texts, _ := Texts(folder)
		if text, found = texts[prompt]; found {
			return text, true
		}
	}
	return "", false
}
