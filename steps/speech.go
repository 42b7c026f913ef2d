package steps

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// Speech lets callers say what they would key. The zero value takes keys alone.
type Speech struct {
	// Engine is the telephone system's name of a speech engine, or that of a recogniser of the company's own.
	Engine string
	// Grammars begin the names of its grammars: "countersign" has countersign-digits-6-en (package spoken).
	Grammars string
}

const (
	// heardLength bounds how long a caller may speak (docs/policy.md#spoken-answers).
	heardLength = 8 * time.Second
	// leastHeard is how sure the engine must be (docs/policy.md#spoken-answers).
	leastHeard = 0.4
	// closeBy is how much less sure of a sentence than of the likeliest the engine may be, so that it still is what the
	// caller may have said (docs/policy.md#spoken-answers).
	closeBy = 0.2
	// deafAfter is how many answers may be misunderstood before the caller is asked to key
	// (docs/policy.md#spoken-answers).
	deafAfter = 2
)

// listen is what to listen for; nil for keys alone, and in a language that is not understood.
func (v Speech) listen(purpose, language string) *session.Speech {
	if v.Engine == "" || !spoken.Supports(language) {
		return nil
	}
	base, _, _ := strings.Cut(language, "-")
	kind, _, _ := strings.Cut(purpose, "-")
	if kind != string(session.ExpectDigits) {
		kind = purpose
	}
	return &session.Speech{
		Engine: v.Engine, Grammar: fmt.Sprintf("%s-%s-%s", v.Grammars, purpose, base), Length: heardLength,
		Expected: session.Expected{Language: language, Kind: session.Kind(kind)},
	}
}

// saying is how a question is answered by voice.
type saying struct {
	Speech
	// purpose names the grammar, and with it what is expected: digits-6, date.
	purpose string
	// read returns the ways to understand what was said, best first.
	read func(language string, words []byte) []spoken.Reading
	// yesOrNo takes a yes or no; nil if that is no answer.
	yesOrNo func(yes bool) attempt
	// judge checks them.
	judge func(ctx context.Context, readings []spoken.Reading, t *talk) (attempt, error)
}

// digitsOf is the purpose of a number of min to max digits: the lengths that there are grammars of.
func digitsOf(least, most int) string {
	if least == most && (most == 4 || most == 6 || most == 8 || most == 10) {
		return fmt.Sprintf("digits-%d", most)
	}
	return "digits-commands"
}

// talk is what a question knows of how the caller answers.
type talk struct {
	// hint: the caller has not been told yet that the answer can be said.
	hint bool
	// misheard counts answers that were not understood; keysOnly says that the caller is not listened to any more.
	misheard int
	keysOnly bool
	// quiet says that the customer keys as a rule, and is not listened to while they do.
	quiet bool
}

// notHeard is an answer that was not understood. It counts apart from the keyed ones.
func (t *talk) notHeard(again string) attempt {
	t.misheard++
	prompt := "not-heard-1"
	if t.misheard >= deafAfter {
		t.keysOnly, prompt = true, "please-key"
	}
	return attempt{result: event.AttemptNoMatch, misheard: true, prompts: []string{prompt, again}}
}

// said judges what the caller said.
func (q question) said(ctx context.Context, s *session.Session, entry session.Entry, t *talk) (attempt, error) {
	words := entry.Words.Reveal()
	if entry.Class != session.Input || entry.Confidence < leastHeard {
		return t.notHeard(q.again), nil
	}
	command, _ := spoken.CommandIn(s.Language(), words)
	if got, is := q.obey(command, t); is {
		return got, nil
	}
	if q.say.yesOrNo != nil {
		if command == spoken.Yes || command == spoken.No {
			return q.say.yesOrNo(command == spoken.Yes), nil
		}
		return t.notHeard(q.again), nil
	}
	readings := spoken.Nbest(possible(entry), func(words []byte) []spoken.Reading {
		return q.say.read(s.Language(), words)
	})
	defer spoken.Wipe(readings)
	if command != spoken.None || len(readings) == 0 {
		return t.notHeard(q.again), nil
	}
	got, err := q.say.judge(ctx, readings, t)
	if err == nil && got.doubtful {
		return t.notHeard(q.again), nil
	}
	return got, err
}

// possible is what the caller may have said. A sentence of which the engine is much less sure gives no doubt: engines
// return such ones with everything.
func possible(e session.Entry) []spoken.Hypothesis {
	all := []spoken.Hypothesis{{Words: e.Words.Reveal(), Confidence: e.Confidence}}
	for _, h := range e.Others {
		if h.Confidence >= e.Confidence-closeBy && h.Confidence >= leastHeard {
			all = append(all, spoken.Hypothesis{Words: h.Words.Reveal(), Confidence: h.Confidence})
		}
	}
	return all
}

// obey does what the caller wants who does not answer.
func (q question) obey(c spoken.Command, t *talk) (got attempt, is bool) {
	switch c {
	case spoken.DontHave:
		return optedOut, true
	case spoken.Agent:
		out := session.Declined()
		out.Last = true
		return attempt{result: event.AttemptOptedOut, outcome: out, ended: true}, true
	case spoken.Repeat:
		return served(event.WishRepeat, q.asks()...), true
	case spoken.Slower:
		got := served(event.WishSlower, append([]string{"take-your-time"}, q.asks()...)...)
		got.slower = true
		return got, true
	case spoken.KeyIt:
		t.keysOnly = true
		return served(event.WishKeys, "please-key", q.again), true
	}
	return attempt{}, false
}

// oneReading judges a secret: in doubt the caller is asked again, because a wrong answer counts.
func oneReading(
	judge func(context.Context, session.Secret) (attempt, error),
) func(context.Context, []spoken.Reading, *talk) (attempt, error) {
	return func(ctx context.Context, readings []spoken.Reading, _ *talk) (attempt, error) {
		if len(readings) != 1 {
			return attempt{doubtful: true}, nil
		}
		digits := session.NewSecret(bytes.Clone(readings[0].Reveal()))
		defer digits.Wipe()
		return judge(ctx, digits)
	}
}
