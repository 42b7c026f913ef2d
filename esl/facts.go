package esl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/session"
)

// The lines of the answer to connect that describe a call, before attestationLines. Variables that begin with sip_h_
// are headers from the caller's side: only a token, which proves itself, and an attestation that lowers the trust are
// believed from there.
const (
	lineUniqueID = iota
	lineCallerNumber
	lineHideNumber
	lineDialled
	lineLine
	lineReplyText
	lineToken
	lineTokenHeader
	lineEarlierCall
	lineNeedLevel
	lineReturn
	lineGateway
	lineProfile
	lineNetworkAddress
	lineQueue
	lineQueueJoined
	callCount
)

var callLines = linesOf(append([]string{
	lineUniqueID:     "Unique-ID",
	lineCallerNumber: "Caller-Caller-ID-Number",
	lineHideNumber:   "Caller-Privacy-Hide-Number",
	lineDialled:      "Caller-Destination-Number",
	lineLine:         "variable_cs_line",
	lineReplyText:    "Reply-Text",
	lineToken:        "variable_cs_token",
	lineTokenHeader:  "variable_sip_h_X-Countersign-Token",
	lineEarlierCall:  "variable_cs_call",
	lineNeedLevel:    "variable_cs_need_level",
	lineReturn:       "variable_cs_return",

	lineGateway: "variable_sip_gateway", lineProfile: "variable_sofia_profile_name",
	lineNetworkAddress: "variable_sip_network_ip",
	lineQueue:          "variable_cc_queue", lineQueueJoined: "variable_cc_queue_joined_epoch",
}, attestationLines[:]...)...)

// Bounds in bytes.
const (
	maxFact   = 256 // a Unique-ID has 36
	maxToken  = 4096
	maxHeader = 1024
	maxID     = 64 // our own id of a call
)

// callFrom reads a call from the answer to connect (CHANNEL_DATA).
func callFrom(h header) (session.Call, error) {
	var v [callCount + attestationCount][]byte
	h.pick(callLines, v[:])
	if reply := v[lineReplyText]; len(reply) > 0 && reply[0] == '-' {
		return session.Call{}, fmt.Errorf("connect was refused: %.80q", reply)
	}
	text := func(line int) string { return string(decoded(v[line])) }
	c := session.Call{
		Channel: text(lineUniqueID), Caller: text(lineCallerNumber), Withheld: string(v[lineHideNumber]) == "true",
		Dialled: text(lineDialled), Line: text(lineLine),
		Trunk:        trunk(text(lineGateway), text(lineProfile), text(lineNetworkAddress)),
		Attestations: attestations([attestationCount][]byte(v[callCount:])),
		Token:        token(v[lineToken], v[lineTokenHeader]), Earlier: earlier(v[lineEarlierCall]),
	}
	if c.NeedLevel = needLevel(v[lineNeedLevel]); c.NeedLevel != session.Unknown {
		c.Return = destination(v[lineReturn])
	}
	c.Queue, c.Joined = queued(text(lineQueue), text(lineQueueJoined))
	switch {
	case c.Channel == "":
		return session.Call{}, errors.New("the answer to connect names no Unique-ID: is this an outbound socket?")
	case len(c.Channel) > maxFact || len(c.Dialled) > maxFact || len(c.Line) > maxFact:
		return session.Call{}, fmt.Errorf(
			"the answer to connect has a Unique-ID, dialled number or cs_line of more than %d bytes", maxFact)
	case len(c.Caller) > maxFact:
		c.Caller = "" // the caller's side sets it: not a number, and no reason to refuse the call
	}
	return c, nil
}

// queued is the queue of mod_callcenter that a call was in, and when it joined.
func queued(queue, joined string) (string, time.Time) {
	seconds, err := strconv.ParseInt(joined, 10, 64)
	if err != nil || seconds <= 0 || queue == "" || len(queue) > maxFact {
		return "", time.Time{}
	}
	return queue, time.Unix(seconds, 0).UTC()
}

// trunk names what brought a call. The caller's side sets none of it.
func trunk(gateway, profile, address string) string {
	name := gateway
	if name == "" && profile != "" {
		name = profile + "/" + address
	}
	if len(name) > maxFact || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return ""
	}
	return name
}

// token is the variable's token, or else the header's. One that is too long counts as none.
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

// earlier is the id that this same call had before.
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

// needLevel is the level that a step-up asks for.
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

// destination is where a call goes after a step-up, or when we hang. An invalid one is ignored: the line's routes apply
// then, or the dialplan's own dead-man switch.
func destination(v []byte) session.Destination {
	if len(v) > maxFact {
		return session.Destination{}
	}
	to, err := session.ParseDestination(strings.TrimSpace(string(decoded(v))))
	if err != nil || to == session.Hangup || checkDestination(to) != nil {
		return session.Destination{}
	}
	return to
}
