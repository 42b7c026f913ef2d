package whatif

import (
	"countersign/session"
	"countersign/session/event"
	"countersign/steps"
)

// sessionCall is the call as FreeSWITCH described it, as far as the events show.
func (rec *record) sessionCall() session.Call {
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

// ani looks the caller's number up, remember adds it to the customer's numbers.
var ani, remember = steps.ANI{}.Name(), steps.RememberNumber{}.Name()

// earlierCall stands for the id that the call had before.
const earlierCall = "earlier"

// number stands for the caller's number: it can be looked up and counted if theirs could. Theirs may have been erased
// since.
func (rec *record) number() string {
	last := rec.started.CallerLast4
	valid := rec.started.CallerWithheld || rec.lockedCaller
	for _, s := range rec.steps {
		if s.name != ani && s.name != remember {
			continue
		}
		switch s.Reason {
		case event.ReasonNoNumber:
			return last
		case event.ReasonWithheld, event.ReasonUntrusted: // it was not looked up
		default:
			valid = true
		}
	}
	if len(last) < 4 && !valid {
		return last
	}
	return anyNumber
}

// anyNumber is a valid telephone number with few digits: parsing it takes a good part of a replay's time.
const anyNumber = "+29020000"
