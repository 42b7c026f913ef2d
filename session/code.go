package session

import (
	"time"

	"countersign/session/event"
)

// Message is a one-time code on its way to a customer.
type Message struct {
	// To is the telephone number (E.164) or the e-mail address; Language and Line are those of the call.
	To, Language, Line string
	// Code is the one-time code. The sender puts it into what it sends and must not keep it.
	Code Secret
	// Lifetime is how long the code is valid.
	Lifetime time.Duration
	// Reference names this sending to the gateway, for its receipt; it is random.
	Reference string
	// Audio has the files of the prompts that a call with the code plays, by name (CodeCallPrompts); nil for other ways.
	Audio map[string]string
	// Over ends when the code is not waited for any more: a call that still rings is given up. nil never ends.
	Over <-chan struct{}
	// Report, if set, is told what becomes of the code by senders that learn of it: CodeSentOff within Send, so that more
	// is waited for, and later CodeDelivered or CodeNotDelivered. Any goroutine may call it.
	Report func(event.CodeState)
}

// CodeCallPrompts are the prompts of a call that speaks a code: its beginning, which asks for a key; before the digits;
// its end.
func CodeCallPrompts() [3]string { return [3]string{"code-call", "code-call-code", "code-call-end"} }

// Sending is one sending of a one-time code, as the limits count it (docs/policy.md#otp-sends).
type Sending struct {
	// Customer is the customer's id, To the telephone number (E.164) or the e-mail address.
	Customer string
	Way      event.Way
	To       string
	// Replaces says that the one before did not arrive, or may not have been sent: this one need not wait.
	Replaces bool
}

// CodeSent records what became of a one-time code. If it was, or may have been, sent, the identifier that named the
// customer counts, whatever the caller does next, or one caller could have codes sent to any number of customers.
func (s *Session) CodeSent(e event.CodeSent) {
	s.events.record(e)
	if e.State == event.CodeSentOff {
		s.CodeMayHaveCome()
	}
}

// CodeMayHaveCome notes that a code went to the customer, or that nobody knows.
func (s *Session) CodeMayHaveCome() {
	if s.customer != nil {
		s.codeSentTo = s.customer.ID
	}
}

// sentCode says whether the customer was sent a code in this call.
func (s *Session) sentCode() bool { return s.customer != nil && s.codeSentTo == s.customer.ID }

// File finds the audio of a prompt as the caller hears it on this line.
func (s *Session) File(prompt string) string {
	return s.audio(utterance{language: s.language, prompt: prompt})
}
