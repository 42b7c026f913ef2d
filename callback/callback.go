// Package callback knows when the company has promised to call its customers, and keeps the promise: it books windows,
// offers each callback to agents when its time has come, and has telephones rung, once for an attempt, whatever fails. It
// answers "whom do we call, when, and are we calling them now?". It neither says who a customer is nor speaks SIP.
package callback

import (
	"errors"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// State is where a callback is. Each state has a deadline (Callback.Until), after which the Dialler acts.
type State string

// The states.
const (
	// Booked: its time is to come.
	Booked State = "booked"
	// Due: agents may take it.
	Due State = "due"
	// Taken: an agent took it, and their telephone rings.
	Taken State = "taken"
	// Ringing: the customer's telephone rings, or they have not pressed a key yet.
	Ringing State = "ringing"
	// Talking: the customer pressed the key.
	Talking State = "talking"
	// Unclear: Countersign was away while it rang. The agent is asked what became of it.
	Unclear State = "unclear"
	// Done and Cancelled are the ends.
	Done      State = "done"
	Cancelled State = "cancelled"
)

// Over says whether it is at its end.
func (s State) Over() bool { return s == Done || s == Cancelled }

// Live says whether the customer is called now, or about to be.
func (s State) Live() bool { return s == Taken || s == Ringing || s == Talking }

// Callback is one callback. It holds the customer's number and word: it is for whoever calls back, and for the customer.
type Callback struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	// Line is the service line whose agents call back, Subject what the customer wants to talk about, in their words.
	Line    string `json:"line"`
	Subject string `json:"subject,omitempty"`
	// Number is where the customer is called, in E.164; Language is theirs, or "".
	Number   string `json:"number"`
	Language string `json:"language,omitempty"`
	// From and To are the window, TZ the time zone that it was booked in, and Rules the version of its rules then.
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	TZ    string    `json:"tz"`
	Rules string    `json:"rules,omitempty"`
	// Place, if set, is that of a caller who left a queue: it is due when it would have been their turn.
	Place *Place `json:"place,omitempty"`
	// At is when it was booked, By and Who by whom.
	At  time.Time           `json:"at"`
	By  event.CallbackActor `json:"by"`
	Who string              `json:"who,omitempty"`
	// Level is what the customer had proven on their page when they booked; 0 if it was not there.
	Level session.Level `json:"level,omitempty"`
	// Word is the customer's word, which the agent says, so that the customer knows who calls. Wiped at the end.
	Word Word `json:"word,omitzero"`

	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Until is the deadline of the state; zero for the ends.
	Until time.Time `json:"until,omitzero"`
	// Attempts are those that are over.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Outcome is what became of it, at the end.
	Outcome event.CallbackOutcome `json:"outcome,omitempty"`
	// Reminded: the customer was sent a reminder.
	Reminded bool `json:"reminded,omitempty"`
	// Now is the attempt that runs.
	Now *Running `json:"now,omitempty"`

	facts
}

// Place is a place in a queue of mod_callcenter.
type Place struct {
	Queue  string    `json:"queue"`
	Joined time.Time `json:"joined"`
}

// Agent is who takes a callback.
type Agent struct {
	// ID is the person's, Name their first name for the customer, Telephone where they are rung.
	ID        string `json:"id"`
	Name      string `json:"name"`
	Telephone string `json:"telephone"`
}

// Running is an attempt that runs.
type Running struct {
	Agent Agent `json:"agent"`
	// AgentChannel and Channel are the channels in FreeSWITCH, ours to name. They are never used for another attempt.
	AgentChannel string `json:"agent_channel"`
	Channel      string `json:"channel"`
	// By is the process that rings, Lease how long it may be silent.
	By    string    `json:"by"`
	Lease time.Time `json:"lease"`
	// Later: the customer asked to be called later.
	Later bool `json:"later,omitempty"`
	// Answered is when the customer's telephone was answered, Talking when they pressed the key.
	Answered time.Time `json:"answered,omitzero"`
	Talking  time.Time `json:"talking,omitzero"`
}

// Attempt is an attempt that is over.
type Attempt struct {
	At      time.Time             `json:"at"`
	Agent   string                `json:"agent"`
	Outcome event.CallbackOutcome `json:"outcome"`
	Channel string                `json:"channel,omitempty"`
}

