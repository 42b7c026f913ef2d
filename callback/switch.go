package callback

import (
	"context"
	"errors"

	"countersign/session/event"
)

// Switch is the telephone system (freeswitch.CallbackCalls). Channels are ours to name, and a name is used once.
type Switch interface {
	// RingAgent rings a telephone of staff, and returns once it was answered. Whoever answered waits on that channel.
	RingAgent(ctx context.Context, telephone, channel string) error
	// RingCustomer rings a customer, and returns once it was answered. The call then comes to Dialler.Answered; if nobody
	// is there, it goes to the agent's channel.
	RingCustomer(ctx context.Context, number, channel, agentChannel string) error
	// Exists says whether there is such a channel; bridged, whether it is connected with another one.
	Exists(ctx context.Context, channel string) (exists, bridged bool, err error)
	// Kill ends a call. It is no error if there is none.
	Kill(channel string)
}

// NotReachedError says why a telephone was not reached.
type NotReachedError struct {
	// Outcome is no_answer, busy or unreachable.
	Outcome event.CallbackOutcome
	// Cause is FreeSWITCH's.
	Cause string
}

func (e *NotReachedError) Error() string { return "not reached: " + e.Cause }

// outcomeOf is the outcome of a failed call.
func outcomeOf(err error) event.CallbackOutcome {
	var e *NotReachedError
	if errors.As(err, &e) {
		return e.Outcome
	}
	return event.CallbackUnreachable
}
