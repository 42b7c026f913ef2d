package whatif_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tell makes the events of a call.
func tell(all ...event.Data) (events []event.Event) {
	for i, d := range all {
		events = append(events, event.Event{
			ID: event.ID("call-1", i+1), Source: "/countersign/test", Time: noon.Add(time.Duration(i) * time.Second),
			Call: "call-1", Seq: i + 1, Line: "retail", Data: d,
		})
	}
	return events
}

func ran(step string, result event.StepResult, why event.Reason, attempts ...event.AttemptResult) []event.Data {
	d := event.StepFinished{Step: step, Result: result, Reason: why}
	for _, a := range attempts {
		d.Attempts = append(d.Attempts, event.Attempt{Result: a, Milliseconds: 5000})
		d.Milliseconds += 5000
	}
	return []event.Data{event.StepStarted{Step: step}, d}
}

// asked is a call from an unknown number whose caller identifies as Ada and is asked questions.
func asked(questions ...[]event.Data) []event.Data {
	all := []event.Data{event.CallStarted{Channel: "leg", CallerLast4: "0001"}}
	all = append(all, ran("greeting", event.StepPassed, "")...)
	all = append(all, ran("ani", event.StepSkipped, event.ReasonNotFound)...)
	all = append(all, ran("account", event.StepPassed, "", event.AttemptAccepted)...)
	all = append(all, event.Identified{
		Customer: "C-1", Name: "Ada", Method: event.MethodAccount, Status: event.StatusIdentified, Level: 1,
	})
	return append(all, slices.Concat(questions...)...)
}

func verified(all []event.Data, methods ...event.Method) []event.Event {
	all = append(all, event.Verified{Customer: "C-1", Methods: methods, Status: event.StatusVerified, Level: 2})
	all = append(all, ran("confirmation", event.StepPassed, "")...)
	return tell(append(all,
		event.Routed{
			Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
		},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "C-1",
			Methods: methods,
		})...)
}

func failed(all []event.Data, step string, why event.Reason) []event.Event {
	all = append(all, event.Failed{Step: step, Reason: why, Status: event.StatusIdentified, Level: 1, Customer: "C-1"})
	all = append(all, ran("failure", event.StepPassed, "")...)
	return tell(append(all,
		event.Routed{
			Outcome: "identified", Destination: "agents XML default", Status: event.StatusIdentified, Level: 1, Reason: why,
		},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusIdentified, Level: 1, Reason: why, Customer: "C-1",
			Methods: []event.Method{event.MethodAccount},
		})...)
}

// wrongDate is a call that failed at the date of birth.
func wrongDate() []event.Event {
	questions := asked(ran("birth_date", event.StepFailed, event.ReasonWrongAnswer, wrong))
	return failed(questions, "birth_date", event.ReasonWrongAnswer)
}

func retail(t testing.TB, questions, more string) *lines.Definition {
	t.Helper()
	text := "format: 1\nline: retail\nidentify: [ani: {}, number: {name: account, digits: 6-10}]\n"
	if questions != "" {
		text += "verify: {questions: [" + questions + "]}\n"
	}
	if !strings.Contains(more, "routes:") {
		text += "routes: {verified: menu XML default, identified: agents XML default}\n"
	}
	def, err := lines.Parse("retail.yaml", []byte(text+more))
	require.NoError(t, err)
	return def
}

const (
	right = event.AttemptAccepted
	wrong = event.AttemptRejected

	noMatch = event.AttemptNoMatch
)

