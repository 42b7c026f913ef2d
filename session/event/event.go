// Package event defines the facts that Countersign publishes about calls, for screen pops, reports and live boards.
// Each fact has one file here, one JSON Schema in schema/ and one example in testdata/.
//
// It defines what an event holds and how it is written. It does not decide, store or send anything, and imports nothing
// but the standard library. Within v1, fields are only added, and only optional ones.
//
// An event holds no secret: no digits, no PIN, no full telephone number (only the last four digits), only the
// customer's id and, on identified and verified, the name for the agent's screen.
package event

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fact names what happened. It is the last word of the CloudEvents type and of the NATS subject.
type Fact string

// Stream is the JetStream stream of all events, Subjects its subject filter.
const (
	Stream   = "COUNTERSIGN"
	Subjects = "countersign.v1.>"
)

const typePrefix = "countersign.v1."

// Data is the data of one fact. Each fact has one type, a struct of this package without pointers.
type Data interface{ Fact() Fact }

// Event is one fact about one call.
type Event struct {
	// ID is unique for ever and the same each time the event is sent: "<call>.<seq>". Consumers drop duplicates by it.
	ID string
	// Source is the node that wrote it, as a URI reference: "/countersign/<node>".
	Source string
	// Time is when it happened.
	Time time.Time
	// Call is our id of the call; Seq counts its events from 1 without a gap. For facts that belong to no call, Call names
	// their subject.
	Call string
	Seq  int
	// Line and LineVersion are the configuration of the call.
	Line        string
	LineVersion int
	// Replay is the id of a replay, which sends old events again; empty otherwise. Consumers that count or act ignore such
	// events.
	Replay string
	// Test: somebody of the staff tries a draft of the line on their own telephone, as a made-up customer. Consumers that
	// count or act ignore such events.
	Test bool
	Data Data
}

// Real says whether the event is about a caller, now: neither a replay nor a test.
func (e Event) Real() bool { return e.Replay == "" && !e.Test }

// OfCall says whether the event is about a call. Others are about a line, a callback or an alert, which their Call names.
func (e Event) OfCall() bool {
	switch e.Data.(type) {
	case ConfigChanged, Alarm, CallbackBooked, CallbackChanged, CallbackDue, CallbackAttempted, CallbackDone, CallbackCancelled,
		AlertSent, AlertAnswered:
		return false
	}
	return true
}

// ID is the id of a call's event.
func ID(call string, seq int) string { return call + "." + strconv.Itoa(seq) }

// MessageID is the event's Nats-Msg-Id: its id, which the stream takes once, and once more in each replay.
func (e Event) MessageID() string {
	if e.Replay != "" {
		return e.Replay + "/" + e.ID
	}
	return e.ID
}

// Fact is the event's fact.
func (e Event) Fact() Fact { return e.Data.Fact() }

// Subject is the NATS subject on which the event is published.
func (e Event) Subject() string { return Subject(e.Line, e.Fact()) }

// Subject is the subject of events of one fact and one line: countersign.v1.<line>.<fact>. NATS separators and
// wildcards in a line's name become "_".
func Subject(line string, fact Fact) string {
	token := strings.Map(func(r rune) rune {
		if r <= ' ' || r == '.' || r == '*' || r == '>' || r == 0x7f {
			return '_'
		}
		return r
	}, line)
	if token == "" {
		token = "_"
	}
	return typePrefix + token + "." + string(fact)
}

