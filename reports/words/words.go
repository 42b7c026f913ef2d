// Package words answers how reports say something to people: the word and the explanation of each code, and every
// sentence, in English and German. Codes themselves never change; formats for programs keep them.
package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Language is a language of reports.
type Language string

// The languages of reports. The zero value is English.
const (
	English Language = "en"
	German  Language = "de"
)

// Languages lists all of them.
func Languages() []Language { return []Language{English, German} }

// Parse reads the name of a language; a region, as in de-AT, makes no difference. "" is English.
func Parse(name string) (Language, error) {
	primary, _, _ := strings.Cut(strings.ToLower(name), "-")
	switch Language(primary) {
	case "", English:
		return English, nil
	case German:
		return German, nil
	}
	return English, fmt.Errorf("there are no reports in the language %q: it can be en or de", name)
}

// Text is a sentence in the language, of the one in English.
func (l Language) Text(english string) string {
	if l == German {
		if text, ok := german[english]; ok {
			return text
		}
	}
	return english
}

// Sprintf formats with a format in the language, of the one in English.
func (l Language) Sprintf(english string, a ...any) string { return fmt.Sprintf(l.Text(english), a...) }

// Knows says whether the language has a text.
func (l Language) Knows(english string) bool {
	_, ok := german[english]
	return ok || l != German
}

// Number writes a formatted number with the language's decimal sign.
func (l Language) Number(s string) string {
	if l == German {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// Word is how people call a code. A code without a word, such as a step of a company's own, is its own word.
func (l Language) Word(v Vocabulary, code string) string {
	if v == Methods {
		return l.list(code)
	}
	e, ok := vocabularies[v][code]
	switch {
	case !ok && v != Names:
		return strings.ReplaceAll(code, "_", " ")
	case !ok:
		return code
	case l == German:
		return e.de
	}
	return e.en
}

// Codes are the codes of a vocabulary.
func Codes(v Vocabulary) []string { return slices.Sorted(maps.Keys(vocabularies[v])) }

// list is the words of codes with commas between them.
func (l Language) list(codes string) string {
	all := strings.FieldsFunc(codes, func(r rune) bool { return r == ',' || r == ' ' })
	for i, code := range all {
		all[i] = l.Word(Steps, code)
	}
	return strings.Join(all, ", ")
}

// Explain says what a code means, or "" if there is nothing to say.
func (l Language) Explain(v Vocabulary, code string) string {
	e := vocabularies[v][code]
	if l == German {
		return e.deMeans
	}
	return e.enMeans
}
