package whatif

import (
	"fmt"
	"strings"

	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// questions are the kinds of secrets that a line asks for.
func questions(l *session.Line) (kinds []string) {
	for _, q := range l.Verify {
		for q := &q; q != nil; q = q.Else {
			kinds = append(kinds, q.Step.Name())
		}
	}
	return kinds
}

// keys are what the steps of a line take for an answer, right or wrong, where that is not any number of their length.
func keys(l *session.Line) map[string]string {
	k := map[string]string{}
	note := func(s session.Step) {
		switch s := s.(type) {
		case steps.Choice:
			k[s.Name()] = string(rune(s.Key))
		case steps.Number:
			k[s.Name()] = possible(s, l.Region)
		case steps.BirthDate:
			k[s.Name()] = "010101" // a date, in whatever order it is read
		case steps.RememberNumber, steps.LanguageMenu:
			k[s.Name()] = "1"
		}
	}
	for _, s := range l.Identify {
		note(s)
	}
	for _, q := range l.Verify {
		for q := &q; q != nil; q = q.Else {
			note(q.Step)
		}
	}
	for _, s := range []session.Step{l.LanguageMenu, l.Enrol} {
		note(s)
	}
	return k
}

// enough numbers of any length have one among them whose check digit is right, by each way of checking.
const enough = 2000

// possible is a number that is looked up, or empty if there is none.
func possible(n steps.Number, region string) string {
	right := func(number string) bool {
		if n.Check != nil && !n.Check(number) {
			return false
		}
		if n.Kind != string(event.MethodPhone) {
			return true
		}
		_, err := session.E164(number, region)
		return err == nil
	}
	for length := n.Max; length >= n.Min; length-- {
		for digit := '9'; digit >= '0'; digit-- {
			if number := strings.Repeat(string(digit), length); right(number) {
				return number
			}
		}
		for i := 0; n.Check != nil && i < enough; i++ {
			if number := fmt.Sprintf("%0*d", length, i); len(number) == length && right(number) {
				return number
			}
		}
	}
	return ""
}

// keysFor is what the caller keys to give a right answer to what a step asks, or a wrong one. What makes it right is whoever checks it.
func (l *trialLine) keysFor(step string, q session.Collect, code []byte, right bool) (keys string, ok bool) {
	if code != nil {
		if right {
			return string(code), true
		}
		return string('0'+(code[0]-'0'+1)%10) + string(code[1:]), true
	}
	if keys, known := l.keys[step]; known {
		return keys, keys != ""
	}
	return strings.Repeat("0", q.Max), true
}
