package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// guard is a scripted session.Guard that records its calls.
type guard struct {
	caller, customer session.Standing
	anonymous        session.Standing
	lockAfter        int // tries
	tries, givenBack int
	failedSteps      int
	verified         []session.Attempt
	attempts         []session.Attempt
	notGuessed       []session.Attempt
	ended            []bool
}

func (g *guard) Caller(context.Context, string) session.Standing { return g.caller }
func (g *guard) Customer(context.Context, string) session.Standing {
	if g.lockAfter > 0 && g.tries-g.givenBack >= g.lockAfter {
		return session.Standing{Locked: true, Until: time.Now().Add(time.Hour)}
	}
	return g.customer
}

func (g *guard) Try(ctx context.Context, a session.Attempt) session.Standing {
	if s := g.Customer(ctx, a.Customer); s.Locked {
		return s
	}
	g.tries++
	g.attempts = append(g.attempts, a)
	return session.Standing{}
}
func (g *guard) GiveBack(context.Context, session.Attempt)                     { g.givenBack++ }
func (g *guard) Right(context.Context, session.Attempt)                        { g.givenBack++ }
func (g *guard) Wrong(context.Context, session.Attempt)                        {}
func (g *guard) Anonymous(context.Context, string) session.Standing            { return g.anonymous }
func (g *guard) Unknown(_ context.Context, a session.Attempt) session.Standing { return g.anonymous }
func (g *guard) NotGuessed(_ context.Context, a session.Attempt) {
	g.notGuessed = append(g.notGuessed, a)
}
func (g *guard) Named(context.Context, session.Attempt, string, string) {}
func (g *guard) StepFailed(context.Context, string)                     { g.failedSteps++ }
func (g *guard) Verified(_ context.Context, a session.Attempt)          { g.verified = append(g.verified, a) }
func (g *guard) Ended(_ string, failed bool)                            { g.ended = append(g.ended, failed) }
func guarded(g session.Guard) func(*session.Options) {
	return func(o *session.Options) { o.Guard = g }
}
func customers(all ...session.Customer) func(*session.Options) {
	return func(o *session.Options) {
		o.Customer = func(_ context.Context, id string) (session.Customer, bool, error) {
			for _, c := range all {
				if c.ID == id {
					return c, true, nil
				}
			}
			return session.Customer{}, false, nil
		}
	}
}

// judges is a question whose answer the guard counts, once for each run.
func judges(name string, method event.Method, right bool, f session.Factor) session.Question {
	ask := func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		answered, err := s.Judge(ctx, method, func(context.Context) (session.Answered, error) {
			if right {
				return session.Right, nil
			}
			return session.Wrong, nil
		})
		switch {
		case err != nil:
			return session.Outcome{}, err
		case answered == session.Right:
			return session.VerifiedBy(f, method), nil
		case answered == session.LockedOut:
			return session.Failed(event.ReasonLocked), nil
		}
		return session.Failed(event.ReasonWrongAnswer), nil
	}
	return session.Question{Factor: f, Step: step{name, ask}}
}

func TestALockedCustomerIsAskedNothingAndGoesToAnAgent(t *testing.T) {
	t.Parallel()
	ch, g := &sessiontest.Channel{}, &guard{customer: session.Standing{Locked: true}}
	j := run(t, line(func(l *session.Line) {
		l.Routes.Locked = session.Destination{Extension: "fraud", Dialplan: "XML", Context: "default"}
	}), ch, guarded(g))
	to, v := routedTo(ch)
	assert.Equal(t, "fraud", to)
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, "locked", v["cs_reason"])
	assert.Equal(t, []string{"failure"}, ch.Heard(), "the same words as any failure")
	locked := sessiontest.Find[event.Locked](j)
	require.Len(t, locked, 1)
	assert.Equal(t, event.Locked{On: event.LockOnCustomer, Customer: "C-1"}, locked[0], "a person must end it")
	assert.Zero(t, g.tries)
	assert.Equal(t, []bool{true}, g.ended)
}

