package spoken

// named are the languages whose names are known, in the order of the tables of names.
var named = []string{"en", "de", "fr", "es", "it", "nl", "pl", "tr", "ru", "pt"}

// LanguageIn returns the language that the caller names, as a primary subtag of BCP 47: «German please», «auf Deutsch».
// Other words do not matter. ok is false if none is named, or more than one.
func LanguageIn(language string, words []byte) (tag string, ok bool) {
	u := languageOf(language).hear(words)
	if u == nil {
		return "", false
	}
	defer u.wipe()
	found := map[string]bool{}
	for at := range u.limit {
		u.lang.names.match(u, at, func(_, value int) { tag, found[named[value]] = named[value], true })
	}
	return tag, len(found) == 1
}
