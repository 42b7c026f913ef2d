package session_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// family is a line where the number belongs to C-1, and callers name themselves as customer.
func family(customer string, questions ...session.Question) *session.Line {
	return line(func(l *session.Line) {
		l.ANI, l.Verify = identifies, questions
		l.Identify = []session.Step{step{"account", func(context.Context, *session.Session) (session.Outcome, error) {
			if customer == "" {
				return session.Failed(event.ReasonNotFound), nil
			}
			return session.IdentifiedAs(session.Customer{ID: customer}, event.MethodAccount), nil
		}}}
	})
}

// pinOf is a question for the PIN. Nobody but its owner answers it right; C-1 opts out or is wrong.
func pinOf(owner string, otherwise session.Outcome) session.Question {
	return session.Question{Factor: session.Knowledge, Step: step{
		"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			c, _ := s.Customer()
			if c.ID != owner && otherwise.Reason != event.ReasonWrongAnswer {
				return otherwise, nil
			}
			_, err := s.Judge(ctx, event.MethodPIN, func(context.Context) (session.Answered, error) {
				if c.ID == owner {
					return session.Right, nil
				}
				return session.Wrong, nil
			})
			if c.ID == owner {
				return session.VerifiedBy(session.Knowledge, event.MethodPIN), err
			}
			return otherwise, err
		},
	}}
}

func TestACallerFromSomebodyElsesTelephoneGetsToTheirOwnAccount(t *testing.T) {
	t.Parallel()
	skipped := session.Skipped(event.ReasonNotEnrolled)
	for name, c := range map[string]struct {
		owner, names              string
		first                     session.Outcome // of the PIN asked for the number's owner
		locked                    session.Standing
		status, customer, methods string
		reason                    event.Reason
		asked                     int // questions for the PIN
	}{
		"says so with the opt-out key": {"C-2", "C-2", session.Declined(), session.Standing{},
			"verified", "C-2", "account,pin", event.ReasonOK, 2},
		"keys their own PIN": {"C-2", "C-2", session.Failed(event.ReasonWrongAnswer), session.Standing{},
			"verified", "C-2", "account,pin", event.ReasonOK, 2},
		"after too many wrong answers from that number": {"C-2", "C-2", session.Declined(), session.Standing{Suggested: true},
			"verified", "C-2", "account,pin", event.ReasonOK, 1},
		"the owner, named in words, after others used up the number's tries": {"C-1", "C-1", session.Declined(),
			session.Standing{Suggested: true}, "verified", "C-1", "account,pin", event.ReasonOK, 1},
		"the owner with wrong PINs has had the tries of a call": {"nobody", "C-1",
			session.Failed(event.ReasonWrongAnswer), session.Standing{},
			"identified", "C-1", "account", event.ReasonWrongAnswer, 1},
		"names nobody: the number's owner helps the agent most": {"C-2", "", session.Declined(), session.Standing{},
			"identified", "C-1", "ani", event.ReasonOptedOut, 1},
		"somebody else with a wrong PIN too": {"nobody", "C-2", session.Failed(event.ReasonWrongAnswer),
			session.Standing{}, "identified", "C-2", "account", event.ReasonWrongAnswer, 2},
		"silence asks for a person": {"C-2", "C-2", session.Failed(event.ReasonNoInput), session.Standing{},
			"identified", "C-1", "ani", event.ReasonNoInput, 1},
		"the owner has no PIN": {"C-2", "C-2", skipped, session.Standing{},
			"identified", "C-1", "ani", event.ReasonNotEnrolled, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, g := &sessiontest.Channel{}, &guard{customer: c.locked}
			j := run(t, family(c.names, pinOf(c.owner, c.first)), ch, guarded(g))
			_, v := routedTo(ch)
			assert.Equal(t, c.status, v["cs_status"])
			assert.Equal(t, c.customer, v["cs_customer"])
			assert.Equal(t, c.methods, v["cs_methods"])
			assert.Equal(t, string(c.reason), v["cs_reason"])
			asked := 0
			for _, s := range sessiontest.Find[event.StepStarted](j) {
				if s.Step == "pin" {
					asked++
				}
			}
			assert.Equal(t, c.asked, asked)
		})
	}
}

func TestAStepUpAsksNobodyElse(t *testing.T) {
	t.Parallel()
	l := family("C-2", pinOf("C-2", session.Declined()))
	known := callKnown("default", session.Proven{Customer: "C-1", Methods: []event.Method{event.MethodANI}})
	ch := &sessiontest.Channel{}
	again(t, l, ch, session.Call{Channel: "u-1", Earlier: "call-1", NeedLevel: session.Verified},
		func(o *session.Options) { o.Calls = known }, customers(ada))
	_, v := routedTo(ch)
	assert.Equal(t, "C-1", v["cs_customer"])
	assert.Equal(t, "opted_out", v["cs_reason"])
}

func TestOnlyANumberThatNamesTheCustomerMakesAnAttemptASuggestion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line *session.Line
		want bool
	}{
		"by the number": {family("C-2", judges("pin", event.MethodPIN, true, session.Knowledge)), true},
		"by the account": {line(func(l *session.Line) {
			l.Identify = []session.Step{gives("account", session.IdentifiedAs(ada, event.MethodAccount))}
			l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge)}
		}), false},
	} {
		g := &guard{}
		run(t, c.line, &sessiontest.Channel{}, guarded(g))
		if assert.Len(t, g.attempts, 1, name) {
			assert.Equal(t, c.want, g.attempts[0].Suggested, name)
			assert.Equal(t, event.MethodPIN, g.attempts[0].Method, name)
		}
	}
}

