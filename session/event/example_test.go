package event_test

import (
	"slices"
	"time"

	"countersign/session/event"
)

// examples is one event of each fact, all but one from one morning of a fictional bank: the files in testdata/.
func examples() map[event.Fact]event.Event {
	const verified, failed = "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04", "019a9c31-0b58-7e19-8a6c-f04d2b9e6a77"
	at := time.Date(2025, time.November, 19, 9, 41, 7, 120e6, time.UTC)
	after := func(d time.Duration) time.Time { return at.Add(d) }
	pop := func(call, status string) string {
		return "https://crm.example/customers/C-100042?call=" + call + "&status=" + status
	}
	until := at.Add(18 * time.Minute)
	methods := []event.Method{event.MethodAccount, event.MethodPIN}
	one := func(call string, seq int, when time.Time, data event.Data) event.Event {
		return event.Event{
			ID: event.ID(call, seq), Source: "/countersign/fra-1", Time: when, Call: call, Seq: seq, Line: "retail",
			LineVersion: 7, Data: data,
		}
	}
	all := map[event.Fact]event.Event{}
	for _, e := range []event.Event{
		one(verified, 1, at, event.CallStarted{
			Channel: "5b0d7c1e-3a44-4f0e-9c55-2f1b6a7d8e90", CallerLast4: "0142", CallerWithheld: true, Attestation: "A",
			Continues:    failed,
			DialledLast4: "5000",
		}),
		one(verified, 2, after(3*time.Millisecond), event.StepUpRequested{Level: 3, Has: 2}),
		one(verified, 3, after(7*time.Millisecond), event.TokenRefused{Reason: event.RefusedReplayed}),
		one(verified, 4, after(612*time.Millisecond), event.StepStarted{Step: "account"}),
		one(verified, 5, after(12480*time.Millisecond), event.Identified{
			Customer: "C-100042", Name: "Maria Lindqvist", Method: event.MethodAccount, Status: event.StatusIdentified, Level: 1,
			PopURL: pop(verified, "identified"), Continues: failed, Proof: identifiedProof,
		}),
		one(verified, 9, after(18905*time.Millisecond), event.Verified{
			Customer: "C-100042", Name: "Maria Lindqvist", Methods: methods, Status: event.StatusVerified, Level: 2,
			PopURL: pop(verified, "verified"), Continues: failed, Proof: verifiedProof,
		}),
		one(verified, 12, after(21240*time.Millisecond), event.Routed{
			Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
			Continues: failed,
		}),
		one(failed, 2, after(160*time.Second), event.CodeSent{
			Step: "sms_code", Way: event.WaySMS, State: event.CodeNotDelivered, Last2: "42", Milliseconds: 3120,
		}),
		one(verified, 6, after(13480*time.Millisecond), event.ProofShown{Step: "app_link", Milliseconds: 9120}),
		one(verified, 7, after(16210*time.Millisecond), event.ProofConfirmed{Step: "app_link", Passkey: true, Milliseconds: 11850}),
		one(failed, 4, after(171*time.Second), event.ProofDenied{
			Step: "app_link", Why: event.DenialNotCalling, Milliseconds: 14730,
		}),
		one(failed, 3, after(170*time.Second), event.PromptMissing{Prompt: "ask-pin-again", Language: "en"}),
		one(failed, 5, after(178*time.Second), event.StepFinished{
			Step: "phone", Result: event.StepFailed, Reason: event.ReasonNotFound, Milliseconds: 24310,
			Number: &event.Number{
				ToldLast4: "0142", Form: event.NumberNational, Last4: "0142", Country: 49, Warning: event.NumberNotValid,
			},
			Attempts: []event.Attempt{
				{Result: event.AttemptRejected, Milliseconds: 6120}, {Result: event.AttemptNoInput, Milliseconds: 7690},
				{Result: event.AttemptServed, Milliseconds: 5280, Slow: true, Wish: event.WishRepeat},
				{Result: event.AttemptRejected, Milliseconds: 5220, Spoken: true, Slow: true},
			},
		}),
		one(
			failed, 7, after(204*time.Second),
			event.Locked{On: event.LockOnCustomer, Customer: "C-100042", Until: &until, Began: true},
		),
		one(failed, 9, after(205*time.Second+time.Millisecond), event.Failed{
			Step: "pin", Reason: event.ReasonWrongAnswer, Status: event.StatusIdentified, Level: 1, Customer: "C-100042",
			PopURL: pop(failed, "identified"), Continues: verified, Proof: failedProof,
		}),
		one(failed, 12, after(209*time.Second), event.CallEnded{
			End: event.EndAbandoned, Status: event.StatusIdentified, Level: 1, Reason: event.ReasonHungUp, Customer: "C-100042",
			Methods: methods[:1], Cause: "NORMAL_CLEARING", Milliseconds: 41870,
		}),
		one(verified, 14, after(21960*time.Millisecond), event.AgentOffered{
			Agent: "1002@bank.example", Queue: "retail@default", Via: event.ViaCallcenter, Offer: 1, WaitedMilliseconds: 720,
		}),
		one(verified, 15, after(36960*time.Millisecond), event.AgentMissed{
			Agent: "1002@bank.example", Queue: "retail@default", Via: event.ViaCallcenter, Reason: event.MissedNoAnswer,
			Cause: "NO_ANSWER", RangMilliseconds: 15000,
		}),
		one(verified, 17, after(41480*time.Millisecond), event.AgentConnected{
			Agent: "1004@bank.example", Queue: "retail@default", Via: event.ViaCallcenter,
			Channel: "8c3f5d0a-61be-4c0e-8a3f-9a1d2b7c6e55", WaitedMilliseconds: 20240, RangMilliseconds: 3900,
		}),
		one(verified, 18, after(228*time.Second), event.AgentDone{
			Agent: "1004@bank.example", Queue: "retail@default", Via: event.ViaCallcenter, End: event.AgentEndCaller,
			Cause: "NORMAL_CLEARING", WaitedMilliseconds: 20240, TalkedMilliseconds: 186520,
		}),
		one("line-retail", 7, after(-26*time.Hour), event.ConfigChanged{
			Author: "m.okafor", Comment: "back to the old order until the SMS gateway works again",
			Summary: []string{"verify.questions[0]: sms_code → pin", "verify.questions[1]: pin → sms_code"}, RolledBackTo: 5, Percent: 10,
			Removed: true,
		}),
		one(
			"alarm-retail-2025-11-19T09:46", 1, after(5*time.Minute),
			event.Alarm{Kind: event.AlarmNoKeys, Calls: 30, Failures: 30, Seconds: 1740, Trunk: "carrier-a", Call: "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04", Customer: "C-100042",
				What: "no key was heard in 30 calls in a row on the trunk carrier-a, since 2025-11-19T09:17:07Z; " +
					"on other trunks keys were heard in 311 of 340 calls"},
		),
	} {
		all[e.Fact()] = e
	}
	for _, e := range slices.Concat(callbackExamples(at), alertExamples(at)) {
		all[e.Fact()] = e
	}
	return all
}

