package doctor

import (
	"context"
	"maps"
	"slices"

	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/session/event"
)

// webhooksAreDelivered connects to the systems that are told of events, and reads what could not be delivered. It tells
// them nothing: countersign webhooks test does.
func webhooksAreDelivered(ctx context.Context, o Options) (found []Finding) {
	for _, name := range slices.Sorted(maps.Keys(o.Webhooks)) {
		found = append(found, webhookAnswers(ctx, o, name))
		found = append(found, webhookDelivers(ctx, o, name)...)
	}
	return found
}

func webhookAnswers(ctx context.Context, o Options, name string) Finding {
	hook, err := webhook.New(name, o.Webhooks[name], webhook.Options{Log: silent})
	if err != nil {
		return problem("correct webhooks."+name, "%s: %v", name, err)
	}
	defer hook.Close()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := hook.Reach(ctx); err != nil {
		return problem("check that it runs and that this machine can reach it; until then its events wait", "%s: %v", name, err)
	}
	return ok("%s answers on %s; %s sends a test", name, hook.Host(), o.command("webhooks test "+name))
}

func webhookDelivers(ctx context.Context, o Options, name string) (found []Finding) {
	err := o.State(ctx, func(ctx context.Context, s *bus.State) error {
		status, err := webhook.Ask(ctx, s.Webhooks(), name, event.Place{})
		if err != nil {
			return err
		}
		if n := len(status.Failing); n > 0 {
			found = append(found, problem("correct what the error says; "+o.command("webhooks retry "+name)+" tries at once",
				"%s: events of %d calls could not be delivered yet: %s", name, n, status.Failing[n-1].Error))
		}
		if n := len(status.Dead); n > 0 {
			found = append(found, problem(o.command("webhooks retry "+name)+" delivers them",
				"%s: events of %d calls were given up", name, n))
		}
		return nil
	})
	if err != nil {
		return []Finding{skipped("%s: %v", name, err)}
	}
	return found
}