func TestALockedNumberSkipsSelfServiceButIsStillLookedUp(t *testing.T) {
	t.Parallel()
	ch, g := &sessiontest.Channel{}, &guard{caller: session.Standing{Locked: true, Until: time.Now().Add(time.Hour)}}
	j := run(t, line(func(l *session.Line) { l.ANI, l.Identify = identifies, nil }), ch, guarded(g))
	to, v := routedTo(ch)
	assert.Equal(t, "known", to)
	assert.Equal(t, "velocity", v["cs_reason"])
	assert.Equal(t, "identified", v["cs_status"])
	assert.Equal(t, []string{"failure"}, ch.Heard())
	assert.Equal(t, event.LockOnCaller, sessiontest.Find[event.Locked](j)[0].On)
	assert.NotNil(t, sessiontest.Find[event.Locked](j)[0].Until)
}

func TestAttemptsAreTakenBeforeTheyAreCheckedAndReturnedWhenRight(t *testing.T) {
	t.Parallel()
	g := &guard{}
	run(t, line(func(l *session.Line) {
		l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge)}
	}), &sessiontest.Channel{}, guarded(g))
	assert.Equal(t, 1, g.tries)
	assert.Equal(t, 1, g.givenBack)
	assert.Equal(
		t, []session.Attempt{{Call: "call-1", Line: "default", Customer: "C-1", Caller: "+15551230001"}}, g.verified,
	)
	assert.Equal(t, []bool{false}, g.ended)

	g = &guard{lockAfter: 1}
	ch := &sessiontest.Channel{}
	j := run(t, line(func(l *session.Line) {
		l.Verify = []session.Question{judges("pin", event.MethodPIN, false, session.Knowledge)}
	}), ch, guarded(g))
	assert.Equal(t, 1, g.tries)
	assert.Zero(t, g.givenBack)
	assert.Equal(t, 1, g.failedSteps)
	assert.Empty(t, g.verified)
	assert.True(t, sessiontest.Find[event.Locked](j)[0].Began, "this call caused it")
	_, v := routedTo(ch)
	assert.Equal(t, "wrong_answer", v["cs_reason"])

	g = &guard{}
	ask := func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		_, err := s.Judge(ctx, event.MethodPIN, func(context.Context) (session.Answered, error) {
			return session.Unchecked, errors.New("down")
		})
		return session.VerifiedBy(session.Knowledge, event.MethodPIN), err
	}
	broken := session.Question{Factor: session.Knowledge, Step: step{"pin", ask}}
	ch = &sessiontest.Channel{}
	run(t, line(func(l *session.Line) { l.Verify = []session.Question{broken} }), ch, guarded(g))
	assert.Equal(t, 1, g.givenBack, "an attempt that could not be checked is given back")
	_, v = routedTo(ch)
	assert.Equal(t, "unavailable", v["cs_reason"])
}

