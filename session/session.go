// Package session says what a call is: a Line's steps, run one after the other on a Channel until it is known who is calling and how surely,
// every step journalled, and the call handed on with the result. Whatever breaks, the caller goes to a person, and nobody is "verified" without
// proof.
//
// It knows no socket, no SQL and no NATS: Channel, Journal, Prompts and Step are its seams.
package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
)

// ErrTooManyActions says that a call asked and played more often than the runner allows: a loop in a line, or a caller who plays.
var ErrTooManyActions = errors.New("the call took too many steps")

// Session is the state of one call while it runs. The call's goroutine owns it; steps read it and act on the caller through it, and only the
// Runner changes what is known about the caller.
type Session struct {
	call    Call
	line    *Line
	channel Channel
	prompts Prompts
	guard   Guard
	events  recorder
	now     func() time.Time

	callerE164 string
	callerRead bool

	earlier  Known // what this same call was found to be when it was with us before
	language string
	chosen   bool // by the caller
	customer *Customer
	proofs   []Proof
	// provenHere says that one of them was given in this call, and not taken over.
	provenHere bool
	methods    []event.Method

	queued      []said // to be said in front of the next prompt
	spoken      bool   // something has been said
	missing     map[said]bool
	attempts    []event.Attempt
	actionsLeft int
	hashDue     bool // the last entry ended without the hash key that the caller was asked for
}

// Call is what FreeSWITCH told us.
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

// Level is what has been proven so far.
func (s *Session) Level() Level { return levelOf(s.customer != nil, s.factors()) }

func (s *Session) factors() []Factor {
	var f []Factor
	for _, p := range s.proofs {
		if p.counts(s.now()) {
			f = append(f, p.Factor)
		}
	}
	return f
}

// Language is the one that is spoken on the call.
func (s *Session) Language() string { return s.language }

// Choose is the caller's own choice of a language of the line. Nothing else changes the language afterwards.
func (s *Session) Choose(language string) { s.language, s.chosen = language, true }

// prefer speaks the customer's language if the line does and the caller has not chosen another.
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
}

// Number is the caller's number as E.164, or empty if there is none that may be used.
func (s *Session) Number() string {
	if s.call.Withheld || s.call.Trust == TrustFailed {
		return ""
	}
	return s.caller()
}

// caller is the caller's number as E.164, whatever may be done with it, or empty. Reading a number takes longer than anything else here, and every step may ask.
func (s *Session) caller() string {
	if !s.callerRead {
		s.callerE164, _ = E164(s.call.Caller, s.line.Region) // empty if it is none
		s.callerRead = true
	}
	return s.callerE164
}

// counted is the number under which the guard counts the call, or empty. A hidden or a forged number is used for nothing else, and apart from the genuine one:
// whoever forges a number must not lock out its owner.
func (s *Session) counted() string {
	number := s.caller()
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

// Now is the time, as the Runner tells it.
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
