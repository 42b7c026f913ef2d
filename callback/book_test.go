package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

func TestOfAHundredWhoBookTheLastPlaceOneGetsIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Capacity = func() int { return 1 } })
	var won, full atomic.Int32
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			_, err := b.Create(t.Context(), Request{
				Customer: fmt.Sprint("C", i), Line: "retail", From: b.clock.now().Add(time.Hour), By: event.ByCustomer,
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ErrFull):
				full.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
	assert.EqualValues(t, 99, full.Load())
	free, err := b.Free(t.Context(), "retail")
	require.NoError(t, err)
	for _, w := range free {
		assert.False(t, w.From.Equal(b.clock.now().Add(time.Hour)))
	}
}

func TestAPlaceIsFreeAgainAfterMovingAndCancelling(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Capacity = func() int { return 1 } })
	c := b.booked(t, "C1")
	first, second := c.From, c.From.Add(time.Hour)
	_, err := b.Move(t.Context(), c.ID, "C2", second, event.ByCustomer)
	require.ErrorIs(t, err, ErrUnknown, "another customer's")
	c, err = b.Move(t.Context(), c.ID, "C1", second, event.ByCustomer)
	require.NoError(t, err)
	assert.Equal(t, second, c.From)
	other := Request{Customer: "C2", Line: "retail", From: first, By: event.ByStaff}
	_, err = b.Create(t.Context(), other)
	require.NoError(t, err, "the first window is free")
	_, err = b.Cancel(t.Context(), c.ID, "C2", event.ByCustomer)
	require.ErrorIs(t, err, ErrUnknown)
	c, err = b.Cancel(t.Context(), c.ID, "C1", event.ByCustomer)
	require.NoError(t, err)
	assert.True(t, c.Word.IsZero(), "the word is wiped")
	other.From = second
	_, err = b.Create(t.Context(), other)
	require.NoError(t, err, "the second window is free")
	assert.Equal(t, []event.Fact{event.FactCallbackBooked, event.FactCallbackChanged, event.FactCallbackCancelled}, b.events.facts(c.ID))
	_, err = b.Move(t.Context(), c.ID, "C1", first.Add(3*time.Hour), event.ByCustomer)
	require.ErrorIs(t, err, ErrTooLate)
}

// Whoever took a place and died before the callback was written does not keep it.
func TestAPlaceOfNobodyIsFreeAfterAMinute(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Capacity = func() int { return 1 } })
	_, _, err := b.takePlace(t.Context(), "019a9788-1c40-7b52-9e0a-3d6f1c8b2a47", "retail", b.clock.now().Add(time.Hour))
	require.NoError(t, err)
	b.booked(t, "C1")
}

func TestWhatCannotBeBooked(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	good := Request{Customer: "C1", Line: "retail", From: b.clock.now().Add(time.Hour), Word: "Anana7", By: event.ByCustomer}
	for name, test := range map[string]struct {
		change func(*Request)
		err    error
	}{
		"a time that is no window":       {func(r *Request) { r.From = r.From.Add(time.Minute) }, ErrFull},
		"a time that is past":            {func(r *Request) { r.From = b.clock.now().Add(-time.Hour) }, ErrFull},
		"a time too far ahead":           {func(r *Request) { r.From = b.clock.now().Add(8 * 24 * time.Hour) }, ErrFull},
		"a number that is not on file":   {func(r *Request) { r.Number = "+493098765432" }, ErrNumber},
		"a premium number that is":       {func(r *Request) { r.Number = "+499001234567" }, ErrNumber},
		"another country at level 3":     {func(r *Request) { r.Number, r.Level = "+33123456789", session.Strong }, ErrNumber},
		"a satellite at level 3":         {func(r *Request) { r.Number, r.Level = "+881612345678", session.Strong }, ErrNumber},
		"a word that is too short":       {func(r *Request) { r.Word = "ab" }, ErrWord},
		"a word with a blank":            {func(r *Request) { r.Word = "ana na" }, ErrWord},
		"a word that is the PIN":         {func(r *Request) { r.Word = "2468" }, ErrWord},
		"a subject of two lines":         {func(r *Request) { r.Subject = "a\nb" }, ErrSubject},
		"a word of more than 20 letters": {func(r *Request) { r.Word = "abcdefghijklmnopqrstu" }, ErrWord},
	} {
		r := good
		test.change(&r)
		_, err := b.Create(t.Context(), r)
		require.ErrorIs(t, err, test.err, name)
	}
	c, err := b.Create(t.Context(), good)
	require.NoError(t, err)
	assert.Equal(t, number, c.Number, "the first that may be called")
	r := good
	r.Number, r.Level = "+493098765432", session.Strong
	c, err = b.Create(t.Context(), r)
	require.NoError(t, err, "another number at level 3")
	assert.Equal(t, r.Number, c.Number)
	_, err = b.Create(t.Context(), good)
	require.NoError(t, err)
	_, err = b.Create(t.Context(), good)
	require.ErrorIs(t, err, ErrTooMany)
}