func TestOnlyQuestionsStillNeededAreAsked(t *testing.T) {
	t.Parallel()
	weak, weak2 := judges(
		"birth_date", event.MethodBirthDate, true, session.Weak,
	), judges("postcode", "postcode", true, session.Weak)
	pin, sms := judges("pin", event.MethodPIN, true, session.Knowledge), judges(
		"sms_code", event.MethodSMSCode, true, session.Possession,
	)
	wrongPIN, noSMS := judges("pin", event.MethodPIN, false, session.Knowledge), session.Question{
		Step: gives("sms_code", session.Skipped(event.ReasonNotEnrolled)), Factor: session.Possession,
	}
	orElse := func(q, other session.Question) session.Question {
		q.Else = &other
		return q
	}
	for _, c := range []struct {
		name   string
		level  session.Level
		verify []session.Question
		asked  []string
		status string
		reason string
	}{
		{"one is enough", 2, []session.Question{pin, sms}, []string{"pin"}, "verified", "ok"},
		{
			"two weak ones are enough", 2, []session.Question{weak, weak2, pin}, []string{"birth_date", "postcode"}, "verified",
			"ok",
		},
		{
			"weak ones cannot help to level 3", 3, []session.Question{weak, pin, weak2, sms}, []string{"pin", "sms_code"},
			"verified", "ok",
		},
		{
			"a second of the same factor cannot either", 3,
			[]session.Question{pin, judges("passphrase", event.MethodPassphrase, true, session.Knowledge), sms},
			[]string{"pin", "sms_code"}, "verified", "ok",
		},
		{"a failed one ends it", 2, []session.Question{wrongPIN, sms}, []string{"pin"}, "identified", "wrong_answer"},
		{
			"a failed one with something in its place does not", 2, []session.Question{orElse(wrongPIN, sms)},
			[]string{"pin", "sms_code"}, "verified", "ok",
		},
		{
			"what is not on file leads to the next", 2, []session.Question{noSMS, pin}, []string{"sms_code", "pin"}, "verified",
			"ok",
		},
		{
			"a failed one, and what stands in its place is not on file: it has failed", 2,
			[]session.Question{orElse(wrongPIN, noSMS), weak, weak2}, []string{"pin", "sms_code"}, "identified", "wrong_answer",
		},
		{
			"level 3 half reached", 3, []session.Question{pin, noSMS}, []string{"pin", "sms_code"}, "identified", "not_enrolled",
		},
	} {
		ch := &sessiontest.Channel{}
		j := run(t, line(func(l *session.Line) { l.Verify, l.Level = c.verify, c.level }), ch, guarded(&guard{}))
		var asked []string
		for _, s := range sessiontest.Find[event.StepStarted](j)[1:] {
			if s.Step != "confirmation" && s.Step != "failure" {
				asked = append(asked, s.Step)
			}
		}
		_, v := routedTo(ch)
		assert.Equal(t, c.asked, asked, c.name)
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
	}
}

func TestAnOutageRevokesNoProof(t *testing.T) {
	t.Parallel()
	m := callKnown("", session.Proven{
		Customer: "C-1", Methods: []event.Method{"ani", "pin"},
		Proofs: []session.Proof{{Factor: session.Knowledge, Method: "pin"}},
	})
	down := func(o *session.Options) {
		o.Calls = m
		o.Customer = func(context.Context, string) (session.Customer, bool, error) {
			return session.Customer{}, false, errors.New("the CRM is down")
		}
	}
	ch := &sessiontest.Channel{}
	again(t, line(nil), ch, session.Call{Channel: "u-1", Earlier: "call-1"}, down)
	_, v := routedTo(ch)
	assert.Equal(
		t, []string{"verified", "2", "ok", "C-1"}, []string{v["cs_status"], v["cs_level"], v["cs_reason"], v["cs_customer"]},
	)
	ch = &sessiontest.Channel{}
	again(t, line(nil), ch, session.Call{Channel: "u-1", Earlier: "call-1", NeedLevel: session.Strong}, down)
	_, v = routedTo(ch)
	assert.Equal(
		t, []string{"verified", "2", "unavailable", "C-1"},
		[]string{v["cs_status"], v["cs_level"], v["cs_reason"], v["cs_customer"]},
	)
	assert.Len(t, m.known["call-1"].Proofs, 1, "the call's first id has it too")

	m.err = errors.New("NATS is away")
	ch = &sessiontest.Channel{}
	back := session.Destination{Extension: "rejoin", Dialplan: "XML", Context: "countersign"}
	again(t, line(nil), ch, session.Call{Channel: "u-1", Earlier: "call-1", NeedLevel: session.Strong, Return: back}, down)
	to, v := routedTo(ch)
	assert.Equal(
		t, []string{"rejoin", "unavailable"}, []string{to, v["cs_reason"]}, "not asked all over again on some other line",
	)
}

