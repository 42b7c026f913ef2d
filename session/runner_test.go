package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// step is a Step from a function.
type step struct {
	name string
	run  func(ctx context.Context, s *session.Session) (session.Outcome, error)
}

func (s step) Name() string { return s.name }
func (s step) Run(ctx context.Context, x *session.Session) (session.Outcome, error) {
	return s.run(ctx, x)
}

func gives(name string, o session.Outcome) step {
	return step{name, func(context.Context, *session.Session) (session.Outcome, error) { return o, nil }}
}

func says(name, prompt string) step {
	return step{name, func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		return session.Passed(), s.Play(ctx, prompt)
	}}
}

// asks makes questions of steps.
func asks(f session.Factor, all ...session.Step) (q []session.Question) {
	for _, s := range all {
		q = append(q, session.Question{Step: s, Factor: f})
	}
	return q
}

var ada = session.Customer{ID: "C-1", Name: "Ada", Enrolled: []string{"pin"}}

var (
	identifies = gives("ani", session.IdentifiedAs(ada, event.MethodANI))
	proves     = gives("pin", session.VerifiedBy(session.Knowledge, event.MethodPIN))
)

func line(change func(*session.Line)) *session.Line {
	to := func(ext string) session.Destination {
		return session.Destination{Extension: ext, Dialplan: "XML", Context: "default"}
	}
	l := &session.Line{
		Name: "default", Version: 3, Languages: []string{"en"}, Level: session.Verified,
		Identify: []session.Step{identifies}, Verify: asks(session.Knowledge, proves),
		Confirmation: says("confirmation", "confirmation"), Failure: says("failure", "failure"),
		Routes: session.Routes{Verified: to("menu"), Identified: to("known"), Unidentified: to("agents")},
		PopURL: "https://crm.example/?c={customer}&call={call}&s={status}",
	}
	if change != nil {
		change(l)
	}
	return l
}

// run runs one call and returns its channel and its journal.
func run(
	t *testing.T, l *session.Line, ch *sessiontest.Channel, change ...func(*session.Options),
) *sessiontest.Journal {
	t.Helper()
	j := &sessiontest.Journal{}
	o := session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return l }, Node: "n1",
	}
	for _, c := range change {
		c(&o)
	}
	ctx := ch.Start(context.Background())
	session.NewRunner(o).Run(
		ctx, session.Call{ID: "call-1", Channel: "u-1", Caller: "+15551230001", Dialled: "5000", Started: time.Now()}, ch,
	)
	ch.End(nil)
	// Invariants of every call's journal.
	events := j.Events()
	require.NotEmpty(t, events)
	for i, e := range events {
		assert.Equal(t, i+1, e.Seq)
		assert.Equal(t, event.ID("call-1", i+1), e.ID)
		assert.Equal(t, 3, e.LineVersion)
		assert.Equal(t, "/countersign/n1", e.Source)
	}
	assert.Equal(t, event.FactCallStarted, events[0].Fact())
	assert.Equal(t, event.FactCallEnded, events[len(events)-1].Fact())
	return j
}

func routedTo(ch *sessiontest.Channel) (to string, variables map[string]string) {
	h, ok := ch.Handover()
	if !ok {
		return "", nil
	}
	variables = map[string]string{}
	for _, v := range append(h.Variables, h.Headers...) {
		variables[v.Name] = v.Value
	}
	return h.To.Extension, variables
}

func facts(j *sessiontest.Journal) (f []event.Fact) {
	for _, e := range j.Events() {
		f = append(f, e.Fact())
	}
	return f
}

func TestAVerifiedCallIsConfirmedAndHandedOnWithItsResult(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	j := run(t, line(nil), ch)
	to, v := routedTo(ch)
	assert.Equal(t, "menu", to)
	assert.Equal(t, map[string]string{
		"cs_call": "call-1", "cs_status": "verified", "cs_level": "2", "cs_reason": "ok", "cs_methods": "ani,pin",
		"cs_customer":        "C-1",
		"X-Countersign-Call": "call-1", "X-Countersign-Status": "verified", "X-Countersign-Level": "2",
		"X-Countersign-Customer": "C-1",
	}, v)
	assert.Equal(t, []string{"confirmation"}, ch.Heard())
	assert.Equal(t, []event.Fact{
		event.FactCallStarted, event.FactStepStarted, event.FactStepFinished, event.FactIdentified, event.FactStepStarted,
		event.FactStepFinished,
		event.FactVerified, event.FactStepStarted, event.FactStepFinished, event.FactRouted, event.FactCallEnded,
	}, facts(j))
	assert.Equal(t, "https://crm.example/?c=C-1&call=call-1&s=verified", sessiontest.Find[event.Verified](j)[0].PopURL)
	assert.Equal(t, []event.Method{"ani", "pin"}, sessiontest.Find[event.Verified](j)[0].Methods)
	assert.Equal(t, "0001", sessiontest.Find[event.CallStarted](j)[0].CallerLast4)
}

