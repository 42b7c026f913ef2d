// Package session runs a call: the steps of a Line, one after the other on a Channel, until the caller is identified
// and verified. It journals every step and hands the call on with the result. Whatever fails, the caller goes to an
// agent, and no caller is "verified" without proof.
//
// It knows no socket, no SQL and no NATS: Channel, Journal, Prompts and Step are its interfaces.
package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
)

// ErrTooManyActions says that a call had more prompts and questions than the Runner allows: a line with a loop, or a
// caller who plays around.
var ErrTooManyActions = errors.New("the call took too many steps")

// Session is the state of a running call. The call's goroutine owns it. Steps read it and talk to the caller through
// it; only the Runner changes what is known about the caller.
type Session struct {
	call    Call
	line    *Line
	channel Channel
	prompts Prompts
	guard   Guard
	events  recorder
	now     func() time.Time

	placeholders Placeholders
	// reading is the caller's number. number is what the running step looked up, for its event.
	reading PhoneReading
	number  *event.Number

	earlier  Known // the result of this same call before it came back
	language string
	chosen   bool // the caller chose the language
	// menuChoice says that they did so in this call.
	menuChoice bool
	customer   *Customer
	// candidates are whom the caller can be, if an identifier fitted several customers and none has told them apart yet.
	candidates []Customer
	proofs     []Proof
	// provenHere says that a proof was given in this call, not taken over.
	provenHere bool
	methods    []event.Method
	guessed    bool // an answer was wrong
	// wrong counts wrong answers in the call by customer and method, tries is how many a question takes.
	wrong     map[string]map[event.Method]int
	tries     map[event.Method]int
	known     bool // the caller's number is a customer's, who is not known to be somebody else
	concealed concealment

	// codeSentTo is the id of the customer who was sent a one-time code.
	codeSentTo string
	// lately says that somebody was verified with the caller's number lately, whoever it was.
	lately bool

	queued      []utterance // played before the next prompt
	spoken      bool        // a prompt has been played
	missing     map[utterance]bool
	attempts    []event.Attempt
	unchecked   bool // the answer just given was not checked
	said        bool // the caller has spoken since the last attempt
	wish        event.Wish
	listened    bool // what was asked for just now could be said
	manner      manner
	slow        bool   // the caller needs more time
	extend      func() // gives the call more time
	heard       heardKeys
	actionsLeft int
	secret      bool // what is asked for must not be recorded
	discard     bool // what is keyed ahead answers nothing that is asked now
	hashDue     bool // the last entry ended without the hash key that its prompt asks for
}

// Call is the call as FreeSWITCH connected it.
func (s *Session) Call() Call { return s.call }

// Line is the service line, in the version that the call started with.
func (s *Session) Line() *Line { return s.line }

// Customer is who the caller was identified as.
func (s *Session) Customer() (c Customer, identified bool) {
	if s.customer == nil {
		return Customer{}, false
	}
	return *s.customer, true
}

// Level is the level proven so far.
func (s *Session) Level() Level { return levelOf(s.customer != nil, s.factors()) }

// suggested says that nothing but the caller's number names the customer, so that the caller may be somebody else: a
// family, a colleague, the next owner of the number.
func (s *Session) suggested() bool {
	named := func(m event.Method) bool { return m != event.MethodANI && m != event.MethodToken }
	return s.customer != nil && len(s.proofs) == 0 && !slices.ContainsFunc(s.methods, named)
}

// anonymous says that nothing is known about the caller: the number is hidden, forged or nobody's, and nothing was
// proven.
func (s *Session) anonymous() bool { return !s.known && !s.lately && len(s.proofs) == 0 }

func (s *Session) factors() []Factor {
	var f []Factor
	for _, p := range s.proofs {
		if p.counts(s.now()) {
			f = append(f, p.Factor)
		}
	}
	return f
}

// Language is the language of the call.
func (s *Session) Language() string { return s.language }

// Choose sets the language that the caller chose. Nothing changes it afterwards.
func (s *Session) Choose(language string) { s.language, s.chosen, s.menuChoice = language, true, true }

// prefer switches to a language if the line has it and the caller has not chosen one.
func (s *Session) prefer(language string) {
	if s.chosen || language == "" {
		return
	}
	primary, _, _ := strings.Cut(language, "-")
	for _, want := range []string{language, primary} {
		if i := slices.IndexFunc(s.line.Languages, func(l string) bool { return strings.EqualFold(l, want) }); i >= 0 {
			s.language = s.line.Languages[i]
			return
		}
	}
	// the same language in another region
	i := slices.IndexFunc(s.line.Languages, func(l string) bool {
		base, _, _ := strings.Cut(l, "-")
		return strings.EqualFold(base, primary)
	})
	if i >= 0 {
		s.language = s.line.Languages[i]
	}
}

// Number is the caller's number as E.164; empty if there is none or it must not be used.
func (s *Session) Number() string {
	if s.Hidden() || s.call.Trust == TrustFailed {
		return ""
	}
	return s.reading.E164
}

// CallerNumber is the caller's number as it was read.
func (s *Session) CallerNumber() PhoneReading { return s.reading }

// ReadPhone reads a telephone number on this line.
func (s *Session) ReadPhone(told string) PhoneReading {
	r := ReadPhone(told, s.line.Region)
	if r.E164 != "" && s.placeholders.Has(r.E164) {
		r.E164, r.Valid, r.Err = "", false, ErrPlaceholder
	}
	return r
}

// LookedUp notes for the event of the step which telephone number it looked up, or could not.
func (s *Session) LookedUp(r PhoneReading) { s.number = r.event() }

// Hidden says that the caller has no number of their own: they hide it, or it is one that stands for none.
func (s *Session) Hidden() bool { return s.call.Withheld || s.reading.Err == ErrPlaceholder }

// counted is the number under which the Guard counts the call, or empty. A hidden or forged number is counted apart
// from the genuine one, so that forging a number does not lock out its owner; one that stands for none is nobody's.
func (s *Session) counted() string {
	number := s.reading.counted()
	switch {
	case number == "":
		return ""
	case s.call.Withheld:
		return "withheld " + number
	case s.call.Trust == TrustFailed:
		return "forged " + number
	}
	return number
}

// Now is the time by the Runner's clock.
func (s *Session) Now() time.Time { return s.now() }

func (s *Session) act(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if s.actionsLeft <= 0 {
		return ErrTooManyActions
	}
	s.actionsLeft--
	return nil
}