func TestATokenDoesNotOpenAClosedLine(t *testing.T) {
	t.Parallel()
	x := &tokens{
		proven: session.Proven{
			Customer: "C-1", Methods: []event.Method{"pin"}, Proofs: []session.Proof{{Factor: session.Knowledge, Method: "pin"}},
		},
	}
	g := &guard{}
	ch := &sessiontest.Channel{}
	again(t, line(func(l *session.Line) { l.Hours = shut{} }), ch,
		session.Call{Channel: "u-1", Token: session.NewSecret([]byte("ey"))},
		func(o *session.Options) { o.Tokens = x }, customers(ada), guarded(g))
	_, v := routedTo(ch)
	assert.Equal(t, "closed", v["cs_reason"])
	ch = &sessiontest.Channel{}
	again(
		t, line(nil), ch, session.Call{Channel: "u-1", Token: session.NewSecret([]byte("ey"))},
		func(o *session.Options) { o.Tokens = x }, customers(ada), guarded(g),
	)
	_, v = routedTo(ch)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Empty(t, g.verified, "proofs from elsewhere do not reset the counters")
}

func TestHiddenAndForgedNumbersAreCountedApart(t *testing.T) {
	t.Parallel()
	for want, call := range map[string]session.Call{
		"+15551230001":          {Caller: "+15551230001"},
		"withheld +15551230001": {Caller: "+15551230001", Withheld: true},
		"forged +15551230001":   {Caller: "+15551230001", Trust: session.TrustFailed},
		"":                      {Caller: "anonymous"},
	} {
		g := &guard{}
		again(t, line(func(l *session.Line) {
			l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge)}
		}), &sessiontest.Channel{}, call, guarded(g))
		assert.Equal(t, want, g.verified[0].Caller)
	}
}

func TestALineThatOnlyIdentifiesAsksNothingElse(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	j := run(t, line(func(l *session.Line) { l.Level, l.Verify = session.Identified, nil }), ch)
	to, v := routedTo(ch)
	assert.Equal(t, "known", to)
	assert.Equal(t, "ok", v["cs_reason"])
	assert.Empty(t, ch.Heard(), "no confirmation")
	assert.Empty(t, sessiontest.Find[event.Failed](j))
	assert.Empty(t, sessiontest.Find[event.Verified](j))
	ch = &sessiontest.Channel{}
	run(t, line(func(l *session.Line) { l.Level, l.Verify, l.Identify = session.Identified, nil, nil }), ch)
	to, _ = routedTo(ch)
	assert.Equal(t, "agents", to)
}

func TestEveryOutcomeHasItsRoute(t *testing.T) {
	t.Parallel()
	to := func(ext string) session.Destination {
		return session.Destination{Extension: ext, Dialplan: "XML", Context: "default"}
	}
	few := session.Routes{Verified: to("v"), Identified: to("i"), Unidentified: to("u")}
	all := few
	all.Failed, all.OptedOut, all.Locked = to("failed"), to("opted_out"), to("locked")
	all.Unavailable, all.Closed = to("unavailable"), to("closed")
	for _, c := range []struct {
		status   event.Status
		why      event.Reason
		row, few string
	}{
		{event.StatusVerified, event.ReasonOK, "verified", "v"},
		{event.StatusVerified, event.ReasonWrongAnswer, "verified", "v"},
		{event.StatusIdentified, event.ReasonWrongAnswer, "failed", "i"},
		{event.StatusNone, event.ReasonNotFound, "failed", "u"},
		{event.StatusNone, event.ReasonNoInput, "failed", "u"},
		{event.StatusIdentified, event.ReasonOptedOut, "opted_out", "i"},
		{event.StatusIdentified, event.ReasonLocked, "locked", "i"},
		{event.StatusNone, event.ReasonVelocity, "locked", "u"},
		{event.StatusNone, event.ReasonUnavailable, "unavailable", "u"},
		{event.StatusNone, event.ReasonClosed, "closed", "u"},
		{event.StatusIdentified, event.ReasonNotEnrolled, "identified", "i"},
	} {
		row, dest := all.For(c.status, c.why)
		assert.Equal(t, c.row, row, "%s %s", c.status, c.why)
		if row != "verified" && row != "identified" {
			assert.Equal(t, row, dest.Extension)
		}
		_, dest = few.For(c.status, c.why)
		assert.Equal(t, c.few, dest.Extension, "%s %s", c.status, c.why)
	}
}

type shut struct{}

func (shut) Open(time.Time) bool { return false }

