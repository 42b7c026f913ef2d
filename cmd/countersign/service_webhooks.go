package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/steps"
)

// openWebhooks makes the delivery of the settings' webhooks; nil if there are none.
func (s *service) openWebhooks(customers steps.Directory) (*webhook.Delivery, error) {
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
			phones, err := customers.Phones(ctx, customer)
			for _, p := range phones {
				numbers = append(numbers, p.E164)
			}
			return numbers, err
		},
	}
	var hooks []*webhook.Hook
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Webhooks)) {
		h, err := webhook.New(name, s.cfg.Webhooks[name], o)
		if err != nil {
			return nil, fmt.Errorf("webhooks.%s.%w", name, err)
		}
		s.parts.addQuiet(h.Close)
		hooks = append(hooks, h)
	}
	events, err := bus.OpenEvents(s.endpoint, s.log)
	if err != nil {
		return nil, err
	}
	s.parts.addQuiet(events.Close)
	return webhook.NewDelivery(s.state.Webhooks(), events, hooks, s.log, time.Now), nil
}
