package spoken

import (
	"fmt"
	"slices"
	"strings"
)

// Grammar is what a recogniser of the telephone system is to expect. It has only what the readers of this package
// understand, and less than that: words that are easily confused are left out.
type Grammar struct {
	// Name is that of the file, without extension, such as "countersign-digits-en".
	Name     string
	language *language
	comment  string
	phrase   *rule
}

// Grammars returns the grammars that are shipped of a language, in a fixed order. "commands" are all but yes and no.
//   - digits: a number of any length,
//   - digits-commands: the same, or a command,
//   - digits-4, digits-6, digits-8, digits-10: a number of that length, or a command,
//   - yes-no: any command,
//   - language: the name of a language, the number of a key, or a command,
//   - confirm: any command, or a correction as Correct understands it,
//   - date: a date, or a command,
//   - letters: an identifier of letters and digits, or a command,
//   - spelling: the same without the bare names of letters, which recognisers confuse: «alpha», «a as in alpha»,
//   - spelling-4, spelling-6, spelling-8, spelling-10: the same of that length,
//   - confirm-spelling: any command, or a correction as CorrectLetters understands it.
func Grammars(language string) []Grammar {
	l := languageOf(language)
	if l == nil {
		return nil
	}
	commands, no := l.commonCommands(), l.listed("no", No)
	all := choice(l.listed("yes", Yes), no, commands)
	number := onceOrMore(choice(l.spokenUnits...)).called("number")
	place, is := row(l.place).called("place"), row(l.is).called("is")
	correction := func(part *rule) *rule {
		return row(optional(no), choice(
			part, row(place, optional(is), part), row(l.not, part, l.but, part), row(part, l.insteadOf, part),
		))
	}
	digits := row(optional(l.intro), number)
	grammars := []Grammar{
		l.grammar("digits", "a number", digits),
		l.grammar("digits-commands", "a number, or what callers say instead", choice(digits, commands)),
	}
	for _, n := range []int{4, 6, 8, 10} {
		grammars = append(grammars, DigitsGrammar(l.tag, n, n))
	}
	return append(grammars,
		l.grammar("language", "a language, its key, or what callers say instead", choice(l.names, l.digit, commands)),
		l.grammar("yes-no", "yes, no, or what callers say instead", all),
		l.grammar("confirm", "yes, no, a correction, or what callers say instead", choice(all, correction(number))),
		l.grammar("date", "a date, or what callers say instead", choice(l.spokenDate, commands)),
		l.grammar("letters", "letters and digits, or what callers say instead", choice(l.spokenLetters, commands)),
		l.grammar(
			"spelling", "letters said as words, and digits, or what callers say instead", choice(l.spokenSpelling, commands),
		),
		SpellingGrammar(l.tag, 4, 4), SpellingGrammar(l.tag, 6, 6), SpellingGrammar(l.tag, 8, 8),
		SpellingGrammar(l.tag, 10, 10),
		l.grammar("confirm-spelling", "yes, no, a correction of letters and digits, or what callers say instead",
			choice(all, correction(onceOrMore(choice(l.spelledUnits...)).called("part")))),
	)
}

// DigitsGrammar is the grammar for a number of min to max digits, at most 32, or a command but yes and no. A recogniser
// that knows the length makes far fewer mistakes, and takes numbers of other lengths for one of the right length: read
// it back. It panics if the language is not supported, or the lengths are out of range.
func DigitsGrammar(language string, min, max int) Grammar {
	l := languageOf(language)
	if l == nil || min < 1 || max < min || max > maxLength {
		panic(fmt.Sprintf("spoken: no grammar for %d to %d digits in %q", min, max, language))
	}
	name, comment := fmt.Sprintf("digits-%d", max), fmt.Sprintf("a number of %d digits", max)
	if min < max {
		name, comment = fmt.Sprintf("digits-%d-%d", min, max), fmt.Sprintf("a number of %d to %d digits", min, max)
	}
	number := row(optional(l.intro), ofLength(l.spokenUnits, min, max, "digits"))
	return l.grammar(name, comment+", or what callers say instead", choice(number, l.commonCommands()))
}

// SpellingGrammar is DigitsGrammar for letters said as words, and digits.
func SpellingGrammar(language string, min, max int) Grammar {
	l := languageOf(language)
	if l == nil || min < 1 || max < min || max > maxLength {
		panic(fmt.Sprintf("spoken: no grammar for %d to %d letters and digits in %q", min, max, language))
	}
	name, comment := fmt.Sprintf("spelling-%d", max), fmt.Sprintf("%d letters said as words, and digits", max)
	if min < max {
		name, comment = fmt.Sprintf("spelling-%d-%d", min, max), fmt.Sprintf("%d to %d letters said as words, and digits", min,
			max)
	}
	return l.grammar(name, comment+", or what callers say instead",
		choice(row(optional(l.intro), ofLength(l.spelledUnits, min, max, "characters")), l.commonCommands()))
}

// ofLength is a row of units with min to max characters together; the first unit has one, the second two, and so on.
func ofLength(units []*rule, min, max int, called string) *rule {
	all := []*rule{nil}
	for n := 1; n <= max; n++ {
		var ways []*rule
		for i, unit := range units {
			switch rest := n - i - 1; {
			case rest == 0:
				ways = append(ways, unit)
			case rest > 0:
				ways = append(ways, row(unit, all[rest]))
			}
		}
		all = append(all, choice(ways...).called(fmt.Sprintf("%s_%d", called, n)))
	}
	return choice(all[min : max+1]...)
}

func (l *language) grammar(name, comment string, phrase *rule) Grammar {
	return Grammar{"countersign-" + name + "-" + l.tag, l, comment, phrase}
}

