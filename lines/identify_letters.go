package lines

import (
	"countersign/steps"
)

// checkLetters finds what does not go with letters: true, or not without it.
func (n *NumberQuestion) checkLetters(c *checker, at place) {
	check, has := steps.CheckOf(n.Check)
	switch {
	case n.Letters && n.isPhone():
		c.wrong(at.setting("letters"), "a telephone number has no letters")
	case n.Letters && n.Name == "customer":
		c.wrong(at.setting("letters"), "customers' ids are not looked up by the keys of their letters: import the number as "+
			"an identifier of its own, such as id:member, and ask for that")
	case has && n.Letters && !check.Letters:
		c.wrong(at.setting("check"), "%s knows no letters: use %s, or none", n.Check, checksFor(true))
	case has && !n.Letters && !check.Digits && !n.isPhone():
		c.wrong(at.setting("check"), "%s is for identifiers with letters: set letters: true, or use %s", n.Check,
			checksFor(false))
	}
}

// checksFor lists the checks for identifiers with letters, or for those without.
func checksFor(letters bool) string {
	var names []string
	for _, c := range steps.Checks() {
		if letters && c.Letters || !letters && c.Digits {
			names = append(names, c.Name)
		}
	}
	return listed(names)
}

// warnOfLetters says what callers with letters in their number cannot do.
func (n *NumberQuestion) warnOfLetters(w *warner, at place) {
	switch {
	case n.Letters && !w.asksBehind(at):
		w.say(at.setting("letters"), "no number is asked for behind it: several customers can have the same keys (AB and CA "+
			"are both 22), and nothing tells them apart. They go on unidentified; ask for another number, such as phone")
	case !n.Letters && n.Check == "mod11-2":
		w.say(at.setting("check"), "one number in eleven ends in X, which is not looked up: set letters: true")
	}
}

// asksBehind says whether the line asks for a number behind that place.
func (w *warner) asksBehind(at place) bool {
	for other, way := range w.d.ways() {
		if _, is := way.(*NumberQuestion); is && other.index > at.index {
			return true
		}
	}
	return false
}

// keyedCheck checks what a caller keys, before it is looked up; nil where that tells nothing.
func (n *NumberQuestion) keyedCheck() steps.CheckDigit {
	check, has := steps.CheckOf(n.Check)
	switch {
	case !has:
		return nil
	case n.Letters:
		return check.Keyed
	}
	return check.Right
}

// spokenCheck checks what a caller spelled; nil without letters.
func (n *NumberQuestion) spokenCheck() steps.CheckDigit {
	if check, has := steps.CheckOf(n.Check); has && n.Letters {
		return check.Right
	}
	return nil
}
