package lines

import (
	"iter"

	"countersign/session"
	"countersign/session/event"
)

// Kind is one kind of question: the settings below its key in the file, and all that follows from them. Each kind is a
// struct in a file of its own. It embeds everyKind last, so that else comes last, and overrides its defaults. Tags say
// what is checked while reading: see Definition. The key is a method's name (session.Method); a fact has the name that
// the company gives it.
type Kind interface {
	settings
	// describe returns the description of the kind for the schema, and by key those of settings that usualDocs do not
	// describe.
	describe() (text string, settings map[string]doc)
	// ownPrompt is the prompt that asks, if it is not the method's (session.Method).
	ownPrompt() string
	// orElse names the question to ask after a wrong answer, or is empty.
	orElse() string
	// conceals says that everybody can be asked it first, so that nobody hears whether an account exists.
	conceals() bool
	// missing returns an error if a part that the question needs is not given.
	missing(Parts) error
	// step compiles the step that asks it.
	step(compiler) session.Step
}

// kinds lists all kinds of questions in the order of documentation. Add new ones at the end.
var kinds = []func() Kind{
	usual[PIN], usual[BirthDate], usual[Fact], usual[Passphrase], usual[SMSCode], usual[TOTP],
	usual[AppLink],
}

// usual makes the question of a kind with its default settings.
func usual[T any, K interface {
	*T
	Kind
}]() Kind {
	k := K(new(T))
	k.setDefaults()
	return k
}

// everyKind holds the common settings and the default methods of a kind.
type everyKind struct {
	everySettings
	Else string `yaml:"else"`
}

func (everyKind) ownPrompt() string   { return "" }
func (everyKind) conceals() bool      { return false }
func (k everyKind) orElse() string    { return k.Else }
func (everyKind) missing(Parts) error { return nil }

// Question is one question that verifies.
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

// name is the name of its step.
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

// all yields the questions with their places, except entries that could not be read.
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

// asked yields all questions that may be asked: those of the list, and those that an else names.
func (v *Verify) asked() iter.Seq[Question] {
	return func(yield func(Question) bool) {
		for _, q := range v.all() {
			if !yield(q) {
				return
			}
			if other, _, ok := v.find(q.orElse()); ok && q.orElse() != "" && !yield(other) {
				return
			}
		}
	}
}

// find returns the question that an else names: the one of that name in the list, or one with default settings.
func (v *Verify) find(name string) (q Question, at int, ok bool) {
	for at, q := range v.all() {
		if q.name() == name {
			return q, at.index, true
		}
	}
	q, ok = standIn(name)
	return q, -1, ok
}

// standIn makes the question of a kind with default settings; false for kinds with required settings.
func standIn(key string) (Question, bool) {
	for _, k := range kinds {
		if k := k(); k.key() == key && len(requiredOf(k)) == 0 {
			return Question{k}, true
		}
	}
	return Question{}, false
}

// standIns lists the kinds that an else may name without an entry in the list.
func standIns() (keys []string) {
	for _, k := range kinds {
		if _, ok := standIn(k().key()); ok {
			keys = append(keys, k().key())
		}
	}
	return keys
}