// The bounds (docs/policy.md#callbacks).
const (
	// MostAttempts reach for a customer, RetryAfter apart.
	MostAttempts = 3
	RetryAfter   = 10 * time.Minute
	// LaterAfter is when somebody is called who asked for later.
	LaterAfter = time.Hour
	// OfferedFor is the least time in which agents may take one that is due.
	OfferedFor = 30 * time.Minute
	// TakenFor bounds the ringing of the agent, RingingFor that of the customer and their key, TalkingFor a conversation.
	TakenFor   = 45 * time.Second
	RingingFor = 2 * time.Minute
	TalkingFor = 4 * time.Hour
	// UnclearFor is how long an agent is asked what became of it.
	UnclearFor = 10 * time.Minute
	// WordFor is how long a word is kept at most.
	WordFor = 7 * 24 * time.Hour
	// KeptFor is how long one is kept after its end.
	KeptFor = 30 * 24 * time.Hour
	// MostOpen are a customer's at once.
	MostOpen = 3
	// mostSubject is in characters.
	mostSubject = 120
	// PlaceFor is how long a place in a queue is waited for.
	PlaceFor = 2 * time.Hour
)

// Actor is who does something to a callback.
type Actor = event.CallbackActor

// Errors of a Book. Any other means that it is unavailable.
var (
	// ErrUnknown: there is no such callback, or it is another customer's.
	ErrUnknown = errors.New("there is no such callback")
	// ErrFull: the window is taken, or is no window.
	ErrFull = errors.New("that time is not free any more")
	// ErrTooMany: the customer has MostOpen callbacks.
	ErrTooMany = errors.New("the customer has too many callbacks already")
	// ErrTooLate: it is under way or over.
	ErrTooLate = errors.New("it is too late for that: it is under way or over")
	// ErrTaken: another agent was faster.
	ErrTaken = errors.New("somebody else has it")
	// ErrNumber: the number is not on file, or must not be called.
	ErrNumber = errors.New("that number is not called back")
	// ErrSubject and ErrWord: what is allowed is in docs/policy.md#callbacks.
	ErrSubject = errors.New("the subject is one line of up to 120 characters")
	ErrWord    = errors.New("the word has 3 to 20 letters and digits, and is none of the customer's other secrets")
)

// attempt is the number of the attempt that runs, or comes next.
func (c *Callback) attempt() int { return len(c.Attempts) + 1 }

// about is what every fact says.
func (c *Callback) about() event.Callback {
	return event.Callback{
		ID: c.ID, Customer: c.Customer, From: c.From.UTC(), To: c.To.UTC(), TZ: c.TZ, Last4: lastFour(c.Number),
	}
}

// to changes the state.
func (c *Callback) to(s State, now time.Time, most time.Duration) {
	c.State, c.Since, c.Until = s, now.UTC(), now.Add(most).UTC()
	if s.Over() {
		c.Until, c.Now, c.Word, c.Place = time.Time{}, nil, Word{}, nil
	}
}

// offer lets agents take it, to the end of its window and for OfferedFor at least.
func (c *Callback) offer(now time.Time) { c.to(Due, now, max(OfferedFor, c.To.Sub(now))) }

// over ends the attempt that runs, and plans the next one or ends the callback. next is when the next one may be.
func (c *Callback) over(outcome event.CallbackOutcome, now, next time.Time) {
	r := c.Now
	a := Attempt{At: now.UTC(), Agent: r.Agent.ID, Outcome: outcome, Channel: r.Channel}
	fact := event.CallbackAttempted{
		Callback: c.about(), Attempt: c.attempt(), Agent: a.Agent, Outcome: outcome, Channel: a.Channel,
	}
	if !r.Talking.IsZero() {
		fact.TalkedMilliseconds = max(0, now.Sub(r.Talking).Milliseconds())
	}
	c.tell(fact, now)
	c.Attempts, c.Now = append(c.Attempts, a), nil
	reached := len(slices.DeleteFunc(slices.Clone(c.Attempts), func(a Attempt) bool {
		return a.Outcome == event.CallbackLater
	}))
	if outcome == event.CallbackTalked || reached >= MostAttempts {
		c.end(outcome, now)
		return
	}
	c.Place = nil
	c.to(Booked, now, 0)
	c.Until = next.UTC()
}

// end ends the callback.
func (c *Callback) end(outcome event.CallbackOutcome, now time.Time) {
	c.Outcome = outcome
	c.tell(event.CallbackDone{Callback: c.about(), Attempts: len(c.Attempts), Outcome: outcome}, now)
	c.to(Done, now, 0)
}
