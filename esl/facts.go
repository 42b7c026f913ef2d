package esl

import (
	"errors"
	"fmt"
	"strings"

	"countersign/session"
)

// callLines are what is read about a call. Variables that begin with sip_h_ are headers that the caller's side sent: only a token, which proves itself, and
// what can do no more than weaken, are read from there.
var callLines = append([]string{
	"Unique-ID", "Caller-Caller-ID-Number", "Caller-Privacy-Hide-Number", "Caller-Destination-Number", "variable_cs_line", "Reply-Text",
	"variable_cs_token", "variable_sip_h_X-Countersign-Token", "variable_cs_call", "variable_cs_need_level", "variable_cs_return",
}, attestationLines[:]...)

const (
	// maxFact is how long what is said about a call may be, in bytes; a Unique-ID has 36.
	maxFact = 256
	// maxToken is how long a token may be, maxID one of our own ids.
	maxToken = 4096
	maxID    = 64
)

// callFrom reads what FreeSWITCH says about a call in its answer to connect (CHANNEL_DATA).
func callFrom(h header) (session.Call, error) {
	var v [11 + len(attestationLines)][]byte
	h.pick(callLines, v[:])
	if reply := v[5]; len(reply) > 0 && reply[0] == '-' {
		return session.Call{}, fmt.Errorf("connect was refused: %.80q", reply)
	}
	c := session.Call{
		Channel: string(decoded(v[0])), Caller: string(decoded(v[1])), Withheld: string(v[2]) == "true", Dialled: string(decoded(v[3])),
		Line: string(decoded(v[4])), Trust: trust([len(attestationLines)][]byte(v[11:])), Token: token(v[6], v[7]), Earlier: earlier(v[8]),
	}
	if c.NeedLevel = needLevel(v[9]); c.NeedLevel != session.Unknown {
		c.Return = wayBack(v[10])
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

// token is the first of two that is there. One that is too long is none.
func token(ours, theirs []byte) session.Secret {
	for _, v := range [...][]byte{ours, theirs} {
		if len(v) == 0 {
			continue
		}
		if t := decoded(v); len(t) <= maxToken {
			return session.NewSecret(t)
		}
		return session.Secret{}
	}
	return session.Secret{}
}

// earlier is the id that this same call had when it was with us before.
func earlier(v []byte) string {
	if len(v) > maxID {
		return ""
	}
	for _, c := range v {
		if !isWord(rune(c)) && c != '-' || c == '_' {
			return ""
		}
	}
	return string(v)
}

// needLevel is the level that a step-up asks for: one that something must be proven for.
func needLevel(v []byte) session.Level {
	switch string(v) {
	case "2":
		return session.Verified
	case "3":
		return session.Strong
	default:
		return session.Unknown
	}
}

// wayBack is where a call goes after a step-up. What is no such place is ignored: the line's routes lead on then.
func wayBack(v []byte) session.Destination {
	if len(v) > maxFact {
		return session.Destination{}
	}
	to, err := session.ParseDestination(strings.TrimSpace(string(decoded(v))))
	if err != nil || to == session.Hangup || errors.Join(word("extension", to.Extension), word("dialplan", to.Dialplan), word("context", to.Context)) != nil {
		return session.Destination{}
	}
	return to
}
