package esl

import (
	"errors"
	"fmt"

	"countersign/session"
)

var callLines = []string{
	"Unique-ID", "Caller-Caller-ID-Number", "Caller-Privacy-Hide-Number", "Caller-Destination-Number", "variable_cs_line", "Reply-Text",
}

// maxFact is how long what is said about a call may be, in bytes; a Unique-ID has 36.
const maxFact = 256

// callFrom reads what FreeSWITCH says about a call in its answer to connect (CHANNEL_DATA).
func callFrom(h header) (session.Call, error) {
	var v [6][]byte
	h.pick(callLines, v[:])
	if reply := v[5]; len(reply) > 0 && reply[0] == '-' {
		return session.Call{}, fmt.Errorf("connect was refused: %.80q", reply)
	}
	c := session.Call{
		Channel: string(decoded(v[0])), Caller: string(decoded(v[1])), Withheld: string(v[2]) == "true", Dialled: string(decoded(v[3])),
		Line: string(decoded(v[4])),
	}
	switch {
	case c.Channel == "":
		return session.Call{}, errors.New("the answer to connect names no Unique-ID: is this an outbound socket?")
	case len(c.Channel) > maxFact || len(c.Dialled) > maxFact || len(c.Line) > maxFact:
		return session.Call{}, fmt.Errorf("the answer to connect has a Unique-ID, dialled number or cs_line of more than %d bytes", maxFact)
	case len(c.Caller) > maxFact:
		c.Caller = "" // the caller's side chose it: not a number, and no reason to turn the call away
	}
	return c, nil
}