func TestTheVerdictIsDurableBeforeTheTransfer(t *testing.T) {
	t.Parallel()
	j := run(t, line(nil), &sessiontest.Channel{})
	synced := j.Synced()
	require.NotEmpty(t, synced)
	assert.Equal(t, event.FactRouted, synced[len(synced)-1].Fact())
}

func TestAHiddenNumberIsNotShown(t *testing.T) {
	t.Parallel()
	ch, j := &sessiontest.Channel{}, &sessiontest.Journal{}
	var log bytes.Buffer
	o := session.Options{
		Journal: j, Prompts: sessiontest.Prompts{}, Line: func(session.Call) *session.Line { return line(nil) },
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	session.NewRunner(o).Run(
		ch.Start(context.Background()), session.Call{ID: "c", Caller: "+15551237788", Withheld: true}, ch,
	)
	ch.End(nil)
	assert.Equal(t, []event.CallStarted{{CallerWithheld: true}}, sessiontest.Find[event.CallStarted](j))
	assert.NotContains(t, log.String(), "7788")
}

func TestNobodyIsVerifiedWithoutProof(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		line   func(*session.Line)
		to     string
		status event.Status
		level  int
		reason event.Reason
	}{
		{"a wrong answer", func(l *session.Line) {
			l.Verify = asks(session.Knowledge, gives("pin", session.Failed(event.ReasonWrongAnswer)))
		}, "known", event.StatusIdentified, 1, event.ReasonWrongAnswer},
		{"nothing on file", func(l *session.Line) {
			l.Verify = asks(session.Knowledge, gives("pin", session.Skipped(event.ReasonNotEnrolled)))
		}, "known", event.StatusIdentified, 1, event.ReasonNotEnrolled},
		{
			"a line without questions", func(l *session.Line) { l.Verify = nil }, "known", event.StatusIdentified, 1,
			event.ReasonNotEnrolled,
		},
		{"a line without questions, after a first way that did not identify", func(l *session.Line) {
			l.Identify, l.Verify = []session.Step{gives("ani", session.Skipped(event.ReasonNotFound)), identifies}, nil
		}, "known", event.StatusIdentified, 1, event.ReasonNotEnrolled},
		{"nobody identified", func(l *session.Line) {
			l.Identify = []session.Step{
				gives("ani", session.Skipped(event.ReasonNotFound)), gives("account", session.Failed(event.ReasonNoInput)),
			}
		}, "agents", event.StatusNone, 0, event.ReasonNoInput},
		{"a proof of nobody", func(l *session.Line) {
			l.Identify = []session.Step{gives("odd", session.VerifiedBy(session.Knowledge, event.MethodPIN))}
		}, "agents", event.StatusNone, 0, event.ReasonNotEnrolled},
		{"one weak factor", func(l *session.Line) {
			l.Verify = asks(session.Weak, gives("birth_date", session.VerifiedBy(session.Weak, "birth_date")))
		}, "known", event.StatusIdentified, 1, event.ReasonNotEnrolled},
		{"a proof of somebody else", func(l *session.Line) {
			o := session.VerifiedBy(session.Knowledge, event.MethodPIN)
			o.Customer = &session.Customer{ID: "C-2"}
			l.Verify = asks(session.Knowledge, gives("pin", o))
		}, "known", event.StatusIdentified, 1, event.ReasonNotEnrolled},
		{"the same weak fact twice", func(l *session.Line) {
			weak := gives("birth_date", session.VerifiedBy(session.Weak, "birth_date"))
			l.Verify = asks(session.Weak, weak, weak)
		}, "known", event.StatusIdentified, 1, event.ReasonNotEnrolled},
		{"a failed step that says it proved something", func(l *session.Line) {
			o := session.VerifiedBy(session.Knowledge, event.MethodPIN)
			o.Result, o.Reason = event.StepFailed, event.ReasonWrongAnswer
			l.Verify = asks(session.Knowledge, gives("pin", o))
		}, "known", event.StatusIdentified, 1, event.ReasonWrongAnswer},
		{
			"less than the line asks for", func(l *session.Line) { l.Level = session.Strong }, "known", event.StatusIdentified,
			2, event.ReasonNotEnrolled,
		},
		{"an opt-out, with a question left", func(l *session.Line) {
			l.Verify = asks(session.Knowledge, gives("odd", session.Declined()), proves)
		}, "known", event.StatusIdentified, 1, event.ReasonOptedOut},
		{"a broken step", func(l *session.Line) {
			l.Verify = asks(session.Knowledge, step{"pin", func(context.Context, *session.Session) (session.Outcome, error) {
				return session.VerifiedBy(session.Knowledge, event.MethodPIN), errors.New("the disk is full")
			}})
		}, "known", event.StatusIdentified, 1, event.ReasonUnavailable},
		{"a panic", func(l *session.Line) {
			l.Identify = []session.Step{
				step{"ani", func(context.Context, *session.Session) (session.Outcome, error) { panic("boom") }},
			}
		}, "agents", event.StatusNone, 0, event.ReasonUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := &sessiontest.Channel{}
			j := run(t, line(c.line), ch)
			to, v := routedTo(ch)
			assert.Equal(t, c.to, to)
			assert.Equal(t, string(c.status), v["cs_status"])
			assert.Equal(t, string(c.reason), v["cs_reason"])
			assert.Empty(t, sessiontest.Find[event.Verified](j))
			failed := sessiontest.Find[event.Failed](j)
			require.Len(t, failed, 1)
			assert.Equal(t, c.level, failed[0].Level)
			assert.Equal(t, c.reason, failed[0].Reason)
			assert.Equal(t, []string{"failure"}, ch.Heard(), "the same words whatever failed")
			ended := sessiontest.Find[event.CallEnded](j)[0]
			assert.Equal(t, event.EndRouted, ended.End)
			assert.Equal(t, c.status, ended.Status)
		})
	}
}

