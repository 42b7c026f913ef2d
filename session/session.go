// Package session says what a call is: a Line's steps, run one after the other on a Channel until it is known who is calling and how surely,
// every step journalled, and the call handed on with the result. Whatever breaks, the caller goes to a person, and nobody is "verified" without
// proof.
//
// It knows no socket, no SQL and no NATS: Channel, Journal, Prompts and Step are its seams.
package session

import (
	"context"
	"errors"
	"time"

	"countersign/session/event"
)

// Prompts finds the audio of a prompt.
type Prompts interface {
	// File is what FreeSWITCH plays for a prompt. found is false if there is no audio and file is a tone in its place.
	File(language, prompt string) (file string, found bool)
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
	events  recorder
	now     func() time.Time

	customer *Customer
	proven   []Factor
	provenBy []event.Method
	methods  []event.Method

	queued      []string // prompts to be said in front of the next one
	missing     map[string]bool
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
func (s *Session) Level() Level { return levelOf(s.customer != nil, s.proven) }

// Say queues prompts. They are played in front of the next Play or Collect, so that the caller may interrupt them with the first digit.
func (s *Session) Say(prompts ...string) { s.queued = append(s.queued, prompts...) }

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
	for _, name := range s.queued {
		file, found := s.prompts.File(s.line.Language, name)
		if !found && !s.missing[name] {
			if s.missing == nil {
				s.missing = map[string]bool{}
			}
			s.missing[name] = true
			s.events.record(event.PromptMissing{Prompt: name, Language: s.line.Language})
		}
		files = append(files, file)
	}
	s.queued = s.queued[:0]
	return files
}
