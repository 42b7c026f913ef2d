package esl

import (
	"errors"
	"fmt"

	"countersign/session"
)

var callLines = []string{
	"Unique-ID", "Caller-Caller-ID-Number", "Caller-Privacy-Hide-Number", "Caller-Destination-Number", "variable_cs_line", "Reply-Text",
}

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
	if c.Channel == "" {
		return session.Call{}, errors.New("the answer to connect names no Unique-ID: is this an outbound socket?")
	}
	return c, nil
}