// commonCommands are those that make sense at any question.
func (l *language) commonCommands() *rule {
	return l.listed("command", DontHave, Agent, Repeat, Slower, KeyIt)
}

// listed is a rule of what callers say for some commands.
func (l *language) listed(name string, commands ...Command) *rule {
	var entries []entry
	for _, e := range l.commands.entries {
		if slices.Contains(commands, Command(e.value)) {
			entries = append(entries, entry{value: e.value, say: e.say})
		}
	}
	return oneOf(entries...).called(name)
}

const madeBy = "Made of the tables of the package spoken by `go test ./spoken -update`. Do not edit."

// JSGF is the grammar in JSpeech Grammar Format, for mod_pocketsphinx. Every word of the English ones is in CMU's
// pronouncing dictionary. CMU has no German model: another one needs a dictionary with the words of the German ones.
func (g Grammar) JSGF() []byte {
	w := &strings.Builder{}
	fmt.Fprintf(w, "#JSGF V1.0 UTF-8 %s;\n\n// %s: %s.\n// %s\n\ngrammar %s;\n",
		g.language.tag, upper(g.comment), g.language.locale, madeBy, strings.ReplaceAll(g.Name, "-", "_"))
	for _, r := range g.named() {
		fmt.Fprintf(w, "\n%s", wrap("<"+r.name+"> = "+jsgf(r, false)+" ;"))
	}
	fmt.Fprintf(w, "\n%s", wrap("public <phrase> = "+jsgf(g.phrase, false)+" ;"))
	return []byte(w.String())
}

// named are the rules with names, each after those that it is made of.
func (g Grammar) named() []*rule {
	var rules []*rule
	g.phrase.walk(func(r *rule) {
		if r.name != "" {
			rules = append(rules, r)
		}
	})
	return rules
}

// said are what recognisers expect of a list.
func (r *rule) said() []string {
	var all []string
	for _, e := range r.entries {
		for _, item := range items(e.say) {
			if !strings.Contains(item, "…") {
				all = append(all, item)
			}
		}
	}
	return all
}

// jsgf writes a rule. within says that it is part of a row or repeated, so that alternatives need brackets.
func jsgf(r *rule, within bool) string {
	var parts []string
	separator := " "
	switch r.kind {
	case list:
		parts, separator = r.said(), " | "
	case either:
		separator = " | "
		for _, part := range r.parts {
			parts = append(parts, jsgfUse(part, false))
		}
	case sum, product:
		for _, part := range r.parts {
			parts = append(parts, jsgfUse(part, within || len(r.parts) > 1))
		}
	case maybe:
		return "[ " + jsgfUse(r.parts[0], false) + " ]"
	case many:
		one := jsgfUse(r.parts[0], true)
		return one + "+"
	}
	text := strings.Join(parts, separator)
	if within && len(parts) > 1 && separator == " | " {
		return "( " + text + " )"
	}
	return text
}

// jsgfUse writes a rule where it is used.
func jsgfUse(r *rule, within bool) string {
	if r.name != "" {
		return "<" + r.name + ">"
	}
	return jsgf(r, within)
}

// wrap breaks a rule into lines.
func wrap(text string) string {
	const columns = 110
	w := &strings.Builder{}
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > columns:
			w.WriteString("\n    ")
			column = 4
		default:
			w.WriteByte(' ')
			column++
		}
		w.WriteString(word)
		column += len(word)
	}
	w.WriteByte('\n')
	return w.String()
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// SRGS is the grammar in the XML form of the W3C's Speech Recognition Grammar Specification, for MRCP engines.
func (g Grammar) SRGS() []byte {
	w := &strings.Builder{}
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<!-- %s. %s -->
<grammar xmlns="http://www.w3.org/2001/06/grammar" version="1.0" xml:lang="%s" mode="voice" root="phrase">
`, upper(g.comment), madeBy, g.language.locale)
	for _, r := range g.named() {
		srgsRule(w, r, r.name, "")
	}
	srgsRule(w, g.phrase, "phrase", ` scope="public"`)
	w.WriteString("</grammar>\n")
	return []byte(w.String())
}

func srgsRule(w *strings.Builder, r *rule, name, scope string) {
	fmt.Fprintf(w, "  <rule id=%q%s>\n", name, scope)
	srgs(w, r, "    ")
	w.WriteString("  </rule>\n")
}

// srgs writes what a rule is made of.
func srgs(w *strings.Builder, r *rule, indent string) {
	switch r.kind {
	case list:
		fmt.Fprintf(w, "%s<one-of>\n", indent)
		for _, item := range r.said() {
			fmt.Fprintf(w, "%s  <item>%s</item>\n", indent, item)
		}
		fmt.Fprintf(w, "%s</one-of>\n", indent)
	case either:
		fmt.Fprintf(w, "%s<one-of>\n", indent)
		for _, part := range r.parts {
			srgsItem(w, part, "", indent+"  ")
		}
		fmt.Fprintf(w, "%s</one-of>\n", indent)
	case sum, product:
		for _, part := range r.parts {
			srgsUse(w, part, indent)
		}
	case maybe:
		srgsItem(w, r.parts[0], ` repeat="0-1"`, indent)
	case many:
		srgsItem(w, r.parts[0], ` repeat="1-"`, indent)
	}
}

func srgsItem(w *strings.Builder, r *rule, attributes, indent string) {
	fmt.Fprintf(w, "%s<item%s>\n", indent, attributes)
	srgsUse(w, r, indent+"  ")
	fmt.Fprintf(w, "%s</item>\n", indent)
}

func srgsUse(w *strings.Builder, r *rule, indent string) {
	if r.name != "" {
		fmt.Fprintf(w, "%s<ruleref uri=\"#%s\"/>\n", indent, r.name)
		return
	}
	srgs(w, r, indent)
}
