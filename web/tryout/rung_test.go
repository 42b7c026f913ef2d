package tryout

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/esl"
	"countersign/freeswitch/sim"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
)

// exchange rings a telephone: the simulated FreeSWITCH, and somebody who keys.
type exchange struct {
	t       *testing.T
	address string
	caller  sim.Caller
	fails   error
	lost    bool // the call does not come to us

	mu     sync.Mutex
	result sim.Result
	killed map[string]bool
	over   chan struct{}
}

func (x *exchange) Place(_ context.Context, _, channel string) error {
	if x.fails != nil || x.lost {
		return x.fails
	}
	phone, err := sim.New(sim.Options{Address: x.address, Speed: 10})
	require.NoError(x.t, err)
	go func() {
		defer close(x.over)
		r, err := phone.Call(x.t.Context(), sim.CallOptions{UUID: channel, From: "1042", To: "countersign-test", Caller: x.caller})
		assert.NoError(x.t, err)
		x.mu.Lock()
		x.result = r
		x.mu.Unlock()
	}()
	return nil
}

func (x *exchange) Kill(channel string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.killed[channel] = true
}

// book is a journal that keeps everything.
type book struct {
	mu  sync.Mutex
	all []event.Event
}

func (b *book) Append(events ...event.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, events...)
	return nil
}

func (*book) Sync(context.Context) error { return nil }

// rung are telephones that can ring, the exchange, the journal, and how many calls were callers'.
func rung(t *testing.T) (*Telephones, *exchange, *book, *int) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, prompts.Unpack(dir))
	catalogue, err := prompts.Open(dir)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	x := &exchange{t: t, address: listener.Addr().String(), killed: map[string]bool{}, over: make(chan struct{})}
	journal, callers := &book{}, new(int)
	p := New(Options{
		Prompts: catalogue, Region: func() string { return "US" }, Places: x, Journal: journal, Node: "n1",
		Log: slog.New(slog.DiscardHandler),
	})
	server := esl.NewServer(p.Handler(func(context.Context, session.Call, session.Channel) { *callers++ }), esl.Options{})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(ctx, listener) }()
	t.Cleanup(func() { stop(); <-served; p.Close() })
	return p, x, journal, callers
}

func TestADraftIsCalledFromATelephone(t *testing.T) {
	t.Parallel()
	p, x, journal, callers := rung(t)
	x.caller = sim.Script(sim.Pace{}, sim.Answer{Prompt: "ask-account", Keys: "100042#"}, sim.Answer{Prompt: "ask-pin", Keys: "2468"})
	id, err := p.RingOn("ada", "1042", retail, false)
	require.NoError(t, err)
	over := await(t, p, "ada", id, ending)
	assert.Equal(t, Said{Kind: "end", Text: "menu XML default", Status: event.StatusVerified, Reason: event.ReasonOK}, over)
	await(t, p, "ada", id, prompt("ask-pin"))
	v, err := p.Look("ada", id)
	require.NoError(t, err)
	assert.True(t, v.Over)
	assert.Equal(t, Said{Kind: "rings", Text: "1042"}, v.Said[0])
	for _, s := range v.Said {
		assert.NotContains(t, s.Text, "2468", "nobody reads what was keyed")
	}
	<-x.over
	assert.Equal(t, sim.HungUp, x.result.End, "nobody of the staff gets it")
	require.NotEmpty(t, journal.all)
	for _, e := range journal.all {
		assert.True(t, e.Test, e.Fact())
		assert.Equal(t, "/countersign/n1", e.Source)
	}
	i := slices.IndexFunc(journal.all, func(e event.Event) bool { return e.Fact() == event.FactVerified })
	require.GreaterOrEqual(t, i, 0)
	assert.Empty(t, journal.all[i].Data.(event.Verified).Proof, "no proof that is worth anything")
	require.Eventually(t, func() bool { x.mu.Lock(); defer x.mu.Unlock(); return len(x.killed) == 1 }, patience, time.Millisecond)
	assert.Zero(t, *callers)

	again, err := sim.New(sim.Options{Address: x.address})
	require.NoError(t, err)
	var channel string
	for c := range x.killed {
		channel = c
	}
	late, err := again.Call(t.Context(), sim.CallOptions{UUID: channel, From: "1042", To: "countersign-test"})
	require.NoError(t, err)
	assert.Equal(t, sim.HungUp, late.End, "the channel is good once, and nobody of the staff gets a test")
	assert.Zero(t, *callers)
	_, _ = again.Call(t.Context(), sim.CallOptions{From: "+12125550100", To: "5000"})
	assert.Equal(t, 1, *callers, "a caller is one")
}

func TestATelephoneThatIsNotReached(t *testing.T) {
	t.Parallel()
	p, x, journal, _ := rung(t)
	x.fails = errors.New(`originate: FreeSWITCH says "-ERR USER_NOT_REGISTERED"`)
	id, err := p.RingOn("ada", "1042", retail, true)
	require.NoError(t, err)
	failed := await(t, p, "ada", id, func(s Said) bool { return s.Kind == "failed" })
	assert.Contains(t, failed.Text, "USER_NOT_REGISTERED")
	x.fails, x.lost = nil, true
	id, err = p.RingOn("ada", "1042", retail, true)
	require.NoError(t, err)
	failed = await(t, p, "ada", id, func(s Said) bool { return s.Kind == "failed" })
	assert.Contains(t, failed.Text, "test_calls.socket", "it was answered, and did not come")
	assert.Empty(t, journal.all)
	id, err = p.RingOn("ada", "1042", retail, true)
	require.NoError(t, err)
	require.NoError(t, p.HangUp("ada", id))
	await(t, p, "ada", id, func(s Said) bool { return s.Kind == "failed" })
	assert.ErrorIs(t, p.Press("ada", id, "1"), ErrOver, "it has keys of its own")
	_, err = p.RingOn("ada", "1042", "format: 9", false)
	assert.Error(t, err)
	_, err = telephones(t).RingOn("ada", "1042", retail, false)
	assert.ErrorIs(t, err, ErrNoTelephone)
}