func TestALineOutsideItsHoursIsClosed(t *testing.T) {
	t.Parallel()
	closed := func(to session.Destination) *session.Line {
		return line(func(l *session.Line) { l.Hours, l.Closed, l.Routes.Closed = shut{}, says("closed", "closed"), to })
	}
	ch := &sessiontest.Channel{}
	j := run(t, closed(session.Destination{Extension: "voicemail", Dialplan: "XML", Context: "default"}), ch)
	to, v := routedTo(ch)
	assert.Equal(t, "voicemail", to)
	assert.Equal(t, "closed", v["cs_reason"])
	assert.Equal(t, []string{"closed"}, ch.Heard())
	assert.Empty(t, sessiontest.Find[event.Failed](j), "not a failure")

	ch = &sessiontest.Channel{}
	j = run(t, closed(session.Hangup), ch)
	assert.Equal(t, []string{"closed"}, ch.Heard())
	assert.Equal(t, "hangup", sessiontest.Find[event.Routed](j)[0].Destination)
	assert.Equal(t, event.EndRouted, sessiontest.Find[event.CallEnded](j)[0].End)
}

// memory is session.Calls in a map.
type memory struct {
	known map[string]session.Known
	err   error
}

func (m *memory) Remember(_ context.Context, k session.Known) error {
	m.known[k.Call] = k
	return m.err
}

func (m *memory) Recall(_ context.Context, call string) (session.Known, bool, error) {
	k, ok := m.known[call]
	return k, ok, m.err
}

// callKnown remembers what was proven on call-1, whose channel is u-1.
func callKnown(line string, proven session.Proven) *memory {
	return &memory{known: map[string]session.Known{
		"call-1": {Call: "call-1", First: "call-1", Channel: "u-1", Line: line, Proven: proven},
	}}
}

// again runs a call that comes back.
func again(
	t *testing.T, l *session.Line, ch *sessiontest.Channel, call session.Call, change ...func(*session.Options),
) *sessiontest.Journal {
	t.Helper()
	j := &sessiontest.Journal{}
	o := session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return l }, Node: "n1",
	}
	for _, c := range change {
		c(&o)
	}
	call.ID, call.Started = "call-2", time.Now()
	session.NewRunner(o).Run(ch.Start(context.Background()), call, ch)
	ch.End(nil)
	return j
}

func TestTheSameCallComingBackKeepsItsLevel(t *testing.T) {
	t.Parallel()
	m := &memory{known: map[string]session.Known{}}
	remembering := func(o *session.Options) { o.Calls = m }
	run(t, line(nil), &sessiontest.Channel{}, remembering, customers(ada))
	assert.Equal(t, "C-1", m.known["call-1"].Customer)

	ch := &sessiontest.Channel{}
	j := again(t, line(nil), ch, session.Call{Channel: "u-1", Earlier: "call-1"}, remembering, customers(ada))
	_, v := routedTo(ch)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, "ani,pin", v["cs_methods"])
	assert.Equal(t, "call-1", sessiontest.Find[event.CallStarted](j)[0].Continues)
	assert.Equal(t, []string{"confirmation"}, steps(j), "nothing is asked again")
	assert.Equal(t, event.Identified{
		Customer: "C-1", Name: "Ada", Method: event.MethodANI, Status: event.StatusVerified, Level: 2,
		PopURL: "https://crm.example/?c=C-1&call=call-2&s=verified", Continues: "call-1",
	}, sessiontest.Find[event.Identified](j)[0])
	assert.Equal(t, "call-1", m.known["call-2"].First)

	for name, c := range map[string]struct {
		call   session.Call
		change func(*session.Options)
	}{
		"another channel that names the call":  {session.Call{Channel: "u-666", Earlier: "call-1"}, customers(ada)},
		"an id that nobody knows":              {session.Call{Channel: "u-1", Earlier: "call-0"}, customers(ada)},
		"a customer who has been erased since": {session.Call{Channel: "u-1", Earlier: "call-1"}, customers()},
	} {
		ch := &sessiontest.Channel{}
		j := again(t, line(func(l *session.Line) { l.Identify = nil }), ch, c.call, remembering, c.change)
		_, v := routedTo(ch)
		assert.Equal(t, "none", v["cs_status"], name)
		assert.Empty(t, sessiontest.Find[event.Identified](j), name)
	}
}