func TestTheWordIsInTheStoreAndNowhereElse(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	c := b.booked(t, "C1")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", c, c, c.Word, c.Word), "Anana7")
	text, err := json.Marshal(c)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "Anana7")
	value, _, err := b.store.Get(t.Context(), key(c.ID))
	require.NoError(t, err)
	assert.Contains(t, string(value), "Anana7", "which is sealed")
	again, err := decode(value)
	require.NoError(t, err)
	assert.Equal(t, c, again)
	for _, e := range b.events.all {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "Anana7")
	}
}

// failing is a store that is away.
type failing struct{ shared.Store }

func (failing) Get(context.Context, string) ([]byte, uint64, error) {
	return nil, 0, errors.New("away")
}

func TestNobodyKnowsWhetherWeCallWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, calling, err := b.Calling(t.Context(), "C1")
	require.NoError(t, err)
	assert.False(t, calling)
	b.o.Store = failing{b.store}
	_, _, err = b.Calling(t.Context(), "C1")
	require.Error(t, err)
	fresh := New(b.o)
	_, _, err = fresh.Calling(t.Context(), "C1")
	require.Error(t, err, "nothing was read yet")
}

// A fact that could not be published is in the callback, and is published later, in order.
func TestAFactIsPublishedLaterAndOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.events.fail = errors.New("NATS is away")
	c := b.booked(t, "C1")
	assert.Empty(t, b.events.facts(c.ID))
	c, err := b.Cancel(t.Context(), c.ID, "", event.ByStaff)
	require.NoError(t, err)
	b.events.fail = nil
	d := newDialler(b, &exchange{})
	b.clock.add(untoldFor + time.Second)
	d.look(t.Context())
	assert.Equal(t, []event.Fact{event.FactCallbackBooked, event.FactCallbackCancelled}, b.events.facts(c.ID))
	c, err = b.Get(c.ID)
	require.NoError(t, err)
	assert.Empty(t, c.Untold)
}

func TestSoonIsTheWindowOfNow(t *testing.T) {
	t.Parallel()
	open := true
	b := newBench(t, func(o *Options) {
		windows := o.Windows()
		o.Windows = func() Windows { windows.Hours = hoursOf(func() bool { return open }); return windows }
		o.Capacity = func() int { return 1 }
	})
	b.clock.add(7 * time.Minute)
	r := Request{Customer: "C1", Line: "retail", Soon: true, By: event.ByCustomer}
	c, err := b.Create(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, 30*time.Minute, c.To.Sub(c.From))
	assert.False(t, c.Until.After(b.clock.now()), "it is due")
	r.Customer = "C2"
	_, err = b.Create(t.Context(), r)
	require.ErrorIs(t, err, ErrFull)
	open = false
	r.Line = "business"
	_, err = b.Create(t.Context(), r)
	require.ErrorIs(t, err, ErrFull, "out of hours")
}

type hoursOf func() bool

func (h hoursOf) Open(time.Time) bool { return h() }
