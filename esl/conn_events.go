package esl

import (
	"bytes"
	"strings"

	"countersign/session"
)

const (
	lineEventName = iota
	lineAnswerState
	lineApplicationUUID
	lineHangupCause
	lineApplication
	lineDestination
	lineSocketResume
	lineHeldKey
	lineEventTime
	eventCount
)

var eventLines = linesOf([]string{
	lineEventName:       "Event-Name",
	lineAnswerState:     "Answer-State",
	lineApplicationUUID: "Application-UUID",
	lineHangupCause:     "Hangup-Cause",
	lineApplication:     "Application",
	lineDestination:     "Caller-Destination-Number",
	lineSocketResume:    "variable_socket_resume",
	lineHeldKey:         "variable_" + heldKey,
	lineEventTime:       "Event-Date-Timestamp",
}...)

// event handles the two kinds of events that matter: the end of an application, and the end of the call.
func (c *conn) event(h header) error {
	var v [eventCount][]byte
	h.pick(eventLines, v[:])
	switch application := v[lineApplication]; string(v[lineEventName]) {
	case "CHANNEL_EXECUTE_COMPLETE":
		// A hang-up also completes the running application; its digits are not an answer.
		if string(v[lineAnswerState]) == "hangup" {
			return &session.HangupError{Cause: hangupCause(v[lineHangupCause])}
		}
		if c.isTakenAway(application, v[lineDestination]) {
			return c.releaseTaken(v[lineSocketResume] != nil)
		}
		switch string(application) {
		case detectSpeech, "playback":
			c.completeInside(string(application), h)
		case "read":
			key := decoded(v[lineHeldKey])
			c.keys.link(key, eventTime(v[lineEventTime]))
			clear(key)
		}
		if id := v[lineApplicationUUID]; id != nil {
			c.complete(string(id), h, nil)
		}
	case "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE":
		return &session.HangupError{Cause: hangupCause(v[lineHangupCause])}
	}
	return nil
}

// hangupCause is the name of a Q.850 cause, such as NORMAL_CLEARING. Whatever else a peer sends is none.
func hangupCause(v []byte) string {
	const longest = 64 // FreeSWITCH's longest has 40
	cause := string(decoded(v))
	if len(cause) > longest || strings.ContainsFunc(cause, func(r rune) bool { return !isWord(r) }) {
		return ""
	}
	return cause
}

// isTakenAway says whether the dead-man switch took the call away because we had hung. A completion then comes from
// another destination, or is that of the application socket itself.
func (c *conn) isTakenAway(application, destination []byte) bool {
	if c.takenAway {
		return true
	}
	c.mu.Lock()
	leaving := c.leaving
	c.mu.Unlock()
	if leaving {
		return false
	}
	return string(application) == "socket" || destination != nil && !bytes.Equal(destination, c.destination)
}

// releaseTaken ends our part of a call that was taken away without touching the call. The connection must stay open
// until the dialplan has unset socket_resume: closing it before would reset the call and leave the caller in dead air.
func (c *conn) releaseTaken(resumable bool) error {
	c.takenAway = true
	c.end(session.ErrTakenAway)
	if resumable {
		return nil
	}
	return session.ErrTakenAway
}
