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

// Prompts finds the audio of what is said.
type Prompts interface {
	// File is what FreeSWITCH plays for a prompt. found is false if there is no audio and file is a tone in its place.
	File(language, prompt string) (file string, found bool)
	// Replaced is what FreeSWITCH plays for what a line says in place of a prompt. found is false if there is no audio (yet).
	Replaced(language string, r Replacement) (file string, found bool)
	// Speak makes audio of a text that belongs to one call alone, such as a name. done removes it.
	Speak(ctx context.Context, language, text string) (file string, done func(), err error)
}

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

	earlier  Known // what this same call was found to be when it was with us before
	language string
	chosen   bool // by the caller
	customer *Customer
	proven   []Proof
	methods  []event.Method

	queued      []said // to be said in front of the next prompt
	missing     map[said]bool
	attempts    []event.Attempt
	actionsLeft int
	hashDue     bool // the last entry ended without the hash key that the caller was asked for
}

// said is a prompt in a language, or a file.
type said struct{ language, prompt, file string }

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
	for _, p := range s.proven {
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
	number, err := E164(s.call.Caller, s.line.Region)
	if err != nil {
		return ""
	}
	return number
}

// Answered is what came of judging an answer.
type Answered int

const (
	// Wrong answer.
	Wrong Answered = iota
	// Right answer.
	Right
	// LockedOut: there were too many attempts. Nothing was checked.
	LockedOut
)

// Judge takes one of the customer's attempts and then checks the answer. An error of check costs no attempt: it is never the caller's failure.
func (s *Session) Judge(ctx context.Context, check func(ctx context.Context) (right bool, err error)) (Answered, error) {
	a := s.attempt()
	if standing := s.guard.Try(ctx, a); standing.Locked {
		return LockedOut, nil
	}
	right, err := check(ctx)
	if err != nil || right {
		s.guard.GiveBack(context.WithoutCancel(ctx), a)
	}
	switch {
	case err != nil:
		return Wrong, err
	case right:
		return Right, nil
	}
	if standing := s.guard.Customer(ctx, a.Customer); standing.Locked {
		s.events.record(lockedNow(event.LockOnCustomer, a.Customer, standing, true))
	}
	return Wrong, nil
}

// Named notes that the caller gave an identifier, for who tries many.
func (s *Session) Named(ctx context.Context, kind, value string) {
	if number := s.Number(); number != "" {
		s.guard.Named(ctx, number, kind, value)
	}
}

func (s *Session) attempt() Attempt {
	a := Attempt{Call: s.call.ID, Line: s.line.Name, Caller: s.Number()}
	if s.customer != nil {
		a.Customer = s.customer.ID
	}
	return a
}

func lockedNow(on event.LockOn, customer string, st Standing, began bool) event.Locked {
	l := event.Locked{On: on, Customer: customer, Began: began}
	if !st.Until.IsZero() {
		until := st.Until.UTC()
		l.Until = &until
	}
	return l
}

// Say queues prompts. They are played in front of the next Play or Collect, so that the caller may interrupt them with the first digit.
func (s *Session) Say(prompts ...string) {
	for _, p := range prompts {
		s.queued = append(s.queued, said{language: s.language, prompt: p})
	}
}

// SayIn queues a prompt in a language of its own.
func (s *Session) SayIn(language, prompt string) {
	s.queued = append(s.queued, said{language: language, prompt: prompt})
}

// SayDigits queues a number, digit by digit.
func (s *Session) SayDigits(digits []byte) {
	for _, d := range digits {
		s.Say("digit-" + string(rune(d)))
	}
}

// Speak queues a text that belongs to this call alone, such as the customer's name. done must be called when it has been said. Without a voice nothing is
// said.
func (s *Session) Speak(ctx context.Context, text string) (done func()) {
	file, done, err := s.prompts.Speak(ctx, s.language, text)
	if err != nil {
		return func() {}
	}
	s.queued = append(s.queued, said{file: file})
	return done
}

