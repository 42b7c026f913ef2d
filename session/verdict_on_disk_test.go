package session_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/sessiontest"
)

// A verdict that a crash would erase verifies nobody, and stops no call.
func TestAVerdictThatIsNotOnDiskSendsTheCallerToAPersonUnverified(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	agents := session.Destination{Extension: "agents", Dialplan: "XML", Context: "default"}
	fails := step{"pin", func(context.Context, *session.Session) (session.Outcome, error) {
		return session.Outcome{Result: event.StepFailed, Reason: event.ReasonWrongAnswer}, nil
	}}
	for _, c := range []struct {
		name    string
		journal *sessiontest.Journal
		line    func(*session.Line)
		call    session.Call
		to      string
		status  string
		reason  string
		methods string
	}{
		{name: "written in time", journal: &sessiontest.Journal{}, to: "menu", status: "verified", reason: "ok",
			methods: "ani,pin"},
		{name: "not written in time", journal: &sessiontest.Journal{SyncError: context.DeadlineExceeded}, to: "known",
			status: "identified", reason: "unavailable", methods: "ani"},
		{name: "spill full", journal: &sessiontest.Journal{SyncError: full}, to: "known", status: "identified",
			reason: "unavailable", methods: "ani"},
		{name: "memory full", journal: &sessiontest.Journal{AppendError: full}, to: "known", status: "identified",
			reason: "unavailable", methods: "ani"},
		{name: "a line with a route for outages", journal: &sessiontest.Journal{SyncError: full},
			line: func(l *session.Line) {
				l.Routes.Unavailable = session.Destination{Extension: "outage", Dialplan: "XML", Context: "default"}
			},
			to: "outage", status: "identified", reason: "unavailable", methods: "ani"},
		{name: "a step-up goes back unverified", journal: &sessiontest.Journal{SyncError: full},
			call: session.Call{NeedLevel: session.Verified, Return: agents}, to: "agents", status: "identified",
			reason: "unavailable", methods: "ani"},
		{name: "a line that only identifies", journal: &sessiontest.Journal{SyncError: full},
			line: func(l *session.Line) { l.Level, l.Verify = session.Identified, nil },
			to:   "known", status: "identified", reason: "unavailable", methods: "ani"},
		{name: "who failed goes where they went anyway", journal: &sessiontest.Journal{SyncError: full},
			line: func(l *session.Line) { l.Verify = []session.Question{{Step: fails, Factor: session.Knowledge}} },
			to:   "known", status: "identified", reason: "wrong_answer", methods: "ani"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := &sessiontest.Channel{}
			calls := &knownCalls{}
			o := session.Options{
				Journal: c.journal, Prompts: sessiontest.Prompts{}, Calls: calls,
				Line: func(session.Call) *session.Line { return line(c.line) },
			}
			c.call.ID = "c"
			session.NewRunner(o).Run(ch.Start(context.Background()), c.call, ch)
			ch.End(nil)
			to, v := routedTo(ch)
			assert.Equal(t, c.to, to)
			assert.Equal(t, c.status, v["cs_status"])
			assert.Equal(t, c.status, v["X-Countersign-Status"])
			assert.Equal(t, c.reason, v["cs_reason"])
			assert.Equal(t, c.methods, v["cs_methods"])
			require.NotEmpty(t, calls.remembered)
			for _, k := range calls.remembered {
				assert.Equal(t, c.status == "verified", len(k.Proofs) > 0, "proofs when the call comes back")
			}
			if c.journal.AppendError == nil {
				assertLastWord(t, c.journal, v)
			}
		})
	}
}

// assertLastWord checks that the events, if they are written after all, say what the caller got.
func assertLastWord(t *testing.T, j *sessiontest.Journal, v map[string]string) {
	t.Helper()
	events := j.Events()
	folded := event.FoldCall(events)
	assert.Equal(t, v["cs_status"], string(folded.Status))
	assert.Equal(t, v["cs_reason"], string(folded.Reason))
	assert.Equal(t, v["cs_status"] == "verified", folded.Verdict == event.FactVerified)
	routed := sessiontest.Find[event.Routed](j)
	assert.Equal(t, v["cs_status"], string(routed[len(routed)-1].Status))
	assert.Equal(t, event.FactCallEnded, events[len(events)-1].Fact())
	for i, e := range events {
		assert.Equal(t, i+1, e.Seq)
	}
}

// knownCalls notes what is to be remembered of calls.
type knownCalls struct{ remembered []session.Known }

func (k *knownCalls) Remember(_ context.Context, known session.Known) error {
	k.remembered = append(k.remembered, known)
	return nil
}

func (k *knownCalls) Recall(context.Context, string) (session.Known, bool, error) {
	return session.Known{}, false, nil
}
