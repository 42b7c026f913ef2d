package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/reports/deliver/delivertest"
	"countersign/session/event"
)

// A gateway's receipt reaches the caller on whichever machine it arrives: the text message is lost, the code comes by
// mail.
func TestACodeThatIsLostComesByMail(t *testing.T) {
	t.Parallel()
	type message struct{ To, Text, Ref string }
	lost := make(chan message, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m message
		if assert.NoError(t, json.NewDecoder(r.Body).Decode(&m)) {
			lost <- m
		}
	}))
	t.Cleanup(gateway.Close)
	post := delivertest.New(t, "starttls", true)
	s := newSite(t, 2, "id,phones,account,emails\nC-1,+15551230001,100042,ada@example.org\n", noWaiting+`
sms:
  url: "`+gateway.URL+`/messages"
  body: '{"to": "{{.To}}", "text": "{{.Text}}", "ref": "{{.Reference}}"}'
  receipts: {reference: ref, state: state}
email: {server: "`+post.Address+`", from: "Example Bank <no-reply@bank.example>", user: `+delivertest.User+
		`, password: `+delivertest.Password+`, ca: "`+post.CA+`"}
`)
	s.apply(bankLine("codes", "5100", "sms_code: {ways: [sms, email]}"))
	told := false
	caller := sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		switch {
		case p.Has("ask-account"):
			return sim.Pace{}.Type(p, "100042#")
		case p.Has("code-not-delivered"):
			return sim.Pace{}.Type(p, "0#")
		case p.Has("code-mailed"):
			return sim.Pace{}.Type(p, sixDigits.FindString(post.Got()[0].Text)+"#")
		case p.Has("ask-code") && !told:
			told = true
			status, text := s.nodes[1].ask("POST", "/v1/receipts/sms", `{"ref": "`+(<-lost).Ref+`", "state": "UNDELIV"}`)
			assert.Equal(t, 200, status, text)
			assert.JSONEq(t, `{"taken": 1, "ignored": 0}`, text)
			status, text = s.nodes[1].ask("POST", "/v1/receipts/sms", `{"ref": "somebody-elses", "state": "UNDELIV"}`)
			assert.Equal(t, 200, status, text)
			assert.JSONEq(t, `{"taken": 0, "ignored": 1}`, text)
		}
		return nil
	})
	r := s.nodes[0].call(sim.CallOptions{From: "+15550001111", To: "5100", Caller: caller})
	require.Equal(t, "verified", r.Variables["cs_status"], r.Variables["cs_reason"])
	var story []string
	for _, e := range s.journey(r) {
		if d, ok := e.Data.(event.CodeSent); ok {
			story = append(story, strings.TrimSpace(string(d.Way)+" "+string(d.State)+" "+d.Last2))
		}
	}
	assert.Equal(t, []string{"sms sent 01", "sms not_delivered 01", "email sent"}, story)
	require.Len(t, post.Got(), 1)
	assert.Equal(t, []string{"ada@example.org"}, post.Got()[0].To)
	assert.Empty(t, lost, "one text message")
}