func TestTheProofsOfAStepUpExpire(t *testing.T) {
	t.Parallel()
	m := callKnown("", session.Proven{
		Customer: "C-1", Methods: []event.Method{"ani", "pin", "totp"},
		Proofs: []session.Proof{
			{Factor: session.Knowledge, Method: "pin"},
			{Factor: session.Possession, Method: "totp", Until: time.Now().Add(-time.Second)},
		},
	})
	ch := &sessiontest.Channel{}
	again(
		t, line(nil), ch, session.Call{Channel: "u-1", Earlier: "call-1"}, func(o *session.Options) { o.Calls = m },
		customers(ada),
	)
	_, v := routedTo(ch)
	assert.Equal(t, "2", v["cs_level"])
	assert.Equal(t, "ani,pin", v["cs_methods"])
}

func TestAStepUpAsksOnlyWhatIsNeededAndAlwaysReturns(t *testing.T) {
	t.Parallel()
	back := session.Destination{Extension: "rejoin", Dialplan: "XML", Context: "countersign"}
	known := func() *memory {
		return callKnown("bank", session.Proven{
			Customer: "C-1", Methods: []event.Method{"ani", "pin"},
			Proofs: []session.Proof{{Factor: session.Knowledge, Method: "pin"}},
		})
	}
	for _, c := range []struct {
		name          string
		sms           session.Question
		status, level string
		reason        string
		heard         []string
	}{
		{
			"proven", judges("sms_code", event.MethodSMSCode, true, session.Possession), "verified", "3", "ok",
			[]string{"step-up", "confirmation"},
		},
		{
			"wrong", judges("sms_code", event.MethodSMSCode, false, session.Possession), "verified", "2", "wrong_answer",
			[]string{"step-up", "failure"},
		},
		{
			"not on file",
			session.Question{Step: gives("sms_code", session.Skipped(event.ReasonNotEnrolled)), Factor: session.Possession},
			"verified", "2", "not_enrolled", []string{"step-up", "failure"},
		},
	} {
		m, ch := known(), &sessiontest.Channel{}
		var lineAsked string
		l := line(func(l *session.Line) {
			l.Verify = []session.Question{judges("pin", event.MethodPIN, true, session.Knowledge), c.sms}
			l.StepUp = says("step_up", "step-up")
		})
		j := again(t, l, ch,
			session.Call{Channel: "u-1", Earlier: "call-1", NeedLevel: session.Strong, Return: back, Dialled: "stepup"},
			func(o *session.Options) {
				o.Calls = m
				o.Line = func(call session.Call) *session.Line { lineAsked = call.Line; return l }
			}, customers(ada))
		to, v := routedTo(ch)
		assert.Equal(t, "rejoin", to, c.name)
		assert.Equal(t, c.status, v["cs_status"], c.name)
		assert.Equal(t, c.level, v["cs_level"], c.name)
		assert.Equal(t, c.reason, v["cs_reason"], c.name)
		assert.Equal(t, c.heard, ch.Heard(), c.name)
		assert.Equal(t, event.StepUpRequested{Level: 3, Has: 2}, sessiontest.Find[event.StepUpRequested](j)[0], c.name)
		assert.Equal(t, "bank", lineAsked, "the line that took the call")
		if c.level == "3" {
			until := m.known["call-2"].Proofs[1].Until
			assert.WithinDuration(t, time.Now().Add(5*time.Minute), until, time.Minute, "the proofs of a step-up expire")
		}
	}
}

// tokens is a scripted session.Tokens.
type tokens struct {
	proven session.Proven
	err    error
	asked  string
	issued []session.Known
}

func (x *tokens) Redeem(_ context.Context, token session.Secret, line string) (session.Proven, error) {
	x.asked = string(token.Reveal()) + " " + line
	return x.proven, x.err
}

