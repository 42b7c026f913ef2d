package doctor

import (
	"context"
	"errors"
	"time"

	"countersign/bus"
	"countersign/store/customers"
	"countersign/store/customers/share"
)

// replicaIsFresh checks how old the customers of a replica are.
func replicaIsFresh(ctx context.Context, d *customers.Reader, o Options) []Finding {
	if o.Share != customers.Replica {
		return nil
	}
	has, is, err := d.Replicated(ctx)
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	age := time.Since(has.AsOf).Round(time.Second)
	switch {
	case !is:
		return []Finding{note(o.command("serve")+" fetches them", "they come from another machine, and have not yet")}
	case has.AsOf.IsZero():
		return []Finding{problem("see that the source runs and reaches NATS: countersign doctor there",
			"they come from another machine, and %d of %d parts have not yet", has.Missing, customers.Shards)}
	case age > o.StaleAfter:
		return []Finding{problem("see that the source runs and reaches NATS: countersign doctor there",
			"they come from %s, and are %s old: calls go on with them", has.Node, age)}
	}
	return []Finding{ok("they come from %s, and are %s old", has.Node, max(0, age))}
}

// customersArePublished checks that a source publishes.
func customersArePublished(ctx context.Context, o Options) []Finding {
	if o.Share != customers.Source {
		return nil
	}
	d, err := openCustomers(ctx, o)
	if err != nil {
		return nil // reported by the check of the customers
	}
	defer d.Close()
	ours, is, err := d.Published(ctx)
	waiting, err2 := d.Unpublished(ctx)
	if err := errors.Join(err, err2); err != nil {
		return []Finding{unreadable(o, err)}
	}
	var said share.Source
	err = o.State(ctx, func(ctx context.Context, s *bus.State) (err error) {
		said, _, err = share.ReadSource(ctx, s.Shards())
		return err
	})
	age := time.Since(said.At).Round(time.Second)
	switch {
	case !is || errors.Is(err, share.ErrNoSource):
		return []Finding{note(o.command("serve")+" publishes them", "the customers here were never published")}
	case err != nil:
		return []Finding{problem("", "who publishes customers is not known: %v", err)}
	case said.ID != ours.ID:
		return []Finding{problem("let one machine have customers.share: source; "+o.command("customers take-over")+
			" makes this one the source", "the machine %s publishes customers, and this one does not", said.Node)}
	case age > o.StaleAfter:
		return []Finding{problem("see that "+o.command("serve")+" runs, and what its log says",
			"the customers here were published %s ago, and %s wait", age, counted(waiting, "change"))}
	}
	return []Finding{ok("customers are published, the last time %s ago", max(0, age))}
}
