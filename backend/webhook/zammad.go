package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"countersign/backend/endpoint"
	"countersign/session/event"
)

// zammad speaks Zammad's generic CTI (docs.zammad.org, "Generic CTI"): newCall when a call rings at its first agent,
// answer, and hangup. Zammad shows the caller log by them, and opens the customer on the agent's screen.
type zammad struct{ *Hook }

func (z zammad) facts() []event.Fact {
	return []event.Fact{event.FactAgentOffered, event.FactAgentConnected, event.FactAgentDone}
}

// unknownCaller is what Zammad calls a caller without a number.
const unknownCaller = "anonymous"

// zammadNoCall begins Zammad's error for a call that it was never told of, such as one whose caller gave up before it
// rang anywhere.
const zammadNoCall = "No such call_id"

// zammadKnown ends Zammad's error for a call that it was told of before: the event was delivered again.
const zammadKnown = "already exists!"

var errZammad = errors.New("zammad does not take the call: its message is in Zammad's HTTP log, under CTI")

func (z zammad) deliver(ctx context.Context, e event.Event) error {
	form := url.Values{}
	switch d := e.Data.(type) {
	case event.AgentOffered:
		if d.Offer > 1 { // Zammad knows the call already
			return nil
		}
		form.Set("event", "newCall")
		form.Set("queue", e.Line)
		form.Add("user[]", extension(d.Agent))
	case event.AgentConnected:
		form.Set("event", "answer")
		form.Set("answeringNumber", extension(d.Agent))
		form.Add("user[]", extension(d.Agent))
	case event.AgentDone:
		if d.End == event.AgentEndTransferred { // the call goes on, and Zammad takes no answer after a hangup
			return nil
		}
		form.Set("event", "hangup")
		form.Set("cause", zammadCause(d))
		if d.Agent != "" {
			form.Set("answeringNumber", extension(d.Agent))
		}
	default:
		return nil
	}
	from, err := z.from(ctx, e.Call)
	if err != nil {
		return err
	}
	form.Set("from", from)
	form.Set("to", e.Line)
	form.Set("direction", "in")
	form.Set("callId", e.Call)
	return z.send(ctx, request{
		operation: "tell zammad of " + form.Get("event"), method: http.MethodPost, target: z.target, id: e.MessageID(),
		contentType: "application/x-www-form-urlencoded", body: []byte(form.Encode()),
	}, func(got *endpoint.Reply) error {
		switch {
		case got.Status/100 == 2:
			return nil
		case strings.Contains(string(got.Body), zammadNoCall), strings.Contains(string(got.Body), zammadKnown):
			return nil
		case got.Status == http.StatusUnprocessableEntity:
			return errZammad
		}
		return refused(got.Status)
	})
}

// from is the telephone number of the call's customer as Zammad writes numbers, if it may leave.
func (z zammad) from(ctx context.Context, call string) (string, error) {
	o := z.options
	if !z.settings.Names || o.Customer == nil || o.Phones == nil {
		return unknownCaller, nil
	}
	customer, err := o.Customer(ctx, call)
	if err != nil || customer == "" {
		return unknownCaller, err
	}
	phones, err := o.Phones(ctx, customer)
	if err != nil || len(phones) == 0 {
		return unknownCaller, err
	}
	return strings.TrimPrefix(phones[0], "+"), nil
}

// extension is the telephone of an agent, by which Zammad finds its user.
func extension(agent string) string {
	short, _, _ := strings.Cut(agent, "@")
	return short
}

// zammadCause is why a call ended, in Zammad's words.
func zammadCause(d event.AgentDone) string {
	if d.End == event.AgentEndAbandoned {
		return "cancel"
	}
	return "normalClearing"
}

func (z zammad) test(ctx context.Context) error {
	return z.deliver(ctx, sample(z.options.Now(), event.AgentDone{Via: event.ViaBridge, End: event.AgentEndAbandoned}))
}
