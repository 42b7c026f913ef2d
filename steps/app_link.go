package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
)

// AppLinks ask customers on their own page whether they are calling.
type AppLinks interface {
	// Ask sends a customer a link to a telephone number (E.164), and returns the digits that its page asks for, which the
	// step wipes. Errors are those of Sender.Send, and applink.ErrBusy.
	Ask(ctx context.Context, to, language string, q applink.Question, within time.Duration) (session.Secret, error)
	// Look is the question of a call, answered or not.
	Look(ctx context.Context, customer, call string) (applink.Question, error)
	// Changed says whether something has become of a question since it was looked at.
	Changed(ctx context.Context, since applink.Question) bool
	// End says that the call does not wait any more.
	End(ctx context.Context, customer, call string) error
}

// AppLink verifies on the customer's own page, which a link opens that goes to a telephone on file. The page says which
// call asks, and the customer keys there the digits that the call speaks: the secret goes from the call to the
// telephone and never back, so that somebody who talks to the customer cannot ask for it. A passkey makes it two
// factors.
type AppLink struct {
	Directory Directory
	Sends     Sends
	// Links is nil where customers have no page: nobody is asked.
	Links AppLinks
	// Countries are the regions (ISO 3166) of telephones that links may go to; none means all.
	Countries []string
	// Prompt asks the first time, Again all other times. The digits follow.
	Prompt, Again string
	// Lifetime is how long the call waits for an answer; default applink.Lifetime.
	Lifetime time.Duration
	Limits   Limits
}

const (
	// linkSilence is after how long a caller hears the digits again, linkNews how often the answer is looked for.
	linkSilence = 20 * time.Second
	linkNews    = time.Second
)

// Name implements session.Step.
func (AppLink) Name() string { return string(event.MethodAppLink) }

