package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// alertBench is a company that sends alerts.
type alertBench struct {
	*Alerts
	b      *bench
	closed atomic.Bool

	mu        sync.Mutex
	delivered []string
	fail      error
	during    func(Alert) // while one is delivered
}

func newAlertBench(t testing.TB) *alertBench {
	t.Helper()
	a := &alertBench{b: newBench(t, nil)}
	windows := a.b.o.Windows()
	windows.Hours = hoursOf(func() bool { return !a.closed.Load() })
	a.Alerts = NewAlerts(AlertOptions{
		Store: a.b.store, Callbacks: a.b.Book, Windows: func() Windows { return windows },
		Find: func(_ context.Context, id string) (string, bool, error) {
			if id == "away" {
				return "", false, errors.New("away")
			}
			return "de", strings.HasPrefix(id, "C"), nil
		},
		Deliver: a.deliverTo, Publish: a.b.events.publish, Source: "/countersign/n1", Now: a.b.clock.now,
		Log: slog.New(slog.DiscardHandler),
	})
	a.Begin()
	a.CaughtUp()
	return a
}

func (a *alertBench) deliverTo(_ context.Context, one Alert) error {
	if a.during != nil {
		a.during(one)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail == nil {
		a.delivered = append(a.delivered, one.Customer)
	}
	return a.fail
}

// order orders alerts about the same.
func (a *alertBench) order(t testing.TB, line string, customers ...string) []Ordered {
	t.Helper()
	_, all, err := a.Send(t.Context(), AlertOrder{
		Customers: customers, Line: line, Subject: "your card", By: event.ByStaff, Who: "ada",
	})
	require.NoError(t, err)
	return all
}

// one is an alert that its customer has.
func (a *alertBench) one(t testing.TB, customer string) Alert {
	t.Helper()
	all := a.order(t, "retail", customer)
	require.NoError(t, all[0].Err)
	a.look(t.Context())
	return a.state(t, all[0].Alert.ID, AlertSent)
}

func (a *alertBench) state(t testing.TB, id string, want AlertState) Alert {
	t.Helper()
	one, err := a.Get(id)
	require.NoError(t, err)
	require.Equal(t, want, one.State)
	return one
}

func (a *alertBench) facts(id string) (facts []event.Fact) {
	a.b.events.mu.Lock()
	defer a.b.events.mu.Unlock()
	for _, e := range a.b.events.all {
		if e.Call == "alert-"+id {
			facts = append(facts, e.Fact())
		}
	}
	return facts
}

func (a *alertBench) talk(id, customer string) (Callback, error) {
	return a.Answer(context.Background(), id, customer, Talk{From: a.b.clock.now().Add(time.Hour).Truncate(time.Hour), Word: "Anana7"})
}

func TestAnAlertBecomesOneCallback(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	one := a.one(t, "C1")
	assert.Equal(t, []string{"C1"}, a.delivered)
	assert.Equal(t, a.b.clock.now().Add(AlertFor), one.Until)
	_, err := a.talk(one.ID, "C2")
	require.ErrorIs(t, err, ErrNoAlert, "another customer's")
	_, err = a.Answer(t.Context(), one.ID, "C1", Talk{From: a.b.clock.now(), Word: "Anana7"})
	require.ErrorIs(t, err, ErrFull, "that is no window")
	_, err = a.Answer(t.Context(), one.ID, "C1", Talk{Soon: true, Word: "2468"})
	require.ErrorIs(t, err, ErrWord, "their PIN")
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 { // at once, after they chose something that cannot be
		all.Go(func() {
			if _, err := a.talk(one.ID, "C1"); err == nil {
				won.Add(1)
			} else {
				assert.ErrorIs(t, err, ErrAlertOver)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
	booked := a.b.Of("C1")
	require.Len(t, booked, 1)
	c := booked[0]
	assert.Equal(t, "Anana7", c.Word.Reveal())
	assert.Equal(t, []string{"retail", "your card"}, []string{c.Line, c.Subject})
	one = a.state(t, one.ID, AlertAnswered)
	assert.Equal(t, c.ID, one.Callback)
	assert.Equal(t, []event.Fact{event.FactAlertSent, event.FactAlertAnswered}, a.facts(one.ID))
	assert.Empty(t, one.Untold)
	for _, e := range a.b.events.all {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "Anana7")
		assert.NotContains(t, string(text), "your card")
	}
	require.ErrorIs(t, a.Decline(t.Context(), one.ID, "C1", event.AlertDeclines), ErrAlertOver)
}

func TestAnAlertIsDeclinedOrAnsweredByMail(t *testing.T) {
	t.Parallel()
	for answer, state := range map[event.AlertAnswer]AlertState{
		event.AlertDeclines: AlertDeclined, event.AlertByMail: AlertByMail,
	} {
		a := newAlertBench(t)
		one := a.one(t, "C1")
		require.ErrorIs(t, a.Decline(t.Context(), one.ID, "C2", answer), ErrNoAlert)
		require.NoError(t, a.Decline(t.Context(), one.ID, "C1", answer))
		a.state(t, one.ID, state)
		require.ErrorIs(t, a.Decline(t.Context(), one.ID, "C1", answer), ErrAlertOver)
		_, err := a.talk(one.ID, "C1")
		require.ErrorIs(t, err, ErrAlertOver)
		last := a.b.events.all[len(a.b.events.all)-1].Data.(event.AlertAnswered)
		assert.Equal(t, answer, last.Answer)
		assert.False(t, last.Until.IsZero())
	}
}

func TestTheLimitsOfACustomer(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	one := a.one(t, "C1")
	assert.ErrorIs(t, a.order(t, "retail", "C1")[0].Err, ErrAlertOpen)
	require.NoError(t, a.Decline(t.Context(), one.ID, "C1", event.AlertDeclines))
	for range 4 { // which passes the limit of a day, and reaches that of a month
		a.b.clock.add(13 * time.Hour)
		require.NoError(t, a.order(t, "retail", "C1")[0].Err)
		assert.ErrorIs(t, a.order(t, "retail", "C1")[0].Err, ErrAlertOpen)
		a.look(t.Context())
		latest := a.Of("C1")[len(a.Of("C1"))-1]
		require.NoError(t, a.Decline(t.Context(), latest.ID, "C1", event.AlertByMail))
	}
	a.b.clock.add(alertDay)
	assert.ErrorIs(t, a.order(t, "retail", "C1")[0].Err, ErrAlertLimit, "five in a month")
	a.b.clock.add(alertMonth - 4*13*time.Hour - alertDay)
	require.NoError(t, a.order(t, "retail", "C1")[0].Err, "the first is 30 days old")

	require.NoError(t, a.order(t, "retail", "C2")[0].Err)
	require.NoError(t, a.order(t, "business", "C2")[0].Err, "another line")
	assert.ErrorIs(t, a.order(t, "cards", "C2")[0].Err, ErrAlertLimit, "two in a day")
}

// Two orders at once do not get past a limit.
func TestTheLimitsHoldForOrdersAtOnce(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, got, err := a.Send(t.Context(), AlertOrder{Customers: []string{"C1"}, Line: "retail", Subject: "your card"})
			if assert.NoError(t, err) && got[0].Err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
}

func TestWhatBecomesOfEachCustomerOfAnOrder(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	require.NoError(t, a.OptOut(t.Context(), "C2", true))
	all := a.order(t, "retail", "C1", "C2", "X1", "away", " C1 ", "")
	require.Len(t, all, 4, "nobody twice")
	assert.Equal(t, "C1", all[0].Customer)
	require.NoError(t, all[0].Err)
	assert.Equal(t, "de", all[0].Alert.Language)
	require.ErrorIs(t, all[1].Err, ErrOptedOut)
	require.ErrorIs(t, all[2].Err, ErrNoCustomer)
	require.Error(t, all[3].Err)
	for _, wrong := range []AlertOrder{
		{Line: "retail", Subject: "your card"},
		{Customers: []string{"C1"}, Subject: "your card"},
		{Customers: []string{"C1"}, Line: "retail", Subject: " "},
		{Customers: []string{"C1"}, Line: "retail", Subject: "two\nlines"},
		{Customers: slices.Collect(numbered(MostOfOrder + 1)), Line: "retail", Subject: "your card"},
	} {
		_, _, err := a.Send(t.Context(), wrong)
		require.ErrorIs(t, err, ErrOrder)
	}
}

// numbered are the ids of n customers.
func numbered(n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprint("C", i)) {
				return
			}
		}
	}
}

// A list of a thousand is sent once to each, by two machines together.
func TestAThousandAtOnce(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	all := a.order(t, "retail", slices.Collect(numbered(MostOfOrder))...)
	require.Len(t, all, MostOfOrder)
	for _, one := range all {
		require.NoError(t, one.Err)
	}
	other := NewAlerts(a.o)
	values, err := a.b.store.All(t.Context(), "alert")
	require.NoError(t, err)
	other.Begin()
	for k, value := range values {
		other.Changed(k, value, 1)
	}
	other.CaughtUp()
	var both sync.WaitGroup
	both.Go(func() { other.look(t.Context()) })
	both.Go(func() { a.look(t.Context()) })
	both.Wait()
	assert.Len(t, a.delivered, MostOfOrder)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(a.delivered))), MostOfOrder, "each once")
}