// callbackExamples are the facts of one callback, which was booked the day before.
func callbackExamples(at time.Time) (all []event.Event) {
	const id = "019a9788-1c40-7b52-9e0a-3d6f1c8b2a47"
	from := time.Date(2025, time.November, 19, 10, 0, 0, 0, time.UTC)
	about := event.Callback{
		ID: id, Customer: "C-100042", From: from, To: from.Add(30 * time.Minute), TZ: "Europe/Berlin", Last4: "0142",
	}
	for i, data := range []event.Data{
		event.CallbackBooked{Callback: about, By: event.ByCustomer},
		event.CallbackChanged{Callback: about, By: event.ByStaff},
		event.CallbackDue{Callback: about, Attempt: 1},
		event.CallbackAttempted{
			Callback: about, Attempt: 1, Agent: "amara", Outcome: event.CallbackTalked,
			Channel: "3e0f8a52-7d11-4a06-b8c4-90c2d1f7e6b3", TalkedMilliseconds: 204_000,
		},
		event.CallbackDone{Callback: about, Attempts: 1, Outcome: event.CallbackTalked},
		event.CallbackCancelled{Callback: about, By: event.ByCustomer},
	} {
		all = append(all, event.Event{
			ID: event.ID("callback-"+id, i+1), Source: "/countersign/fra-1", Time: at.Add(time.Duration(i) * time.Minute),
			Call: "callback-" + id, Seq: i + 1, Line: "retail", Data: data,
		})
	}
	return all
}

// alertExamples are the facts of one alert, which became the callback of callbackExamples.
func alertExamples(at time.Time) (all []event.Event) {
	const id = "019a9785-9d10-7c08-8a51-77e2b90c4d13"
	about := event.Alert{ID: id, Customer: "C-100042", Until: at.Add(72 * time.Hour)}
	for i, data := range []event.Data{
		event.AlertSent{Alert: about, By: event.ByStaff},
		event.AlertAnswered{Alert: about, Answer: event.AlertTalks, Callback: "019a9788-1c40-7b52-9e0a-3d6f1c8b2a47"},
	} {
		all = append(all, event.Event{
			ID: event.ID("alert-"+id, i+1), Source: "/countersign/fra-1", Time: at.Add(time.Duration(i) * time.Hour),
			Call: "alert-" + id, Seq: i + 1, Line: "retail", Data: data,
		})
	}
	return all
}