func TestFactorsAddUp(t *testing.T) {
	t.Parallel()
	n := 0
	proof := func(f session.Factor) session.Question {
		n++
		return session.Question{Step: gives("q", session.VerifiedBy(f, event.Method(fmt.Sprint("q", n)))), Factor: f}
	}
	for _, c := range []struct {
		name    string
		factors []session.Question
		level   session.Level
	}{
		{"two weak ones", []session.Question{proof(session.Weak), proof(session.Weak)}, session.Verified},
		{"possession", []session.Question{proof(session.Possession)}, session.Verified},
		{"knowledge and possession", []session.Question{proof(session.Knowledge), proof(session.Possession)}, session.Strong},
	} {
		ch := &sessiontest.Channel{}
		run(t, line(func(l *session.Line) { l.Verify, l.Level = c.factors, c.level }), ch)
		_, v := routedTo(ch)
		assert.Equal(t, "verified", v["cs_status"], c.name)
	}
	ch := &sessiontest.Channel{}
	j := run(t, line(func(l *session.Line) { l.Verify = asks(session.Knowledge, proves, proves) }), ch)
	assert.Len(t, sessiontest.Find[event.StepStarted](j), 3, "nothing more is asked once the level is reached")
}

func TestTheCallerWhoHangsUpIsNotHandedOn(t *testing.T) {
	t.Parallel()
	keys := step{"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		_, err := s.Ask(ctx, session.Ask{Min: 4, Max: 6})
		return session.Passed(), err
	}}
	ch := &sessiontest.Channel{Moves: []sessiontest.Move{{Hangup: true}}}
	j := run(t, line(func(l *session.Line) { l.Verify = asks(session.Knowledge, keys) }), ch)
	_, handedOn := ch.Handover()
	assert.False(t, handedOn)
	assert.Empty(t, sessiontest.Find[event.Failed](j), "a hang-up is not a failure")
	ended := sessiontest.Find[event.CallEnded](j)[0]
	assert.Equal(t, event.EndAbandoned, ended.End)
	assert.Equal(t, "ORIGINATOR_CANCEL", ended.Cause)
	assert.Equal(t, event.StatusIdentified, ended.Status)
	assert.Equal(t, event.ReasonHungUp, ended.Reason)
	assert.Equal(t, event.StepAbandoned, sessiontest.Find[event.StepFinished](j)[1].Result)
}

