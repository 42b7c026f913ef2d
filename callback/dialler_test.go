package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
)

// exchange is a telephone system in memory.
type exchange struct {
	mu       sync.Mutex
	channels map[string]bool // by channel; true if connected
	rung     []string        // the channels of customers, in order
	agents   []string
	// agent and customer say how a telephone is answered.
	agent, customer func(ctx context.Context) error
	answered        func(channel string)
}

func (x *exchange) add(channel string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.channels == nil {
		x.channels = map[string]bool{}
	}
	x.channels[channel] = false
}

func (x *exchange) RingAgent(ctx context.Context, _, channel string) error {
	if x.agent != nil {
		if err := x.agent(ctx); err != nil {
			return err
		}
	}
	x.add(channel)
	x.mu.Lock()
	x.agents = append(x.agents, channel)
	x.mu.Unlock()
	return nil
}

func (x *exchange) RingCustomer(ctx context.Context, _, channel, _ string) error {
	x.mu.Lock()
	x.rung = append(x.rung, channel)
	x.mu.Unlock()
	if x.customer != nil {
		if err := x.customer(ctx); err != nil {
			return err
		}
	}
	x.add(channel)
	if x.answered != nil {
		go x.answered(channel)
	}
	return nil
}

func (x *exchange) Exists(_ context.Context, channel string) (there, bridged bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	bridged, there = x.channels[channel]
	return there, bridged, nil
}

func (x *exchange) Kill(channel string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.channels, channel)
}

func (x *exchange) rings() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.rung)
}

func newDialler(b *bench, x *exchange) *Dialler {
	return NewDialler(DiallerOptions{
		Book: b.Book, Switch: x, Process: "p1", Node: "n1", Now: b.clock.now, Log: slog.New(slog.DiscardHandler),
	})
}

var amara = Agent{ID: "amara", Name: "Amara", Telephone: "1002"}

// keys is a customer who presses keys; a channel of session for the Dialler.
type keys struct {
	session.Channel
	x       *exchange
	channel string
	key     string
	hungUp  bool
}

func (k *keys) Collect(context.Context, session.Collect) (session.Entry, error) {
	if k.key == "" {
		return session.Entry{Class: session.NoInput}, nil
	}
	return session.Entry{Class: session.Input, Digits: session.NewSecret([]byte(k.key))}, nil
}

func (k *keys) Play(context.Context, []string) error { return nil }

func (k *keys) Hangup(context.Context, string) error {
	k.hungUp = true
	k.x.Kill(k.channel)
	return nil
}

type noPrompts struct{}

func (noPrompts) File(_, prompt string) (string, bool) { return prompt + ".wav", true }

// presses has the customers of an exchange press a key when they answer.
func presses(x *exchange, d *Dialler, key string) {
	x.answered = func(channel string) {
		k := &keys{x: x, channel: channel, key: key}
		d.Answered(context.Background(), session.Call{Channel: channel, Dialled: AnswerNumber}, k, noPrompts{})
		if !k.hungUp { // the dialplan
			x.mu.Lock()
			x.channels[channel] = true
			x.mu.Unlock()
		}
	}
}

// run runs a Dialler in a bubble of time, where the book's clock is that of the bubble.
func run(t *testing.T, test func(t *testing.T, b *bench, x *exchange, d *Dialler)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Now = time.Now })
		b.clock.at = time.Now() // of the bubble: midnight, 2000-01-01
		x := &exchange{}
		d := newDialler(b, x)
		d.o.Now = time.Now
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); d.Run(ctx) }()
		synctest.Wait()
		test(t, b, x, d)
		stop()
		<-done
	})
}

func (b *bench) state(t testing.TB, id string) Callback {
	t.Helper()
	c, err := b.Get(id)
	require.NoError(t, err)
	return c
}

func TestACallbackFromBookingToTalking(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench, x *exchange, d *Dialler) {
		presses(x, d, "1")
		c := b.booked(t, "C1")
		_, err := d.Take(t.Context(), c.ID, amara)
		require.ErrorIs(t, err, ErrTooLate, "it is not due")
		time.Sleep(time.Hour + 2*time.Second)
		require.Equal(t, Due, b.state(t, c.ID).State)
		_, calling, err := b.Calling(t.Context(), "C1")
		require.NoError(t, err)
		assert.False(t, calling)

		_, err = d.Take(t.Context(), c.ID, amara)
		require.NoError(t, err)
		_, err = d.Take(t.Context(), c.ID, Agent{ID: "ben"})
		require.ErrorIs(t, err, ErrTaken)
		time.Sleep(time.Second)
		now, calling, err := b.Calling(t.Context(), "C1")
		require.NoError(t, err)
		assert.True(t, calling)
		assert.Equal(t, Talking, now.State)
		assert.Equal(t, "Anana7", now.Word.Reveal())
		time.Sleep(time.Hour)
		require.Equal(t, Talking, b.state(t, c.ID).State, "the lease is renewed")
		x.Kill(now.Now.Channel)
		time.Sleep(time.Second)
		over := b.state(t, c.ID)
		assert.Equal(t, Done, over.State)
		assert.Equal(t, event.CallbackTalked, over.Outcome)
		assert.True(t, over.Word.IsZero())
		assert.Len(t, x.rings(), 1)
		assert.Equal(t, []event.Fact{
			event.FactCallbackBooked, event.FactCallbackDue, event.FactCallbackAttempted, event.FactCallbackDone,
		}, b.events.facts(c.ID))
	})
}

