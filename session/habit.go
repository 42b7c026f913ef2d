package session

import (
	"context"
	"time"

	"countersign/session/event"
)

// Habit is how a customer likes to be asked. It proves nothing.
type Habit struct {
	// Language is the one that they chose; empty if they never did.
	Language string
	// Slow says that they need more time.
	Slow bool
	// Answers says how they answer where they may speak or key; empty if that is not known.
	Answers Manner
}

// Manner is a way to answer.
type Manner string

const (
	// MannerKeyed and MannerSpoken: by keys, by voice.
	MannerKeyed  Manner = "keyed"
	MannerSpoken Manner = "spoken"
)

// Habits remembers them for later calls. Its methods are called from many calls at once.
type Habits interface {
	// Habit is what is remembered of a customer, or the zero Habit.
	Habit(ctx context.Context, customer string) (Habit, error)
	// Remember keeps it, unless the customer was erased after the call began.
	Remember(ctx context.Context, customer string, h Habit, began time.Time) error
}

// habitTimeout bounds the write of a habit, behind the call.
const habitTimeout = 2 * time.Second

// manner is how the caller answers in this call.
type manner struct {
	// asked is the customer whose habit was looked up last, of the one whose habit is known, known the habit as it was read.
	asked, of string
	known     Habit
	// recalled says that the caller has more time because of somebody's habit, and not for what they did.
	recalled bool
	// keyed and spoken say that an answer was accepted that could have been said.
	keyed, spoken bool
}

// recallHabit asks the caller as the customer likes it, as soon as they may hear that we know who they are.
func (r *Runner) recallHabit(ctx context.Context, s *Session) {
	if r.habits == nil || s.customer == nil || s.concealed.on || s.manner.asked == s.customer.ID {
		return
	}
	s.manner.asked, s.manner.of, s.manner.known = s.customer.ID, "", Habit{}
	ctx, cancel := context.WithTimeout(ctx, r.stateTimeout)
	defer cancel()
	h, err := r.habits.Habit(ctx, s.customer.ID)
	if err != nil {
		r.log.Warn("how a customer likes to be asked is not known", "call", s.call.ID, "err", err)
		return
	}
	s.manner.of, s.manner.known = s.customer.ID, h
	if s.customer.Language == "" {
		s.prefer(h.Language)
	}
	if h.Slow && s.SlowDown() {
		s.manner.recalled = true
	}
}

// Manner is how the customer liked to answer on earlier calls, or empty.
func (s *Session) Manner() Manner { return s.manner.known.Answers }

// answered notes how an answer was given that could be said or keyed.
func (s *Session) answered(result event.AttemptResult) {
	if result == event.AttemptAccepted && s.listened {
		s.manner.spoken, s.manner.keyed = s.manner.spoken || s.said, s.manner.keyed || !s.said
	}
	s.listened = false
}

// rememberHabit keeps how a caller who was verified here was asked. It runs when the call has gone on.
func (r *Runner) rememberHabit(ctx context.Context, s *Session, v verdict) {
	if r.habits == nil || s.customer == nil || !s.provenHere || !v.enough(s) || v.level < Verified ||
		s.manner.of != s.customer.ID {
		return
	}
	h := s.manner.known
	h.Slow = h.Slow || s.slow && !s.manner.recalled
	switch {
	case s.manner.spoken:
		h.Answers = MannerSpoken
	case s.manner.keyed:
		h.Answers = MannerKeyed
	}
	if s.menuChoice {
		h.Language = s.language
	}
	if h == s.manner.known {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), habitTimeout)
	defer cancel()
	if err := r.habits.Remember(ctx, s.customer.ID, h, s.call.Started); err != nil {
		r.log.Warn("how the customer likes to be asked is not remembered", "call", s.call.ID, "err", err)
	}
}
