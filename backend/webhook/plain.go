package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"countersign/session/event"
)

// plain posts the CloudEvent as it is on NATS.
type plain struct{ *Hook }

// eventMediaType is that of CloudEvents 1.0 in JSON.
const eventMediaType = "application/cloudevents+json"

func (p plain) facts() []event.Fact { return p.settings.facts() }

func (p plain) deliver(ctx context.Context, e event.Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return p.send(ctx, request{
		operation: "post " + string(e.Fact()), method: http.MethodPost, target: p.target, id: e.MessageID(),
		contentType: eventMediaType, body: body,
	}, nil)
}

// Samples belong to this call and customer.
const (
	sampleCall     = "webhook-test"
	sampleCustomer = "webhook-test"
)

func (p plain) test(ctx context.Context) error {
	return p.deliver(ctx, p.discreet(sample(p.options.Now(), event.Verified{
		Customer: sampleCustomer, Name: "Webhook Test", Methods: []event.Method{event.MethodANI, event.MethodPIN},
		Status: event.StatusVerified, Level: 2,
	})))
}

// sample is an event that says of itself that it is none of a call.
func sample(now time.Time, d event.Data) event.Event {
	return event.Event{
		ID: event.ID(sampleCall, 1), Source: "/countersign/webhooks", Time: now.UTC(), Call: sampleCall, Seq: 1,
		Line: sampleCall, Replay: sampleCall, Data: d,
	}
}