// A mailbox answers each time: three attempts, ten minutes apart, and none of them a success.
func TestAMailboxIsNoSuccess(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench, x *exchange, d *Dialler) {
		presses(x, d, "")
		c := b.booked(t, "C1")
		time.Sleep(time.Hour + 2*time.Second)
		for n := range MostAttempts {
			_, err := d.Take(t.Context(), c.ID, amara)
			require.NoError(t, err)
			time.Sleep(RetryAfter - time.Minute)
			assert.Len(t, x.rings(), n+1)
			if n < MostAttempts-1 {
				assert.Equal(t, Booked, b.state(t, c.ID).State, "not before ten minutes are over")
			}
			time.Sleep(time.Minute + 3*time.Second)
		}
		over := b.state(t, c.ID)
		assert.Equal(t, Done, over.State)
		assert.Equal(t, event.CallbackNoKey, over.Outcome)
		assert.True(t, over.Word.IsZero())
		assert.Empty(t, x.channels, "no telephone is left ringing")
	})
}

func TestACustomerWhoAsksForLaterIsCalledInAnHour(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench, x *exchange, d *Dialler) {
		presses(x, d, "2")
		c := b.booked(t, "C1")
		time.Sleep(time.Hour + 2*time.Second)
		_, err := d.Take(t.Context(), c.ID, amara)
		require.NoError(t, err)
		time.Sleep(LaterAfter - time.Minute)
		later := b.state(t, c.ID)
		assert.Equal(t, Booked, later.State)
		assert.Equal(t, event.CallbackLater, later.Attempts[0].Outcome)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, Due, b.state(t, c.ID).State)
	})
}

func TestAnAgentWhoDoesNotAnswerCostsNoAttempt(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench, x *exchange, d *Dialler) {
		x.agent = func(context.Context) error { return &NotReachedError{Outcome: event.CallbackNoAnswer} }
		c := b.booked(t, "C1")
		time.Sleep(time.Hour + 2*time.Second)
		_, err := d.Take(t.Context(), c.ID, amara)
		require.NoError(t, err)
		time.Sleep(time.Second)
		again := b.state(t, c.ID)
		assert.Equal(t, Due, again.State)
		assert.Empty(t, again.Attempts)
		assert.Empty(t, x.rings(), "the customer was not rung")
		time.Sleep(OfferedFor + time.Minute)
		over := b.state(t, c.ID)
		assert.Equal(t, Done, over.State)
		assert.Equal(t, event.CallbackNoAgent, over.Outcome)
	})
}

func TestAnAgentWhoHangsUpEndsTheRinging(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench, x *exchange, d *Dialler) {
		x.customer = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		c := b.booked(t, "C1")
		time.Sleep(time.Hour + 2*time.Second)
		_, err := d.Take(t.Context(), c.ID, amara)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		require.Equal(t, Ringing, b.state(t, c.ID).State)
		x.Kill(x.agents[0])
		time.Sleep(2 * time.Second)
		assert.Equal(t, event.CallbackAgentGone, b.state(t, c.ID).Attempts[0].Outcome)
	})
}