func TestACallOnAnotherLine(t *testing.T) {
	t.Parallel()
	pinRight := ran("pin", event.StepPassed, "", wrong, right)
	pinWrong := ran("pin", event.StepFailed, event.ReasonWrongAnswer, wrong, wrong, wrong)
	bornRight := ran("birth_date", event.StepPassed, "", right)
	for name, c := range map[string]struct {
		call            []event.Event
		questions, more string
		verdict         whatif.Verdict
		after, why      string
	}{
		"the same line": {
			verified(asked(pinRight), "account", "pin"), "pin: {}", "", whatif.Same, "verified to menu XML default", "",
		},
		"fewer tries than the caller took": {
			verified(asked(pinRight), "account", "pin"), "pin: {reasks: 0}", "", whatif.Changed,
			"identified (wrong_answer) to agents XML default",
			"pin: passed → failed wrong_answer",
		},
		"as many tries as the caller took": {
			verified(asked(pinRight), "account", "pin"), "pin: {reasks: 1}", "", whatif.Same, "verified to menu XML default", "",
		},
		"more tries than the caller had": {
			failed(asked(pinWrong), "pin", event.ReasonWrongAnswer), "pin: {reasks: 3}", "", whatif.Unknown, "",
			"pin: the caller was asked 3 times, and would be asked again",
		},
		"a question that was not asked": {
			verified(asked(pinRight), "account", "pin"), "birth_date: {}, pin: {}", "", whatif.Unknown, "",
			"birth_date: not asked in the recorded call",
		},
		"a question that was not asked, after one that is enough": {
			verified(asked(pinRight), "account", "pin"), "pin: {}, birth_date: {}", "", whatif.Same,
			"verified to menu XML default", "",
		},
		"questions in another order": {
			failed(asked(bornRight, pinWrong), "pin", event.ReasonWrongAnswer), "pin: {}, birth_date: {}", "", whatif.Same,
			"identified (wrong_answer) to agents XML default",
			"pin: failed wrong_answer, in place of birth_date",
		},
		"a question left out that was not needed": {
			verified(asked(bornRight, pinRight), "account", "birth_date", "pin"), "pin: {}", "", whatif.Same,
			"verified to menu XML default", "pin: passed, in place of birth_date",
		},
		"nothing to prove": {
			failed(asked(pinWrong), "pin", event.ReasonWrongAnswer), "", "", whatif.Changed, "identified to agents XML default",
			"pin: failed wrong_answer before, and does not run now",
		},
		"a higher level": {
			verified(asked(pinRight), "account", "pin"), "level 3: pin: {}, totp: {}", "", whatif.Unknown, "",
			"totp: not asked in the recorded call",
		},
		"a question that the customer is not enrolled for": {
			failed(asked(ran("totp", event.StepSkipped, event.ReasonNotEnrolled), pinWrong), "pin", event.ReasonWrongAnswer),
			"pin: {}, totp: {}", "", whatif.Same,
			"identified (wrong_answer) to agents XML default", "pin: failed wrong_answer, in place of totp",
		},
		"closed": {
			verified(asked(pinRight), "account", "pin"), "pin: {}",
			"hours: {tz: UTC, open: \"Mo 08:00-09:00\", closed: box XML default}\n", whatif.Changed,
			"none (closed) to box XML default", "closed: passed, in place of greeting",
		},
		"another destination": {
			verified(asked(pinRight), "account", "pin"), "pin: {}",
			"routes: {verified: bank XML default, identified: agents XML default}\n", whatif.Changed,
			"verified to bank XML default", "verified has another destination",
		},
		"steps that do not affect the outcome": {
			verified(asked(pinRight), "account", "pin"), "pin: {}",
			"languages: [en, de]\nlanguage_menu: true\nremember_number: true\n", whatif.Same,
			"verified to menu XML default", "language: skipped no_input, in place of account",
		},
		"a lock that begins in the call": {
			failed(asked(
				slices.Insert(
					ran("pin", event.StepFailed, event.ReasonWrongAnswer, wrong, wrong, wrong), 1,
					event.Data(event.Locked{On: event.LockOnCustomer, Customer: "C-1", Began: true}),
				),
				ran("sms_code", event.StepFailed, event.ReasonLocked, wrong)), "sms_code", event.ReasonLocked),
			"sms_code: {}, pin: {}", "", whatif.Unknown, "",
			"sms_code: the answer was not checked because the customer was locked, and the lock would come later now",
		},
		"an answer before the lock that comes after it now": {
			verified(asked(bornRight,
				slices.Insert(
					ran("pin", event.StepFailed, event.ReasonWrongAnswer, wrong, wrong, wrong), 1,
					event.Data(event.Locked{On: event.LockOnCustomer, Customer: "C-1", Began: true}),
				)),
				"account"),
			"pin: {else: birth_date}, birth_date: {}", "", whatif.Unknown, "",
			"birth_date: the caller was asked once, and would be asked again",
		},
		"a code that was too late, and would not be": {
			failed(asked(ran("sms_code", event.StepFailed, event.ReasonVoid, wrong)), "sms_code", event.ReasonVoid),
			"sms_code: {lifetime: 600s}", "", whatif.Unknown, "",
			"sms_code: the answer came too late and was not checked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			questions, strong := strings.CutPrefix(c.questions, "level 3: ")
			def := retail(t, questions, c.more)
			if strong {
				def.Verify.Level = 3
			}
			r := trial(t, def).Run(t.Context(), c.call)
			assert.Equal(t, c.verdict, r.Verdict, "%+v", r)
			why := r.Why
			if r.Step != "" {
				why = r.Step + ": " + why
			}
			assert.Equal(t, c.why, why)
			if c.after == "" {
				assert.Nil(t, r.After)
			} else if assert.NotNil(t, r.After) {
				assert.Equal(t, c.after, r.After.String())
			}
		})
	}
}

