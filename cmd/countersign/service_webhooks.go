package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"countersign/backend/endpoint"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/web/staff"
)

// openWebhooks makes the delivery of the settings' webhooks; nil if there are none.
func (s *service) openWebhooks() (*webhook.Delivery, error) {
	if len(s.cfg.Webhooks) == 0 {
		return nil, nil
	}
	o := webhook.Options{
		Log: s.log,
		Customer: func(ctx context.Context, call string) (string, error) {
			k, _, err := s.state.Calls().Recall(ctx, call)
			return k.Customer, err
		},
		Phones: func(ctx context.Context, customer string) (numbers []string, err error) {
			phones, err := s.company.Phones(ctx, customer)
			for _, p := range phones {
				numbers = append(numbers, p.E164)
			}
			return numbers, err
		},
	}
	var hooks []*webhook.Hook
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Webhooks)) {
		o.Asked = s.insight.asked("webhook " + name)
		h, err := webhook.New(name, s.cfg.Webhooks[name], o)
		if err != nil {
			return nil, fmt.Errorf("webhooks.%s.%w", name, err)
		}
		s.parts.addQuiet(h.Close)
		hooks = append(hooks, h)
	}
	var err error
	if s.events, err = bus.OpenEvents(s.endpoint, s.log); err != nil {
		return nil, err
	}
	s.parts.addQuiet(s.events.Close)
	return webhook.NewDelivery(s.state.Webhooks(), s.events, hooks, s.log, time.Now), nil
}

// shownWebhooks are the webhooks on the screens.
type shownWebhooks struct {
	cfg    config
	state  *bus.State
	events *bus.Events
}

var _ staff.Webhooks = shownWebhooks{}

// Statuses implements staff.Webhooks.
func (w shownWebhooks) Statuses(ctx context.Context) (all []webhook.Status, err error) {
	if len(w.cfg.Webhooks) == 0 {
		return nil, nil
	}
	end, err := w.events.End(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(w.cfg.Webhooks)) {
		status, err := webhook.Ask(ctx, w.state.Webhooks(), name, end)
		if err != nil {
			return nil, err
		}
		status.Dialect = endpoint.OrDefault(w.cfg.Webhooks[name].Dialect, webhook.Plain)
		all = append(all, status)
	}
	return all, nil
}

// Retry implements staff.Webhooks.
func (w shownWebhooks) Retry(ctx context.Context, name string) error {
	if _, ok := w.cfg.Webhooks[name]; !ok {
		return webhook.ErrUnknown
	}
	return webhook.Again(ctx, w.state.Webhooks(), name, "", time.Now().UTC())
}

// Test implements staff.Webhooks.
func (w shownWebhooks) Test(ctx context.Context, name string) (answers []webhook.Answer, err error) {
	if _, ok := w.cfg.Webhooks[name]; !ok {
		return nil, webhook.ErrUnknown
	}
	_, err = testWebhook(ctx, w.cfg, name, func(e endpoint.Exchange) {
		answers = append(answers, webhook.Answer{Method: e.Method, Status: e.Status, Took: e.Took})
	})
	return answers, err
}
