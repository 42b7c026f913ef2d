package lines

import (
	"iter"

	"countersign/session"
	"countersign/session/event"
)

// Kind is one kind of question: the settings below its key in the file, and everything that follows from them. Each is
// a struct in a file of its own. It embeds everyKind last, so that else comes last, and overrides what it does
// otherwise. Its tags say what is checked while it is read: see Definition. Its key is a method's name (session.Method),
// which says what it proves; a fact has the name that the company gives it.
type Kind interface {
	settings
	// describe says what it is for the schema, and by key what its settings are that usualDocs do not describe.
	describe() (text string, settings map[string]doc)
	// ownPrompt is the prompt that asks, if it is not the one of the method (session.Method).
	ownPrompt() string
	// orElse names the question that stands in for a wrong answer, or is empty.
	orElse() string
	// missing says what the question takes that is not among the parts.
	missing(Parts) error
	// step is what asks it on a call.
	step(compiler) session.Step
}

// kinds are all kinds of questions, in the order in which people read of them. A new one comes last.
var kinds = []func() Kind{
	usual[PIN], usual[BirthDate], usual[Fact], usual[Passphrase], usual[SMSCode], usual[TOTP],
}

// usual makes the question of a kind with its usual settings.
func usual[T any, K interface {
	*T
	Kind
}]() Kind {
	k := K(new(T))
	k.setDefaults()
	return k
}

// everyKind is what all kinds of questions have, and what most of them do.
type everyKind struct {
	everySettings
	Else string `yaml:"else"`
}

func (everyKind) ownPrompt() string   { return "" }
func (k everyKind) orElse() string    { return k.Else }
func (everyKind) missing(Parts) error { return nil }

// Question is one way to prove who is calling.
type Question struct{ Kind }

func (Question) variants() []settings {
	all := make([]settings, len(kinds))
	for i, k := range kinds {
		all[i] = k()
	}
	return all
}

func (q *Question) choose(s settings) { q.Kind = s.(Kind) }
func (q Question) chosen() settings   { return q.Kind }

// name is the step's.
func (q Question) name() string { return nameOf(q.Kind) }

// factor is what a right answer proves.
func (q Question) factor() session.Factor { return session.FactorOf(event.Method(q.key())) }

// prompt asks the question.
func (q Question) prompt() string {
	if own := q.ownPrompt(); own != "" {
		return own
	}
	if m, ours := session.MethodOf(event.Method(q.key())); ours {
		return m.Prompt()
	}
	return usualPrompt(q.key())
}

// all are the questions, with their places, but for entries that could not be read. Without a Verify there are none.
func (v *Verify) all() iter.Seq2[place, Question] {
	return func(yield func(place, Question) bool) {
		if v == nil {
			return
		}
		for i, q := range v.Questions {
			if q.Kind != nil && !yield(place{"verify.questions", i, q.key()}, q) {
				return
			}
		}
	}
}

// find is the question that an else refers to: the one of that name in the list, or one with the usual settings.
func (v *Verify) find(name string) (q Question, at int, ok bool) {
	for at, q := range v.all() {
		if q.name() == name {
			return q, at.index, true
		}
	}
	q, ok = standIn(name)
	return q, -1, ok
}

// standIn makes the question of a kind with its usual settings; false for kinds that need some of their own.
func standIn(key string) (Question, bool) {
	for _, k := range kinds {
		if k := k(); k.key() == key && len(requiredOf(k)) == 0 {
			return Question{k}, true
		}
	}
	return Question{}, false
}

// standIns are the kinds that can stand in without being in the list.
func standIns() (keys []string) {
	for _, k := range kinds {
		if _, ok := standIn(k().key()); ok {
			keys = append(keys, k().key())
		}
	}
	return keys
}