// Play plays what was queued, then prompts, to their end.
func (s *Session) Play(ctx context.Context, prompts ...string) error {
	s.Say(prompts...)
	if len(s.queued) == 0 {
		return nil
	}
	if err := s.act(ctx); err != nil {
		return err
	}
	return s.channel.Play(ctx, s.takeQueued())
}

// Ask is what a step wants keyed: a Collect with prompts by name.
type Ask struct {
	Prompts                []string
	Min, Max               int
	FirstDigit, InterDigit time.Duration
	OptOut                 byte
	Flush                  bool
}

// Collect plays what was queued, then the prompts of a, and gathers digits. The caller wipes the entry's digits.
//
// Who keys as many digits as there can be is told to press the hash key all the same. It then comes when the next prompt has begun, and is not an answer
// to that one: the prompt begins again.
func (s *Session) Collect(ctx context.Context, a Ask) (Entry, error) {
	s.Say(a.Prompts...)
	c := Collect{
		Files: s.takeQueued(), Min: a.Min, Max: a.Max, FirstDigit: a.FirstDigit, InterDigit: a.InterDigit, OptOut: a.OptOut, Flush: a.Flush,
	}
	late := s.hashDue
	for {
		if err := s.act(ctx); err != nil {
			return Entry{}, err
		}
		entry, err := s.channel.Collect(ctx, c)
		s.hashDue = err == nil && entry.Class == Input && !entry.Terminated && entry.Keyed == c.Max
		if lone := entry.Class == NoMatch && entry.Terminated && entry.Keyed == 0; err != nil || !lone || !late {
			return entry, err
		}
		late = false
	}
}

// Attempted records that the caller was asked once, since started, and what came of it. It becomes part of the step's event.
func (s *Session) Attempted(result event.AttemptResult, started time.Time) {
	s.attempts = append(s.attempts, event.Attempt{Result: result, Milliseconds: s.now().Sub(started).Milliseconds()})
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

func (s *Session) takeQueued() []string {
	files := make([]string, 0, len(s.queued))
	for _, p := range s.queued {
		files = append(files, s.audio(p))
	}
	s.queued = s.queued[:0]
	return files
}

// audio finds what to play: the line's own, the catalogue's, the catalogue's in the line's first language, a tone.
func (s *Session) audio(p said) string {
	if p.file != "" {
		return p.file
	}
	if own, ok := s.line.Replaced[p.language][p.prompt]; ok {
		if file, found := s.prompts.Replaced(p.language, own); found {
			return file
		}
		s.miss(p)
	}
	file, found := s.prompts.File(p.language, p.prompt)
	if found {
		return file
	}
	s.miss(p)
	if first := s.line.Languages[0]; first != p.language {
		if other, found := s.prompts.File(first, p.prompt); found {
			return other
		}
	}
	return file
}

// miss tells once in a call that there is no audio for a prompt.
func (s *Session) miss(p said) {
	if s.missing[p] {
		return
	}
	if s.missing == nil {
		s.missing = map[said]bool{}
	}
	s.missing[p] = true
	s.events.record(event.PromptMissing{Prompt: p.prompt, Language: p.language})
}

// Hear is what a step wants said: a Listen with prompts by name.
type Hear struct {
	Prompts         []string
	Engine, Grammar string
	Start, Speech   time.Duration
	OptOut          byte
}

// Listen plays what was queued, then the prompts of h, and hears what the caller says. The caller wipes the words.
func (s *Session) Listen(ctx context.Context, h Hear) (Heard, error) {
	s.Say(h.Prompts...)
	files := s.takeQueued()
	if err := s.act(ctx); err != nil {
		return Heard{}, err
	}
	s.hashDue = false
	return s.channel.Listen(ctx, Listen{Files: files, Engine: h.Engine, Grammar: h.Grammar, Start: h.Start, Speech: h.Speech, OptOut: h.OptOut})
}
