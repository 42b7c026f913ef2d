package callback

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/internal/timezones"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// always is open.
type always struct{}

func (always) Open(time.Time) bool { return true }

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// published are the events of a test, each once by its id.
type published struct {
	mu   sync.Mutex
	all  []event.Event
	ids  map[string]bool
	fail error
}

func (p *published) publish(_ context.Context, e event.Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	if !p.ids[e.ID] {
		p.all = append(p.all, e)
		p.ids[e.ID] = true
	}
	return nil
}

func (p *published) facts(id string) (facts []event.Fact) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.all {
		if e.Call == "callback-"+id {
			facts = append(facts, e.Fact())
		}
	}
	return facts
}

const (
	number = "+493012345678"
	mobile = "+4915112345678"
)

type bench struct {
	*Book
	clock  *clock
	events *published
	store  *shared.Memory
}

func newBench(t testing.TB, change func(*Options)) *bench {
	t.Helper()
	b := &bench{clock: newClock(), events: &published{ids: map[string]bool{}}, store: shared.NewMemory()}
	zone, err := timezones.Load("Europe/Berlin")
	require.NoError(t, err)
	o := Options{
		Store:    b.store,
		Windows:  func() Windows { return Windows{Zone: zone, Length: 30 * time.Minute, Hours: always{}} },
		Capacity: func() int { return 4 }, Countries: func() []string { return []string{"DE"} }, Ahead: 7 * 24 * time.Hour,
		Phones: func(context.Context, string) ([]session.Phone, error) {
			return []session.Phone{{E164: "+499001234567"}, {E164: number}, {E164: mobile}}, nil
		},
		Secret: func(_ context.Context, _ string, word session.Secret) (bool, error) {
			return string(word.Reveal()) == "2468", nil
		},
		Publish: b.events.publish, Source: "/countersign/n1", Rules: timezones.Version(), Now: b.clock.now,
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	b.Book = New(o)
	b.Begin()
	b.CaughtUp()
	return b
}

// booked is a callback in the next window but one.
func (b *bench) booked(t testing.TB, customer string) Callback {
	t.Helper()
	c, err := b.Create(t.Context(), Request{
		Customer: customer, Line: "retail", Subject: "my order", From: b.clock.now().Add(time.Hour), Word: "Anana7",
		By: event.ByCustomer,
	})
	require.NoError(t, err)
	return c
}