func TestNothingIsSentInQuietHours(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.closed.Store(true)
	id := a.order(t, "retail", "C1")[0].Alert.ID
	a.look(t.Context())
	a.state(t, id, AlertWaiting)
	assert.Empty(t, a.delivered)
	_, err := a.talk(id, "C1")
	require.ErrorIs(t, err, ErrAlertOver, "they do not know of it yet")
	a.closed.Store(false)
	a.look(t.Context())
	a.state(t, id, AlertSent)
	assert.Len(t, a.delivered, 1)
}

func TestWhoOptsOutIsLeftInPeace(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.closed.Store(true)
	id := a.order(t, "retail", "C1")[0].Alert.ID
	require.NoError(t, a.OptOut(t.Context(), "C1", true))
	assert.Equal(t, a.b.clock.now(), a.OptedOut("C1"))
	assert.Zero(t, a.OptedOut("C2"))
	a.closed.Store(false)
	a.look(t.Context())
	a.state(t, id, AlertUnsent)
	assert.Empty(t, a.delivered)
	require.ErrorIs(t, a.order(t, "retail", "C1")[0].Err, ErrOptedOut)
	require.NoError(t, a.OptOut(t.Context(), "C1", false))
	a.one(t, "C1")
}

func TestAnAlertThatCannotBeSent(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.fail = errors.New("the gateway is away")
	id := a.order(t, "retail", "C1")[0].Alert.ID
	for range MostAlertTries {
		a.state(t, id, AlertWaiting)
		a.look(t.Context())
		a.look(t.Context()) // not before its time
		a.b.clock.add(AlertRetryAfter)
	}
	a.state(t, id, AlertUnsent)
	a.fail = ErrNoWay
	id = a.order(t, "retail", "C2")[0].Alert.ID
	a.look(t.Context())
	a.state(t, id, AlertUnsent)
	assert.Empty(t, a.facts(id))
}