func (x *tokens) Issue(_ context.Context, k session.Known) (string, error) {
	x.issued = append(x.issued, k)
	return "the-token", nil
}

func TestATokenSkipsQuestionsProvenElsewhere(t *testing.T) {
	t.Parallel()
	x := &tokens{
		proven: session.Proven{
			Customer: "C-1", Methods: []event.Method{"pin"}, Proofs: []session.Proof{{Factor: session.Knowledge, Method: "pin"}},
		},
	}
	secret := []byte("ey.token")
	ch := &sessiontest.Channel{}
	j := again(
		t, line(nil), ch, session.Call{Channel: "u-1", Token: session.NewSecret(secret)},
		func(o *session.Options) { o.Tokens = x }, customers(ada),
	)
	_, v := routedTo(ch)
	assert.Equal(t, "verified", v["cs_status"])
	assert.Equal(t, "pin,token", v["cs_methods"])
	assert.Equal(t, "ey.token default", x.asked)
	assert.Equal(t, event.MethodToken, sessiontest.Find[event.Identified](j)[0].Method)
	assert.Equal(t, []string{"confirmation"}, steps(j))
	assert.Equal(t, make([]byte, len(secret)), secret, "wiped")
	assert.Empty(t, x.issued, "the line does not send one on")
	assert.NotContains(t, v, "X-Countersign-Token")
}

func TestATokenThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	for want, err := range map[event.Refusal]error{
		event.RefusedForged:      &session.RefusedError{Reason: event.RefusedForged},
		event.RefusedUnavailable: errors.New("NATS is away"), event.RefusedUnknown: nil,
	} {
		ch := &sessiontest.Channel{}
		x := &tokens{err: err, proven: session.Proven{Customer: "C-gone"}}
		j := again(
			t, line(nil), ch, session.Call{Channel: "u-1", Token: session.NewSecret([]byte("ey"))},
			func(o *session.Options) { o.Tokens = x }, customers(ada),
		)
		_, v := routedTo(ch)
		assert.Equal(t, "verified", v["cs_status"])
		assert.Equal(t, "ani,pin", v["cs_methods"], "the normal flow runs")
		assert.Equal(t, []event.TokenRefused{{Reason: want}}, sessiontest.Find[event.TokenRefused](j))
	}
}

func TestALineSendsATokenOnWithVerifiedCallsOnly(t *testing.T) {
	t.Parallel()
	for _, right := range []bool{true, false} {
		x, ch := &tokens{}, &sessiontest.Channel{}
		run(t, line(func(l *session.Line) {
			l.SendToken, l.Verify = true, []session.Question{judges("pin", event.MethodPIN, right, session.Knowledge)}
		}), ch, func(o *session.Options) { o.Tokens = x })
		_, v := routedTo(ch)
		assert.Equal(t, right, v["X-Countersign-Token"] == "the-token")
		assert.Equal(t, right, len(x.issued) == 1)
	}
}

func TestTheLanguageIsTheCustomersUnlessTheCallerChose(t *testing.T) {
	t.Parallel()
	spoken := func(change func(*session.Line)) string {
		var language string
		l := line(func(l *session.Line) {
			l.Languages = []string{"en", "de"}
			l.Failure = step{"failure", func(_ context.Context, s *session.Session) (session.Outcome, error) {
				language = s.Language()
				return session.Passed(), nil
			}}
			l.Confirmation = l.Failure
			change(l)
		})
		run(t, l, &sessiontest.Channel{})
		return language
	}
	speaks := func(language string) session.Step {
		return gives("ani", session.IdentifiedAs(session.Customer{ID: "C-1", Language: language}, event.MethodANI))
	}
	chooses := step{"language", func(_ context.Context, s *session.Session) (session.Outcome, error) {
		s.Choose("en")
		return session.Passed(), nil
	}}
	assert.Equal(t, "en", spoken(func(l *session.Line) { l.Identify = nil }))
	assert.Equal(t, "de", spoken(func(l *session.Line) { l.Identify = []session.Step{speaks("de")} }))
	assert.Equal(t, "de", spoken(func(l *session.Line) { l.Identify = []session.Step{speaks("de-AT")} }))
	assert.Equal(
		t, "en", spoken(func(l *session.Line) { l.Identify = []session.Step{speaks("fr")} }), "the line does not have it",
	)
	for _, wants := range []string{"de", "de-AT", "de-CH"} {
		assert.Equal(t, "de-AT", spoken(func(l *session.Line) {
			l.Languages, l.Identify = []string{"en", "de-AT"}, []session.Step{speaks(wants)}
		}), wants)
	}
	assert.Equal(
		t, "en", spoken(func(l *session.Line) { l.LanguageMenu, l.Identify = chooses, []session.Step{speaks("de")} }),
	)
	assert.Equal(
		t, "de", spoken(func(l *session.Line) { l.ANI, l.LanguageMenu = speaks("de"), chooses }),
		"an identified caller is not asked",
	)
}

