package queue_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/queue"
	"countersign/session/event"
)

func TestAnAgentIsWrittenInOneWay(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"1001": "1001", "anna": "anna", "1001@Default": "1001@default", " Anna.B@Bank.Example ": "Anna.B@bank.example",
		"user/1001@bank.example": "1001@bank.example", "sofia/internal/1001@10.0.0.1:5080": "1001@10.0.0.1",
		"sip:1001@bank.example:5060;transport=tcp": "1001@bank.example", "<SIP:1001@bank.example>": "1001@bank.example",
		"sip:1001@[2001:db8::1]:5060": "1001@2001:db8::1", "loopback/1001/default": "1001",
		"sofia/gateway/trunk/+49 (30) 1234-5678": "number-5678", "tel:+4930123456": "number-3456", "0301234567": "number-4567",
		"+4930123456@gateway.example": "number-3456", "number-0142": "number-0142",
		"": "", "@bank.example": "", "123456": "123456", "12345678x": "12345678x",
	} {
		assert.Equal(t, want, queue.Canonical(address), address)
	}
}

func TestWhoseFactItIs(t *testing.T) {
	t.Parallel()
	for _, data := range []event.Data{
		event.AgentOffered{Agent: "1001"}, event.AgentConnected{Agent: "1001"}, event.AgentMissed{Agent: "1001"},
		event.AgentDone{Agent: "1001"},
	} {
		agent, ok := queue.AgentOf(event.Event{Data: data})
		assert.True(t, ok)
		assert.Equal(t, "1001", agent)
	}
	for _, data := range []event.Data{event.AgentDone{End: event.AgentEndAbandoned}, event.Routed{}} {
		_, ok := queue.AgentOf(event.Event{Data: data})
		assert.False(t, ok, "it is for nobody")
	}
}

func TestWhoSitsThere(t *testing.T) {
	t.Parallel()
	for _, is := range [][2]string{
		{"1001", "1001"}, {"1001", "1001@bank.example"}, {"1001@bank.example", "1001"},
		{"sip:1001@BANK.example", "1001@bank.example"}, {"+49 30 123456", "number-3456"},
	} {
		assert.True(t, queue.IsAt(is[0], is[1]), is)
	}
	for _, not := range [][2]string{
		{"1001", "10010"}, {"1001@a", "1001@b"}, {"", "1001"}, {"1001", ""}, {"", ""}, {"anna", "Anna"},
	} {
		assert.False(t, queue.IsAt(not[0], not[1]), not)
	}
}