// cloudEvent is the envelope, CloudEvents 1.0 in JSON (structured mode).
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Call            string          `json:"call"`
	Seq             int             `json:"seq"`
	Line            string          `json:"line"`
	LineVersion     int             `json:"lineversion"`
	Replay          string          `json:"replay,omitempty"`
	Test            bool            `json:"test,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// MarshalJSON writes the event as CloudEvents 1.0 JSON.
func (e Event) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: typePrefix + string(e.Fact()), Time: e.Time.UTC(),
		DataContentType: "application/json",
		Call:            e.Call, Seq: e.Seq, Line: e.Line, LineVersion: e.LineVersion, Replay: e.Replay, Test: e.Test,
		Data: data,
	})
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are ignored, because v1 may gain some; an unknown fact is
// an *UnknownFactError, which a consumer may skip.
func (e *Event) UnmarshalJSON(b []byte) error {
	var c cloudEvent
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	if c.SpecVersion != "1.0" {
		return fmt.Errorf("read event: specversion is %q, want 1.0", c.SpecVersion)
	}
	name, ok := strings.CutPrefix(c.Type, typePrefix)
	if !ok {
		return fmt.Errorf("read event: type is %q, want %s…", c.Type, typePrefix)
	}
	data, err := DecodeData(Fact(name), c.Data)
	if err != nil {
		return err
	}
	*e = Event{
		ID: c.ID, Source: c.Source, Time: c.Time, Call: c.Call, Seq: c.Seq, Line: c.Line, LineVersion: c.LineVersion,
		Replay: c.Replay, Test: c.Test, Data: data,
	}
	return nil
}

// UnknownFactError says that this version does not know the event's fact.
type UnknownFactError struct{ Fact Fact }

func (e *UnknownFactError) Error() string { return fmt.Sprintf("read event: unknown fact %q", e.Fact) }

// DecodeData reads the data of a fact. An unknown fact is an *UnknownFactError.
func DecodeData(fact Fact, raw json.RawMessage) (Data, error) {
	decode, ok := decoders[fact]
	if !ok {
		return nil, &UnknownFactError{fact}
	}
	data, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read event %s: %w", fact, err)
	}
	return data, nil
}

func into[T Data](raw json.RawMessage) (Data, error) {
	var d T
	err := json.Unmarshal(raw, &d)
	return d, err
}

var decoders = map[Fact]func(json.RawMessage) (Data, error){
	FactCallStarted:       into[CallStarted],
	FactStepStarted:       into[StepStarted],
	FactStepFinished:      into[StepFinished],
	FactIdentified:        into[Identified],
	FactVerified:          into[Verified],
	FactFailed:            into[Failed],
	FactRouted:            into[Routed],
	FactCallEnded:         into[CallEnded],
	FactPromptMissing:     into[PromptMissing],
	FactCodeSent:          into[CodeSent],
	FactProofShown:        into[ProofShown],
	FactProofConfirmed:    into[ProofConfirmed],
	FactProofDenied:       into[ProofDenied],
	FactTokenRefused:      into[TokenRefused],
	FactLocked:            into[Locked],
	FactStepUpRequested:   into[StepUpRequested],
	FactConfigChanged:     into[ConfigChanged],
	FactAlarm:             into[Alarm],
	FactAgentOffered:      into[AgentOffered],
	FactAgentConnected:    into[AgentConnected],
	FactAgentMissed:       into[AgentMissed],
	FactAgentDone:         into[AgentDone],
	FactCallbackBooked:    into[CallbackBooked],
	FactCallbackChanged:   into[CallbackChanged],
	FactCallbackDue:       into[CallbackDue],
	FactCallbackAttempted: into[CallbackAttempted],
	FactCallbackDone:      into[CallbackDone],
	FactCallbackCancelled: into[CallbackCancelled],
	FactAlertSent:         into[AlertSent],
	FactAlertAnswered:     into[AlertAnswered],
}

// Facts lists every fact of this version, in the order in which a call usually meets them.
func Facts() []Fact {
	return []Fact{
		FactCallStarted, FactStepUpRequested, FactTokenRefused, FactStepStarted, FactCodeSent,
		FactProofShown, FactProofConfirmed, FactProofDenied, FactStepFinished,
		FactPromptMissing, FactIdentified, FactLocked, FactVerified,
		FactFailed, FactRouted, FactCallEnded, FactAgentOffered, FactAgentMissed, FactAgentConnected, FactAgentDone,
		FactConfigChanged, FactAlarm,
		FactCallbackBooked, FactCallbackChanged, FactCallbackDue,
		FactCallbackAttempted, FactCallbackDone, FactCallbackCancelled,
		FactAlertSent, FactAlertAnswered,
	}
}
