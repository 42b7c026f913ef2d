package freeswitch

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/queue"
	"countersign/session/event"
)

// eventOf is an event as FreeSWITCH writes it, of names and values in turn.
func eventOf(headers ...string) agentEvent {
	var b strings.Builder
	for i := 0; i < len(headers); i += 2 {
		b.WriteString(headers[i] + ": " + headers[i+1] + "\n")
	}
	return readAgentEvent(b.String() + "\nCC-Agent: in the body\n")
}

func TestWhatAnEventMeans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		want    []queue.Seen
	}{
		{"a telephone rings", []string{
			"Event-Name", "CHANNEL_ORIGINATE", "Unique-ID", "leg", "Channel-Name", "sofia/internal/1001%4010.0.0.1",
			"Other-Type", "originator", "Other-Leg-Unique-ID", "caller", "variable_dialed_user", "1001",
			"variable_dialed_domain", "Bank.example",
		}, []queue.Seen{queue.Rings{Caller: "caller", Leg: "leg", Agent: "1001@bank.example", Via: event.ViaBridge}}},
		{"a telephone cannot ring", []string{
			"Event-Name", "CHANNEL_ORIGINATE", "Unique-ID", "leg", "Other-Type", "originator", "Other-Leg-Unique-ID", "caller",
			"Caller-Destination-Number", "%2B4930123456", "Hangup-Cause", "USER_BUSY",
		}, []queue.Seen{
			queue.Rings{Caller: "caller", Leg: "leg", Agent: "number-3456", Via: event.ViaBridge},
			queue.HungUp{Channel: "leg", Cause: "USER_BUSY"},
		}},
		{"a call of nobody's", []string{"Event-Name", "CHANNEL_ORIGINATE", "Unique-ID", "leg"}, nil},
		{"a telephone of mod_callcenter rings", []string{
			"Event-Name", "CHANNEL_ORIGINATE", "Unique-ID", "leg", "variable_cc_side", "agent", "variable_cc_agent", "anna",
			"variable_cc_queue", "sales%40default", "variable_cc_member_session_uuid", "caller",
		}, []queue.Seen{
			queue.Rings{Caller: "caller", Leg: "leg", Agent: "anna", Queue: "sales@default", Via: event.ViaCallcenter},
		}},
		{"a loopback channel", []string{
			"Event-Name", "CHANNEL_ORIGINATE", "Unique-ID", "a", "Channel-Name", "loopback/1001-a", "Other-Type", "originator",
			"Other-Leg-Unique-ID", "caller", "variable_other_loopback_leg_uuid", "b", "Caller-Destination-Number", "1001",
		}, []queue.Seen{
			queue.Linked{A: "a", B: "b"},
			queue.Rings{Caller: "caller", Leg: "a", Agent: "1001", Via: event.ViaBridge, Relay: true},
		}},
		{"early media", []string{
			"Event-Name", "CHANNEL_BRIDGE", "Unique-ID", "caller", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "leg",
			"Answer-State", "answered", "Call-Direction", "inbound", "Caller-Username", "0142",
			"Other-Leg-Unique-ID", "leg", "Other-Leg-Direction", "outbound", "Other-Leg-Destination-Number", "1001",
			"Other-Leg-Channel-Answered-Time", "0",
		}, []queue.Seen{queue.Bridged{
			A: queue.Side{Channel: "caller", Agent: "0142", Via: event.ViaBridge, Answered: true},
			B: queue.Side{Channel: "leg", Agent: "1001", Via: event.ViaBridge},
		}}},
		{"a step-up", []string{
			"Event-Name", "CHANNEL_UNBRIDGE", "Unique-ID", "caller", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "leg",
			"variable_cs_agent_leg", "leg",
		}, []queue.Seen{queue.TakenOut{Caller: "caller", Leg: "leg"}}},
		{"a transfer", []string{
			"Event-Name", "CHANNEL_UNBRIDGE", "Unique-ID", "caller", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "leg",
		}, []queue.Seen{queue.Moved{Caller: "caller", Leg: "leg"}}},
		{"the end of a bridge", []string{
			"Event-Name", "CHANNEL_UNBRIDGE", "Unique-ID", "caller", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "leg",
			"Hangup-Cause", "NORMAL_CLEARING",
		}, nil},
		{"an agent hangs up", []string{
			"Event-Name", "CHANNEL_HANGUP", "Unique-ID", "leg", "Channel-Name", "sofia/internal/1001", "Hangup-Cause",
			"NORMAL_CLEARING", "variable_sip_term_status", "200",
		}, []queue.Seen{queue.HungUp{Channel: "leg", Cause: "NORMAL_CLEARING"}}},
		{"FreeSWITCH hangs up", []string{
			"Event-Name", "CHANNEL_HANGUP", "Unique-ID", "leg", "Channel-Name", "sofia/internal/1001", "Hangup-Cause",
			"NORMAL_CLEARING",
		}, []queue.Seen{queue.HungUp{Channel: "leg", Cause: "NORMAL_CLEARING", Released: true}}},
		{"a caller gives up in a queue", []string{
			"Event-Name", "CUSTOM", "Event-Subclass", "callcenter%3A%3Ainfo", "CC-Action", "member-queue-end", "CC-Cause",
			"Cancel", "CC-Member-Session-UUID", "caller",
		}, []queue.Seen{queue.Left{Caller: "caller"}}},
		{"a caller of mod_fifo is in a step-up", []string{
			"Event-Name", "CUSTOM", "Event-Subclass", "fifo%3A%3Ainfo", "FIFO-Action", "bridge-caller-stop", "Unique-ID",
			"caller", "variable_cs_agent_leg", "leg",
		}, []queue.Seen{queue.TakenOut{Caller: "caller", Leg: "leg"}}},
		{"something else", []string{"Event-Name", "HEARTBEAT"}, nil},
	} {
		assert.Equal(t, c.want, eventOf(c.headers...).seen(), c.name)
	}
}

// What callers key is in the variables of events, and nobody needs it.
func TestOnlyWhatIsNeededOfAnEventIsKept(t *testing.T) {
	t.Parallel()
	e := eventOf("Event-Name", "CHANNEL_HANGUP", "variable_cs_digits", "246813", "variable_sip_from_uri", "a%40b")
	assert.Equal(t, agentEvent{"Event-Name": "CHANNEL_HANGUP"}, e)
}

func FuzzAgentEvent(f *testing.F) {
	f.Add("Event-Name: CHANNEL_BRIDGE\nUnique-ID: a\n\n")
	f.Add("Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nCC-Action: agent-offering\nCC-Member-Session-UUID: a\n")
	f.Add("Event-Name: CHANNEL_ORIGINATE\nHangup-Cause: %zz\n: \n")
	tracker := queue.New(queue.Options{Record: func(...event.Event) error { return nil }, Servers: 1})
	f.Fuzz(func(t *testing.T, body string) {
		for _, s := range readAgentEvent(body).seen() {
			tracker.See("fs", time.Unix(0, 0), s)
		}
	})
}
