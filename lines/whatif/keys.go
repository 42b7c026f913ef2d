package whatif

import (
	"strings"

	"countersign/session"
	"countersign/steps"
)

// questions lists the secrets that a line asks for.
func questions(l *session.Line) (kinds []string) {
	for _, q := range l.Verify {
		for q := &q; q != nil; q = q.Else {
			kinds = append(kinds, q.Step.Name())
		}
	}
	return kinds
}

// keys maps steps that do not take just any digits of their length to an answer that they take, right or wrong.
func keys(l *session.Line) map[string]string {
	k := map[string]string{}
	note := func(s session.Step) {
		if selective, ok := s.(steps.Selective); ok {
			k[s.Name()] = selective.PossibleKeys(l.Region)
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
	note(l.LanguageMenu)
	note(l.Enrol)
	return k
}

// keysFor is a right or a wrong answer to a step's question. Unless it is a code, the replayed check decides which.
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
