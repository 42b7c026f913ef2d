package esl

import (
	"errors"
	"fmt"

	"countersign/session"
)

// callFrom reads what FreeSWITCH says about a call in its answer to connect (CHANNEL_DATA).
func callFrom(h header) (session.Call, error) {
	if v, ok := h.raw("Reply-Text"); ok && len(v) > 0 && v[0] == '-' {
		return session.Call{}, fmt.Errorf("connect was refused: %s", v)
	}
	c := session.Call{
		Channel:  h.text("Unique-ID"),
		Caller:   h.text("Caller-Caller-ID-Number"),
		Withheld: h.is("Caller-Privacy-Hide-Number", "true"),
		Dialled:  h.text("Caller-Destination-Number"),
		Line:     h.text("variable_cs_line"),
	}
	if c.Channel == "" {
		return session.Call{}, errors.New("the answer to connect names no Unique-ID: is this an outbound socket?")
	}
	return c, nil
}