func TestAnAlertEnds(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	one := a.one(t, "C1")
	a.b.clock.add(AlertFor)
	_, err := a.talk(one.ID, "C1")
	require.ErrorIs(t, err, ErrAlertOver)
	a.look(t.Context())
	a.state(t, one.ID, AlertExpired)
	require.NoError(t, a.order(t, "retail", "C1")[0].Err, "none is open any more")
}

// A process that is gone while it sends may have sent: nobody sends again. The customer may answer meanwhile.
func TestAProcessThatDiesWhileItSends(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.order(t, "retail", "C1")
	id := a.Of("C1")[0].ID
	_, err := a.change(t.Context(), id, func(one *Alert) error {
		one.to(AlertSending, a.b.clock.now(), a.b.clock.now().Add(sendingFor))
		return nil
	})
	require.NoError(t, err)
	a.look(t.Context())
	a.state(t, id, AlertSending)
	a.b.clock.add(sendingFor)
	a.look(t.Context())
	a.state(t, id, AlertSent)
	assert.Empty(t, a.delivered)

	a.during = func(one Alert) {
		assert.NoError(t, a.Decline(t.Context(), one.ID, one.Customer, event.AlertDeclines))
	}
	a.order(t, "retail", "C2")
	a.look(t.Context())
	declined := a.Of("C2")[0]
	assert.Equal(t, AlertDeclined, declined.State)
	assert.Equal(t, []event.Fact{event.FactAlertSent, event.FactAlertAnswered}, a.facts(declined.ID))
}

// Between an answer and its callback a process may die: the callback counts if it is there, else the customer answers again.
func TestAProcessThatDiesWhileItAnswers(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	for _, booked := range []bool{true, false} {
		customer := fmt.Sprint("C", booked)
		one, c := a.one(t, customer), Callback{ID: "019a9788-1c40-7b52-9e0a-3d6f1c8b2a47"}
		if booked {
			c = a.b.booked(t, customer)
		}
		_, err := a.change(t.Context(), one.ID, func(one *Alert) error {
			one.Answering = &answering{c.ID, a.b.clock.now()}
			return nil
		})
		require.NoError(t, err)
		_, err = a.talk(one.ID, customer)
		require.ErrorIs(t, err, ErrAlertOver)
		a.b.clock.add(answeringFor + time.Second)
		a.look(t.Context())
		if booked {
			assert.Equal(t, c.ID, a.state(t, one.ID, AlertAnswered).Callback)
			continue
		}
		a.state(t, one.ID, AlertSent)
		_, err = a.talk(one.ID, customer)
		require.NoError(t, err)
		assert.Len(t, a.b.Of(customer), 1)
	}
}

// A fact that could not be published is in the alert, and is published later, in order.
func TestAFactOfAnAlertIsPublishedLaterAndOnce(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.b.events.fail = errors.New("NATS is away")
	one := a.one(t, "C1")
	require.NoError(t, a.Decline(t.Context(), one.ID, "C1", event.AlertDeclines))
	a.b.events.fail = nil
	a.b.clock.add(untoldFor + time.Second)
	a.look(t.Context())
	assert.Equal(t, []event.Fact{event.FactAlertSent, event.FactAlertAnswered}, a.facts(one.ID))
	assert.Empty(t, a.state(t, one.ID, AlertDeclined).Untold)
}

// What the store has of a customer names them where erasing looks for it, and its keys do not.
func TestErasingFindsAlerts(t *testing.T) {
	t.Parallel()
	a := newAlertBench(t)
	a.one(t, "C1")
	for _, prefix := range []string{"alert", "alerted"} {
		all, err := a.b.store.All(t.Context(), prefix)
		require.NoError(t, err)
		require.Len(t, all, 1)
		for k, value := range all {
			var named struct{ Customer string }
			require.NoError(t, json.Unmarshal(value, &named))
			assert.Equal(t, "C1", named.Customer)
			assert.NotContains(t, k, "C1")
			a.Changed(k, nil, 0)
		}
	}
	assert.Empty(t, a.Of("C1"))
}