func TestACallerVerifiedAndGoneStaysVerified(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{HangupAtPlay: 1}
	j := run(t, line(nil), ch)
	ended := sessiontest.Find[event.CallEnded](j)[0]
	assert.Equal(t, event.EndAbandoned, ended.End)
	assert.Equal(t, event.StatusVerified, ended.Status)
	assert.Equal(t, event.ReasonOK, ended.Reason)
	assert.Empty(t, sessiontest.Find[event.Routed](j))
}

func TestALostLineReleasesTheCall(t *testing.T) {
	t.Parallel()
	for name, ch := range map[string]*sessiontest.Channel{
		"in a step":       {Moves: []sessiontest.Move{{Break: session.ErrLineLost}}},
		"in the transfer": {Moves: []sessiontest.Move{{Keys: "1234"}}, TransferError: errors.New("no such extension")},
	} {
		keys := step{"pin", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			_, err := s.Ask(ctx, session.Ask{Min: 4, Max: 6})
			return session.Passed(), err
		}}
		j := run(t, line(func(l *session.Line) { l.Verify = asks(session.Knowledge, keys) }), ch)
		ended := sessiontest.Find[event.CallEnded](j)[0]
		assert.Equal(t, event.EndReleased, ended.End, name)
		assert.Equal(t, event.ReasonUnavailable, ended.Reason, name)
		assert.Equal(
			t, name == "in the transfer", len(sessiontest.Find[event.Routed](j)) == 1, "written before it is tried: %s", name,
		)
	}
}

func TestACallIsBounded(t *testing.T) {
	t.Parallel()
	forever := func(s *session.Session, ctx context.Context) error {
		for {
			if err := s.Play(ctx, "greeting"); err != nil {
				return err
			}
		}
	}
	endless := line(func(l *session.Line) {
		l.Greeting = step{"greeting", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			return session.Passed(), forever(s, ctx)
		}}
	})
	t.Run("in its steps", func(t *testing.T) {
		t.Parallel()
		ch := &sessiontest.Channel{}
		j := run(t, endless, ch, func(o *session.Options) { o.MaxActions = 10 })
		assert.Len(t, ch.Heard(), 10, "no closing prompt")
		to, v := routedTo(ch)
		assert.Equal(t, "agents", to)
		assert.Equal(t, "too_long", v["cs_reason"])
		assert.Equal(t, event.ReasonTooLong, sessiontest.Find[event.Failed](j)[0].Reason)
	})
	t.Run("in its seconds", func(t *testing.T) {
		t.Parallel()
		ch := &sessiontest.Channel{}
		stuck := line(func(l *session.Line) {
			l.Greeting = step{"greeting", func(ctx context.Context, _ *session.Session) (session.Outcome, error) {
				<-ctx.Done()
				return session.Passed(), ctx.Err()
			}}
		})
		run(t, stuck, ch, func(o *session.Options) { o.MaxDuration = 20 * time.Millisecond })
		to, v := routedTo(ch)
		assert.Equal(t, "agents", to)
		assert.Equal(t, "too_long", v["cs_reason"])
	})
}

func TestAMissingPromptIsReportedOncePerCall(t *testing.T) {
	t.Parallel()
	ch := &sessiontest.Channel{}
	l := line(func(l *session.Line) {
		l.Greeting = step{"greeting", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
			return session.Passed(), errors.Join(s.Play(ctx, "greeting"), s.Play(ctx, "greeting", "other"))
		}}
	})
	j := run(
		t, l, ch, func(o *session.Options) { o.Prompts = sessiontest.Prompts{Missing: map[string]bool{"greeting": true}} },
	)
	assert.Equal(t, []event.PromptMissing{{Prompt: "greeting", Language: "en"}}, sessiontest.Find[event.PromptMissing](j))
	assert.Equal(t, "tone_stream://%(250,100,440)", ch.Heard()[0])
}

func TestDestinationsHaveThreeWords(t *testing.T) {
	t.Parallel()
	d, err := session.ParseDestination(" agents  XML default ")
	require.NoError(t, err)
	assert.Equal(t, "agents XML default", d.String())
	_, err = session.ParseDestination("agents")
	require.ErrorContains(t, err, "three words")
}