// A process is killed in each state. The next one of the machine goes on at once, another machine when the lease is over; no
// channel is rung twice, and the callback comes to an end.
func TestWhateverStateAProcessDiesIn(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Due, Taken, Ringing, Talking} {
		for _, node := range []string{"n1", "n2"} {
			t.Run(fmt.Sprint(state, " ", node), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, func(o *Options) { o.Now = time.Now })
					x := &exchange{}
					begin := func(node, process string) (*Dialler, context.CancelFunc, chan struct{}) {
						d := newDialler(b, x)
						d.o.Now, d.o.Node, d.o.Process = time.Now, node, process
						ctx, stop := context.WithCancel(t.Context())
						done := make(chan struct{})
						go func() { defer close(done); d.Run(ctx) }()
						return d, stop, done
					}
					forever := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
					d, kill, killed := begin("n1", "p1")
					switch state {
					case Taken:
						x.agent = forever
					case Ringing:
						x.customer = forever
					}
					presses(x, d, "1")
					c, err := b.Create(t.Context(), Request{
						Customer: "C1", Line: "retail", From: time.Now().Add(time.Hour), Word: "Anana7", By: event.ByCustomer,
					})
					require.NoError(t, err)
					time.Sleep(time.Hour + 2*time.Second)
					if state != Due {
						_, err = d.Take(t.Context(), c.ID, amara)
						require.NoError(t, err)
						time.Sleep(2 * time.Second)
					}
					require.Equal(t, state, b.state(t, c.ID).State)
					kill()
					<-killed
					if state == Ringing { // it rings on in the telephone system, and is answered while nobody is there
						x.add(x.rings()[0])
						x.channels[x.rings()[0]] = true
					}

					x.agent, x.customer = nil, nil
					next, stop, stopped := begin(node, "p2")
					presses(x, next, "1")
					time.Sleep(leaseFor + 3*time.Second)
					switch state {
					case Due, Taken:
						require.Equal(t, Due, b.state(t, c.ID).State)
						require.Empty(t, x.rings())
						_, err = next.Take(t.Context(), c.ID, amara)
						require.NoError(t, err)
						time.Sleep(2 * time.Second)
						fallthrough
					default:
						require.Equal(t, Talking, b.state(t, c.ID).State)
					}
					x.Kill(x.rings()[0])
					time.Sleep(2 * time.Second)
					over := b.state(t, c.ID)
					assert.Equal(t, Done, over.State)
					assert.True(t, over.Word.IsZero())
					assert.Len(t, x.rings(), 1, "rung once")
					stop()
					<-stopped
				})
			})
		}
	}
}

// The call rang and ended while nobody was there: the agent says what became of it.
func TestAnAgentSaysWhatBecameOfALostCall(t *testing.T) {
	t.Parallel()
	for _, talked := range []bool{true, false} {
		run(t, func(t *testing.T, b *bench, _ *exchange, d *Dialler) {
			c := b.booked(t, "C1")
			_, err := b.change(t.Context(), c.ID, func(c *Callback) error {
				c.Now = &Running{Agent: amara, AgentChannel: "a", Channel: "b", By: "n1/before", Lease: time.Now().Add(time.Minute)}
				c.to(Ringing, time.Now(), RingingFor)
				return nil
			})
			require.NoError(t, err)
			time.Sleep(3 * time.Second)
			require.Equal(t, Unclear, b.state(t, c.ID).State)
			require.ErrorIs(t, d.Say(t.Context(), c.ID, "ben", talked), ErrTooLate)
			require.NoError(t, d.Say(t.Context(), c.ID, "amara", talked))
			after := b.state(t, c.ID)
			if talked {
				assert.Equal(t, Done, after.State)
				return
			}
			assert.Equal(t, Booked, after.State)
			assert.Equal(t, event.CallbackUnclear, after.Attempts[0].Outcome)
		})
	}
}

// Ten thousand are due in the same minute: mostDue are offered at once, in the order of booking, and each is called.
func TestTenThousandDueAtOnceAreCalledInOrder(t *testing.T) {
	t.Parallel()
	const n = 10_000
	b := newBench(t, func(o *Options) { o.Capacity = func() int { return n } })
	x := &exchange{customer: func(context.Context) error { return errors.New("no such number") }}
	d := newDialler(b, x)
	var ids []string
	from := b.clock.now().Add(time.Hour)
	for i := range n {
		c := Callback{
			ID: fmt.Sprintf("c%05d", i), Customer: fmt.Sprint("C", i), Line: "retail", Number: number, TZ: "Europe/Berlin",
			From: from, To: from.Add(30 * time.Minute), At: b.clock.now().Add(time.Duration(i) * time.Millisecond), State: Booked, Until: from,
		}
		value, err := c.encode()
		require.NoError(t, err)
		revision, err := b.store.Create(t.Context(), key(c.ID), value, -1)
		require.NoError(t, err)
		b.set(c, revision)
		ids = append(ids, c.ID)
	}
	b.clock.add(time.Hour)
	var taken []string
	for len(taken) < n {
		d.look(t.Context())
		due := b.Select(func(c *Callback) bool { return c.State == Due })
		require.LessOrEqual(t, len(due), mostDue)
		require.NotEmpty(t, due)
		for _, c := range due {
			taken = append(taken, c.ID)
			_, err := b.change(t.Context(), c.ID, func(c *Callback) error { c.end(event.CallbackTalked, b.clock.now()); return nil })
			require.NoError(t, err)
		}
	}
	assert.Equal(t, ids, taken)
}

func TestAPlaceInAQueueIsDueWhenItIsItsTurn(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	d := newDialler(b, &exchange{})
	turn := false
	d.o.Turn = func(p Place) (bool, error) { assert.Equal(t, "support@default", p.Queue); return turn, nil }
	c, err := b.Create(t.Context(), Request{
		Customer: "C1", Line: "retail", Place: &Place{Queue: "support@default", Joined: b.clock.now()}, By: event.ByCall,
	})
	require.NoError(t, err)
	d.look(t.Context())
	assert.Equal(t, Booked, b.state(t, c.ID).State)
	turn = true
	d.look(t.Context())
	assert.Equal(t, Due, b.state(t, c.ID).State)
}
