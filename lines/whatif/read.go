package whatif

import (
	"strings"
	"time"

	"countersign/session/event"

	"github.com/tidwall/gjson"
)

// Read decodes the parts of a published event that Run uses: decoding all of it would take most of a Trial's time. Its
// strings share one copy of body, which lives as long as any of them.
func Read(body []byte) (event.Event, error) {
	if gjson.ValidBytes(body) {
		if e, ok := read(string(body)); ok {
			return e, nil
		}
	}
	return event.Parse(body) // for its error
}

const typePrefix = "countersign.v1."

func read(body string) (e event.Event, ok bool) {
	var version, fact string
	var data gjson.Result
	gjson.Parse(body).ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "specversion":
			version = v.Str
		case "id":
			e.ID = v.Str
		case "type":
			fact, _ = strings.CutPrefix(v.Str, typePrefix)
		case "time":
			e.Time, _ = time.Parse(time.RFC3339, v.Str)
		case "call":
			e.Call = v.Str
		case "seq":
			e.Seq = int(v.Int())
		case "line":
			e.Line = v.Str
		case "test":
			e.Test = v.Bool()
		case "data":
			data = v
		}
		return true
	})
	e.Data = readData(event.Fact(fact), data)
	return e, version == "1.0" && e.Data != nil && e.ID == event.ID(e.Call, e.Seq) && e.Line != "" && !e.Time.IsZero()
}

// readData decodes what Run uses; nil for unknown facts.
func readData(fact event.Fact, data gjson.Result) event.Data {
	field := data.Get
	word := func(name string) string { return field(name).Str }
	number := func(name string) int { return int(field(name).Int()) }
	switch fact {
	case event.FactCallStarted:
		return event.CallStarted{
			Channel: word("channel"), CallerLast4: word("caller_last4"),
			CallerWithheld: field("caller_withheld").Bool(), Attestation: word("attestation"), Continues: word("continues"),
			DialledLast4: word("dialled_last4"),
		}
	case event.FactStepStarted:
		return event.StepStarted{Step: word("step")}
	case event.FactStepFinished:
		d := event.StepFinished{
			Step: word("step"), Result: event.StepResult(word("result")), Reason: event.Reason(word("reason")),
			Milliseconds: field("ms").Int(),
		}
		field("attempts").ForEach(func(_, a gjson.Result) bool {
			result := event.AttemptResult(a.Get("result").Str)
			d.Attempts = append(d.Attempts, event.Attempt{
				Result: result, Milliseconds: a.Get("ms").Int(), Unchecked: a.Get("unchecked").Bool(),
				Spoken: a.Get("spoken").Bool(), Slow: a.Get("slow").Bool(), Wish: event.Wish(a.Get("wish").Str),
			})
			return true
		})
		return d
	case event.FactIdentified:
		return event.Identified{
			Customer: word("customer"), Name: word("name"), Method: event.Method(word("method")),
			Status: event.Status(word("status")), Level: number("level"),
		}
	case event.FactLocked:
		return event.Locked{On: event.LockOn(word("on")), Customer: word("customer"), Began: field("began").Bool()}
	case event.FactStepUpRequested:
		return event.StepUpRequested{Level: number("level"), Has: number("has")}
	case event.FactTokenRefused:
		return event.TokenRefused{Reason: event.Refusal(word("reason"))}
	case event.FactVerified:
		return event.Verified{}
	case event.FactFailed:
		return event.Failed{Step: word("step"), Reason: event.Reason(word("reason"))}
	case event.FactRouted:
		return event.Routed{Outcome: word("outcome"), Destination: word("destination")}
	case event.FactCallEnded:
		d := event.CallEnded{
			End: event.End(word("end")), Status: event.Status(word("status")), Level: number("level"),
			Reason: event.Reason(word("reason")), Customer: word("customer"), Cause: word("cause"),
		}
		field("methods").ForEach(func(_, m gjson.Result) bool {
			d.Methods = append(d.Methods, event.Method(m.Str))
			return true
		})
		return d
	}
	return nil
}
