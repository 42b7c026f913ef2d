// Package event holds the facts that Countersign publishes about calls: what a screen pop, a report or a live board may rely on. Each fact is
// one file here, one JSON Schema in schema/ and one example in testdata/.
//
// It answers "what happened on a call, and how is it written down"; it does not decide, store or send anything, and imports nothing but the
// standard library. Within v1, fields are only ever added, and only optional ones.
//
// Nothing in an event is a secret: no digits, no PIN, no full telephone number (the last four), only the customer's id and, on identified and
// verified, the name for the agent's screen.
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

// Stream is the JetStream stream that holds every event; Subjects is what it listens to.
const (
	Stream   = "COUNTERSIGN"
	Subjects = "countersign.v1.>"
)

const typePrefix = "countersign.v1."

// Data is what one fact says. Each fact has one type, a pointer-free struct of this package.
type Data interface{ Fact() Fact }

// Event is one fact about one call.
type Event struct {
	// ID is unique for ever and the same each time the event is sent: "<call>.<seq>". Consumers drop what they have seen.
	ID string
	// Source says which node speaks, as a URI reference: "/countersign/<node>".
	Source string
	// Time is when it happened.
	Time time.Time
	// Call is our id of the call, Seq counts its events from 1 without a gap. Facts that are about no call say in Call what they are about.
	Call string
	Seq  int
	// Line and LineVersion say under which configuration the call ran.
	Line        string
	LineVersion int
	// Replay is the id of a replay: the event is sent once more, long after. Whoever counts or acts leaves it alone. Empty when it happens.
	Replay string
	Data   Data
}

// ID gives the event of a call its identity.
func ID(call string, seq int) string { return call + "." + strconv.Itoa(seq) }

// MessageID is the event's Nats-Msg-Id: its id, so that the stream takes it once, and once more in each replay.
func (e Event) MessageID() string {
	if e.Replay != "" {
		return e.Replay + "/" + e.ID
	}
	return e.ID
}

// Fact is what happened.
func (e Event) Fact() Fact { return e.Data.Fact() }

// Subject is the NATS subject on which the event is published.
func (e Event) Subject() string { return Subject(e.Line, e.Fact()) }

// Subject is where events of one fact and one line are published: countersign.v1.<line>.<fact>. What NATS would take for a separator or a
// wildcard in a line's name becomes "_".
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
	Data            json.RawMessage `json:"data"`
}

// MarshalJSON writes the event as CloudEvents 1.0 JSON.
func (e Event) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: typePrefix + string(e.Fact()), Time: e.Time.UTC(), DataContentType: "application/json",
		Call: e.Call, Seq: e.Seq, Line: e.Line, LineVersion: e.LineVersion, Replay: e.Replay, Data: data,
	})
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are ignored, because v1 may gain some; an unknown fact is an *UnknownFactError,
// which a consumer may skip.
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
	data, err := decodeData(Fact(name), c.Data)
	if err != nil {
		return err
	}
	*e = Event{ID: c.ID, Source: c.Source, Time: c.Time, Call: c.Call, Seq: c.Seq, Line: c.Line, LineVersion: c.LineVersion, Replay: c.Replay, Data: data}
	return nil
}

// UnknownFactError says that an event is of a kind that this version does not know.
type UnknownFactError struct{ Fact Fact }

func (e *UnknownFactError) Error() string { return fmt.Sprintf("read event: unknown fact %q", e.Fact) }

func decodeData(fact Fact, raw json.RawMessage) (Data, error) {
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
	FactCallStarted:     into[CallStarted],
	FactStepStarted:     into[StepStarted],
	FactStepFinished:    into[StepFinished],
	FactIdentified:      into[Identified],
	FactVerified:        into[Verified],
	FactFailed:          into[Failed],
	FactRouted:          into[Routed],
	FactCallEnded:       into[CallEnded],
	FactPromptMissing:   into[PromptMissing],
	FactTokenRefused:    into[TokenRefused],
	FactLocked:          into[Locked],
	FactStepUpRequested: into[StepUpRequested],
	FactConfigChanged:   into[ConfigChanged],
	FactAlarm:           into[Alarm],
}

// Facts lists every fact of this version, in the order in which a call usually meets them.
func Facts() []Fact {
	return []Fact{
		FactCallStarted, FactStepUpRequested, FactTokenRefused, FactStepStarted, FactStepFinished, FactPromptMissing, FactIdentified, FactLocked, FactVerified,
		FactFailed, FactRouted, FactCallEnded, FactConfigChanged, FactAlarm,
	}
}