func TestOneTrialRunsManyCallsAndForgetsEach(t *testing.T) {
	t.Parallel()
	tr := trial(t, retail(t, "pin: {}", ""))
	good := verified(asked(ran("pin", event.StepPassed, "", wrong, right)), "account", "pin")
	for range 3 {
		assert.Equal(t, whatif.Same, tr.Run(t.Context(), good).Verdict)
		assert.Equal(t, whatif.Unknown, tr.Run(t.Context(), wrongDate()).Verdict)
	}
}

func TestACallWithMissingEventsIsUnknown(t *testing.T) {
	t.Parallel()
	tr := trial(t, retail(t, "pin: {}", ""))
	good := verified(asked(ran("pin", event.StepPassed, "", right)), "account", "pin")
	interrupted := slices.Clone(good)
	interrupted[len(good)-1].Data = event.CallEnded{
		End: event.EndInterrupted, Status: event.StatusNone, Reason: event.ReasonUnavailable,
	}
	other := slices.Clone(good)
	for i := range other {
		other[i].Line = "bank"
	}
	for why, events := range map[string][]event.Event{
		"the call has not ended":                        good[:len(good)-1],
		"some events are missing":                       slices.Delete(slices.Clone(good), 3, 4),
		"the call was interrupted: Countersign stopped": interrupted,
		"no events":           nil,
		"no line bank to try": other,
	} {
		r := tr.Run(t.Context(), events)
		assert.Equal(t, whatif.Unknown, r.Verdict)
		assert.Equal(t, why, r.Why)
		assert.Nil(t, r.After)
	}
	shuffled := slices.Clone(good)
	slices.Reverse(shuffled)
	assert.Equal(t, whatif.Same, tr.Run(t.Context(), append(shuffled, good...)).Verdict, "in any order, and twice")
}

func TestASummaryCountsResults(t *testing.T) {
	t.Parallel()
	tr := trial(t, retail(t, "pin: {reasks: 0}", ""))
	var s whatif.Summary
	for range 2 {
		s.Add(tr.Run(t.Context(), verified(asked(ran("pin", event.StepPassed, "", wrong, right)), "account", "pin")))
		s.Add(tr.Run(t.Context(), wrongDate()))
	}
	s.Add(tr.Run(t.Context(), verified(asked(ran("pin", event.StepPassed, "", right)), "account", "pin")))
	assert.Equal(t, whatif.Summary{
		Calls: 5, Same: 1, Changed: 2, Unknown: 2,
		Changes: []whatif.Count{
			{What: "verified to menu XML default → identified (wrong_answer) to agents XML default", Calls: 2},
		},
		Doubts: []whatif.Count{{What: "pin: not asked in the recorded call", Calls: 2}},
	}, s)
}

func TestEventsAreGatheredByCall(t *testing.T) {
	t.Parallel()
	one := tell(event.CallStarted{}, event.CallEnded{})
	two := tell(event.CallStarted{}, event.StepStarted{Step: "greeting"}, event.CallEnded{})
	for i := range two {
		two[i].Call = "call-2"
	}
	alarm := tell(event.Alarm{})[0]
	alarm.Call = "alarm-1"
	var g whatif.Gather
	assert.Empty(t, g.Add(one[0]))
	assert.Empty(t, g.Add(two[0]))
	assert.Empty(t, g.Add(alarm))
	assert.Equal(t, one, g.Add(one[1]))
	assert.Empty(t, g.Add(two[2]), "one of its events is missing")
	assert.Empty(t, g.Add(two[1]))
	assert.Len(t, g.Rest(), 1)
	assert.Empty(t, g.Rest())
}

func FuzzAnyEventsAreReplayedToAnEnd(f *testing.F) {
	var all strings.Builder
	for _, e := range verified(asked(ran("pin", event.StepPassed, "", wrong, right)), "account", "pin") {
		b, err := e.MarshalJSON()
		require.NoError(f, err)
		fmt.Fprintf(&all, "%s\n", b)
	}
	f.Add(all.String())
	def := retail(
		f, "pin: {else: sms_code}, birth_date: {}, passphrase: {engine: x, grammar: y}, totp: {}",
		"languages: [en, de]\nlanguage_menu: true\nremember_number: true\n",
	)
	f.Fuzz(func(t *testing.T, file string) {
		tr := trial(t, def)
		var events []event.Event
		_ = event.ReadLines(strings.NewReader(file), func(_ int, _ []byte, e event.Event) error {
			events = append(events, e)
			return nil
		})
		r := tr.Run(t.Context(), events)
		assert.NotEmpty(t, r.Verdict)
		assert.Equal(t, r.Verdict == whatif.Unknown, r.After == nil)
	})
}