func TestWhoOptsOutWithoutAWrongAnswerHasNotGuessed(t *testing.T) {
	t.Parallel()
	answer := func(out session.Outcome, judged ...session.Answered) session.Question {
		return session.Question{Factor: session.Knowledge, Step: step{
			"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
				for _, a := range judged {
					_, _ = s.Judge(ctx, event.MethodPIN, func(context.Context) (session.Answered, error) { return a, nil })
				}
				return out, nil
			},
		}}
	}
	for name, c := range map[string]struct {
		question session.Question
		want     int
	}{
		"opts out":                        {answer(session.Declined()), 1},
		"has no PIN":                      {answer(session.Skipped(event.ReasonNotEnrolled)), 1},
		"meets an outage":                 {answer(session.Failed(event.ReasonUnavailable), session.Unchecked), 1},
		"opts out after a wrong answer":   {answer(session.Declined(), session.Wrong), 0},
		"is wrong":                        {answer(session.Failed(event.ReasonWrongAnswer), session.Wrong), 0},
		"is silent, and may only listen":  {answer(session.Failed(event.ReasonNoInput)), 0},
		"opts out after wrong and outage": {answer(session.Declined(), session.Wrong, session.Unchecked), 0},
	} {
		g := &guard{}
		run(t, line(func(l *session.Line) { l.Verify = []session.Question{c.question} }), &sessiontest.Channel{}, guarded(g))
		assert.Len(t, g.notGuessed, c.want, name)
	}
}

func TestAHouseholdWhoseNumberWasVerifiedLatelyIsNotAnonymous(t *testing.T) {
	t.Parallel()
	notMe := family("C-2", pinOf("C-2", session.Declined()))
	wrongPIN := family("C-2", pinOf("C-2", session.Failed(event.ReasonWrongAnswer)))
	nobodys := family("C-2", pinOf("C-2", session.Declined()))
	nobodys.ANI = nil
	for name, c := range map[string]struct {
		line     *session.Line
		lately   bool // somebody was verified with the number
		withheld bool
		want     event.Reason
	}{
		"not me, verified lately":    {notMe, true, false, event.ReasonOK},
		"not me, never verified":     {notMe, false, false, event.ReasonOptedOut},
		"wrong PIN, verified lately": {wrongPIN, true, false, event.ReasonOK},
		"wrong PIN, never verified":  {wrongPIN, false, false, event.ReasonWrongAnswer},
		"nobody's, verified lately":  {nobodys, true, false, event.ReasonOK},
		"nobody's, never verified":   {nobodys, false, false, event.ReasonVelocity},
		"withheld":                   {nobodys, true, true, event.ReasonVelocity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &guard{caller: session.Standing{Known: c.lately}, anonymous: session.Standing{Locked: true, Caller: true}}
			ch := &sessiontest.Channel{}
			again(t, c.line, ch, session.Call{Channel: "u-1", Caller: "+15551230001", Withheld: c.withheld}, guarded(g))
			_, v := routedTo(ch)
			assert.Equal(t, string(c.want), v["cs_reason"])
			for _, a := range g.attempts {
				assert.False(t, a.Anonymous, a.Customer)
			}
			for _, a := range g.verified {
				assert.True(t, a.Anonymous, "it is noted again that somebody was verified: no customer here has the number")
			}
		})
	}
}

func TestAnIdentifierAfterWhichACodeWasSentCounts(t *testing.T) {
	t.Parallel()
	sends := func(to string, out session.Outcome) session.Question {
		return session.Question{Factor: session.Possession, Step: step{
			"sms_code", func(_ context.Context, s *session.Session) (session.Outcome, error) {
				if c, _ := s.Customer(); c.ID == to {
					s.CodeSent(event.CodeSent{Step: "sms_code", Way: event.WaySMS, State: event.CodeSentOff})
				}
				return out, nil
			},
		}}
	}
	byAccount := func(q session.Question) *session.Line {
		return line(func(l *session.Line) { l.Verify = []session.Question{q} })
	}
	for name, c := range map[string]struct {
		line *session.Line
		want int // identifiers taken back
	}{
		"sent, and opts out":               {byAccount(sends("C-1", session.Declined())), 0},
		"sent, and an outage":              {byAccount(sends("C-1", session.Failed(event.ReasonUnavailable))), 0},
		"sent, and the next is not set up": {byAccount(sends("C-1", session.Skipped(event.ReasonNotEnrolled))), 0},
		"not sent":                         {byAccount(sends("nobody", session.Declined())), 1},
		"sent to the number's owner, who is somebody else": {family("C-2", sends("C-1", session.Declined())), 1},
		"sent to who was named then":                       {family("C-2", sends("C-2", session.Declined())), 0},
	} {
		g := &guard{}
		run(t, c.line, &sessiontest.Channel{}, guarded(g))
		assert.Len(t, g.notGuessed, c.want, name)
	}
}

func TestWhatWasKeyedAheadOfARefusedPINIsNoAccountNumber(t *testing.T) {
	t.Parallel()
	asks := func(prompt string) step {
		return step{prompt, func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			_, err := s.Ask(ctx, session.Ask{Prompts: []string{prompt}, Min: 6, Max: 6})
			return session.Failed(event.ReasonWrongAnswer), err
		}}
	}
	l := line(func(l *session.Line) {
		l.ANI, l.Identify = identifies, []session.Step{asks("account")}
		l.Verify = []session.Question{{Step: asks("pin"), Factor: session.Knowledge}}
	})
	ch := &sessiontest.Channel{Moves: []sessiontest.Move{{Keys: "111111#246813#"}}}
	run(t, l, ch)
	collects := ch.Collects()
	if assert.Len(t, collects, 2) {
		assert.False(t, collects[0].Flush)
		assert.True(t, collects[1].Flush)
	}
}