func TestALinePlaysItsOwnPrompts(t *testing.T) {
	t.Parallel()
	own := map[string]map[string]session.Replacement{
		"en": {"confirmation": {Text: "Ahoy."}, "failure": {File: "lost.wav"}},
	}
	ch := &sessiontest.Channel{}
	run(t, line(func(l *session.Line) { l.Replaced = own }), ch)
	assert.Equal(t, []string{"text:Ahoy."}, ch.Heard())
	ch = &sessiontest.Channel{}
	j := run(
		t, line(func(l *session.Line) { l.Replaced = own; l.Verify = nil }), ch,
		func(o *session.Options) { o.Prompts = sessiontest.Prompts{Missing: map[string]bool{"lost.wav": true}} },
	)
	assert.Equal(t, []string{"failure"}, ch.Heard(), "the catalogue's while the line's own has no audio")
	assert.Equal(t, []event.PromptMissing{{Prompt: "failure", Language: "en"}}, sessiontest.Find[event.PromptMissing](j))
}

func TestALanguageWithARegionHasTheLinesOwnWordsOfItsLanguage(t *testing.T) {
	t.Parallel()
	l := session.Line{Replaced: map[string]map[string]session.Replacement{
		"de":    {"greeting": {Text: "Guten Tag."}, "failure": {Text: "Einen Moment."}},
		"de-AT": {"greeting": {Text: "Grüß Gott."}},
		"en":    {"greeting": {Text: "Welcome."}},
	}}
	for _, c := range []struct{ language, prompt, text, in string }{
		{"de-AT", "greeting", "Grüß Gott.", "de-AT"}, {"de-AT", "failure", "Einen Moment.", "de"},
		{"de-CH", "greeting", "Guten Tag.", "de"}, {"de", "greeting", "Guten Tag.", "de"},
		{"en-GB", "greeting", "Welcome.", "en"}, {"en-GB", "failure", "", ""}, {"fr", "greeting", "", ""},
	} {
		own, in, ok := l.Own(c.language, c.prompt)
		assert.Equal(t, c.text, own.Text, c)
		assert.Equal(t, c.in, in, c)
		assert.Equal(t, c.in != "", ok, c)
	}
}

func TestAMissingPromptIsPlayedInTheLinesFirstLanguage(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	l := line(func(l *session.Line) {
		l.Languages = []string{"en", "de"}
		l.Identify = []session.Step{
			gives("ani", session.IdentifiedAs(session.Customer{ID: "C-1", Language: "de"}, event.MethodANI)),
		}
	})
	j := run(t, l, ch, func(o *session.Options) { o.Prompts = onlyEnglish{} })
	assert.Equal(t, []string{"en/confirmation"}, ch.Heard())
	assert.Equal(
		t, []event.PromptMissing{{Prompt: "confirmation", Language: "de"}}, sessiontest.Find[event.PromptMissing](j),
	)
}

type onlyEnglish struct{ sessiontest.Prompts }

func (onlyEnglish) File(language, prompt string) (string, bool) {
	return language + "/" + prompt, language == "en"
}

func steps(j *sessiontest.Journal) (names []string) {
	for _, s := range sessiontest.Find[event.StepStarted](j) {
		names = append(names, s.Step)
	}
	return names
}