// Run implements session.Step. A customer whom no link can reach is not asked.
func (a AppLink) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	if !identified || a.Links == nil {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	if why := s.Decoy(event.MethodAppLink); why != "" {
		return session.Skipped(why), nil // no link for an answer that proves nothing
	}
	way := SMSCode{Directory: a.Directory, Ways: []CodeWay{{Way: event.WaySMS, Countries: a.Countries}}}
	reach, err := way.reachable(ctx, s, customer.ID)
	if err != nil {
		return session.Outcome{}, err
	}
	if len(reach.usual) == 0 {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	w := &linkWait{AppLink: a, customer: customer.ID, sent: s.Now()}
	defer func() { w.digits.Wipe() }()
	defer func() { _ = a.Links.End(context.WithoutCancel(ctx), customer.ID, s.Call().ID) }() // or it expires
	if ok, err := w.ask(ctx, s, reach.usual[0]); !ok || err != nil {
		return session.Failed(event.ReasonSendLimit), err
	}
	return w.wait(ctx, s)
}

// linkWait is a run: a question on the customer's page, and the wait for its answer.
type linkWait struct {
	AppLink
	customer string
	digits   session.Secret
	sent     time.Time
	// seen is the question when it was looked at last, shown says that the customer has seen it.
	seen  applink.Question
	shown bool
}

func (w *linkWait) lifetime() time.Duration { return cmp.Or(w.Lifetime, applink.Lifetime) }

// ask sends the link. ok is false if a limit keeps it: that of messages, or another call that asks.
func (w *linkWait) ask(ctx context.Context, s *session.Session, to destination) (ok bool, err error) {
	counted := session.Sending{Customer: w.customer, Way: to.way.Way, To: to.address}
	told := event.CodeSent{Step: w.Name(), Way: to.way.Way, Last2: to.last2(), State: event.CodeLimited}
	defer func() { s.CodeSent(told) }()
	if ok, _ := w.Sends.MaySend(ctx, counted); !ok {
		return false, nil
	}
	w.seen = applink.Question{
		Customer: w.customer, Call: s.Call().ID, Line: s.Line().Name, Since: s.Call().Started, State: applink.Sent,
	}
	var why error
	_, err = lookUpToTheEnd(ctx, s, func(ctx context.Context) (struct{}, error) {
		w.digits, why = w.Links.Ask(ctx, to.address, s.Language(), w.seen, w.lifetime())
		return struct{}{}, nil
	})
	switch {
	case why == nil:
		told.State = event.CodeSentOff
		return true, err
	case errors.Is(why, applink.ErrBusy):
		w.Sends.NotSent(context.WithoutCancel(ctx), counted)
		return false, err
	case maybeSent(why):
		s.CodeMayHaveCome()
	default:
		w.Sends.NotSent(context.WithoutCancel(ctx), counted)
	}
	told.State = event.CodeNotSent
	return false, errors.Join(err, fmt.Errorf("send a link: %w", why))
}

// wait speaks the digits until the customer has answered, or the time is over.
func (w *linkWait) wait(ctx context.Context, s *session.Session) (session.Outcome, error) {
	prompt, silences := w.Prompt, max(1, int(w.lifetime()/linkSilence))
	for {
		started := s.Now()
		if prompt != "" {
			s.Say(prompt)
			s.SayDigits(w.digits.Reveal())
		}
		entry, err := s.Ask(ctx, session.Ask{
			Min: 1, Max: 1, FirstDigit: linkSilence, InterDigit: time.Second, Waits: true, OptOut: w.Limits.star(),
			News: func() bool { return w.Links.Changed(ctx, w.seen) }, NewsEach: linkNews,
		})
		entry.Wipe()
		if err == nil && entry.Class == session.OptedOut {
			attempted(ctx, s, started, optedOut, nil)
			return session.Declined(), nil
		}
		before := w.seen
		if err == nil {
			w.seen, err = w.look(ctx, s)
		}
		if err != nil {
			attempted(ctx, s, started, attempt{}, err)
			return session.Outcome{}, err
		}
		if out, over, err := w.answered(ctx, s, started); over || err != nil {
			return out, err
		}
		prompt = w.Again
		switch {
		case w.seen.Wrong > before.Wrong:
			attempted(ctx, s, started, rejected, nil)
		case entry.Class != session.NoInput: // any key repeats the digits
			attempted(ctx, s, started, served(event.WishRepeat), nil)
		case w.seen.State != before.State: // and they need not hear it
			prompt = ""
		default:
			attempted(ctx, s, started, noInput, nil)
			if silences--; silences == 0 {
				return session.Failed(event.ReasonNoInput), nil
			}
		}
	}
}

// look looks at the question, and records that the customer has seen it, once.
func (w *linkWait) look(ctx context.Context, s *session.Session) (applink.Question, error) {
	q, err := w.Links.Look(ctx, w.customer, s.Call().ID)
	if errors.Is(err, applink.ErrOver) {
		q, err = w.seen, nil
		q.State = applink.Over
	}
	if err == nil && !w.shown && q.State != applink.Sent && q.State != applink.Over {
		w.shown = true
		s.ProofShown(event.ProofShown{Step: w.Name(), Milliseconds: w.since(s)})
	}
	return q, err
}

func (w *linkWait) since(s *session.Session) int64 { return max(0, s.Now().Sub(w.sent)).Milliseconds() }

// answered is the outcome of a question that is over.
func (w *linkWait) answered(
	ctx context.Context, s *session.Session, started time.Time,
) (out session.Outcome, over bool, err error) {
	right := false
	switch w.seen.State {
	case applink.Confirmed:
		right, out = true, session.VerifiedBy(session.FactorOf(event.MethodAppLink), event.MethodAppLink)
		if w.seen.Passkey {
			out = session.VerifiedBy(session.FactorOf(event.MethodPasskey), event.MethodPasskey)
		}
		s.ProofConfirmed(event.ProofConfirmed{Step: w.Name(), Passkey: w.seen.Passkey, Milliseconds: w.since(s)})
	case applink.Denied:
		out = session.Failed(event.ReasonDenied)
		out.Last = true // no other question: the caller is somebody else
		s.ProofDenied(event.ProofDenied{Step: w.Name(), Why: event.DenialNotCalling, Milliseconds: w.since(s)})
	case applink.Void:
		out = session.Failed(event.ReasonVoid)
		s.ProofDenied(event.ProofDenied{Step: w.Name(), Why: event.DenialWrongDigits, Milliseconds: w.since(s)})
	case applink.Over:
		attempted(ctx, s, started, noInput, nil)
		return session.Failed(event.ReasonNoInput), true, nil
	default:
		return session.Outcome{}, false, nil
	}
	got, err := judgeSecret(ctx, s, event.MethodAppLink, func(context.Context) (bool, error) { return right, nil })
	attempted(ctx, s, started, got, err)
	if err != nil {
		return session.Outcome{}, true, err
	}
	if got.ended { // locked meanwhile
		return got.outcome, true, nil
	}
	return out, true, nil
}
