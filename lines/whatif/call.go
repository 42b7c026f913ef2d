package whatif

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// made is the call as FreeSWITCH told it, as far as the events say.
func (rec *record) made() session.Call {
	c := session.Call{
		ID: rec.call, Channel: rec.started.Channel, Caller: rec.number(), Withheld: rec.started.CallerWithheld,
		Dialled: rec.started.DialledLast4, Line: rec.line,
		NeedLevel: rec.stepUp, Return: rec.back, Started: rec.startedAt,
	}
	switch rec.started.Attestation {
	case "A":
		c.Trust = session.TrustFull
	case "failed":
		c.Trust = session.TrustFailed
	}
	if rec.started.Continues != "" || rec.lost {
		c.Earlier = earlierCall
	} else if rec.known != nil {
		c.Token = session.NewSecret([]byte("token"))
	}
	if rec.refusal != "" {
		c.Token = session.NewSecret([]byte("token"))
	}
	return c
}

// ani is the step that looks the caller's number up, remember the one that keeps it.
var ani, remember = steps.ANI{}.Name(), steps.RememberNumber{}.Name()

// earlierCall stands for the id that the call had before.
const earlierCall = "earlier"

// number is a caller's number that is as good as theirs: one that can be looked up and counted if theirs could. Its
// digits may have been erased since.
func (rec *record) number() string {
	last := rec.started.CallerLast4
	counts := rec.started.CallerWithheld || rec.lockedCaller
	for _, s := range rec.steps {
		if s.name != ani && s.name != remember {
			continue
		}
		switch s.Reason {
		case event.ReasonNoNumber:
			return last
		case event.ReasonWithheld, event.ReasonUntrusted: // nobody looked
		default:
			counts = true
		}
	}
	if len(last) < 4 && !counts {
		return last
	}
	return anyNumber
}

// anyNumber can be a telephone number, and has few digits: reading it takes a good part of the time that a call takes
// here.
const anyNumber = "+29020000"
