package bench

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/esl"
	"countersign/lines"
	"countersign/ops/metrics"
	"countersign/session"
)

// service answers calls as the built-in line does, with this status. It has no metrics.
func service(t *testing.T, status func() string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ask := func(ctx context.Context, ch session.Channel, file string) error {
		entry, err := ch.Collect(ctx, session.Collect{
			Files: []string{file}, Min: 4, Max: 10, FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second,
		})
		entry.Wipe()
		return err
	}
	server := esl.NewServer(func(ctx context.Context, _ session.Call, ch session.Channel) {
		if ask(ctx, ch, "/p/ask-account.wav") != nil || ask(ctx, ch, "/p/ask-pin.wav") != nil {
			return
		}
		_ = ch.Transfer(ctx, session.Handover{
			To:        session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"},
			Variables: []session.Variable{{Name: "cs_status", Value: status()}, {Name: "cs_reason", Value: "ok"}},
		})
	}, esl.Options{MaxCalls: 1000})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-done })
	return l.Addr().String()
}

func options(t *testing.T, address string) Options {
	t.Helper()
	def, _ := lines.Default()
	s, err := NewScript(def)
	require.NoError(t, err)
	return Options{
		Server: Server{Address: address, Here: true}, Script: s, Customers: 100, Speed: 100, Start: 40, Most: 40,
		For: time.Minute, Step: 200 * time.Millisecond, Limits: Limits{Failed: 0.001, Reaction: time.Minute, Behind: time.Minute},
	}
}

func TestARateThatHoldsIsFound(t *testing.T) {
	t.Parallel()
	o := options(t, service(t, func() string { return "verified" }))
	o.Start = 20
	told := 0
	o.Stepped = func(Step) { told++ }
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.InDelta(t, 40, r.Rate, 0)
	assert.True(t, r.Cut, "nothing bent")
	require.Len(t, r.Steps, 3, "both rates, and a longer look at the highest")
	assert.Equal(t, 3, told)
	o.Start = o.Most
	once, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Len(t, once.Steps, 1, "the only rate that is asked for")
	assert.InDelta(t, 40, once.Rate, 0)
	for _, s := range r.Steps {
		assert.Positive(t, s.Calls)
		assert.Equal(t, s.Calls, s.Verified)
		assert.Positive(t, s.Reaction.P99)
		assert.False(t, s.Known, "there are no metrics")
	}
	assert.Equal(t, limitNone, r.Limit.Name)

	var text bytes.Buffer
	require.NoError(t, (&Report{Result: *r, Machine: Machine{Cores: 2}}).WriteMarkdown(&text))
	assert.Contains(t, text.String(), "takes at least 40 calls a second")
}

func TestCallersWhoAreTurnedAwayAreCounted(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	o := options(t, service(t, func() string {
		if calls.Add(1) == 1 {
			return "verified"
		}
		return "identified"
	}))
	o.Start, o.Most = 1.9, 2 // the next lower rate is too low to be tried
	o.Step = 500 * time.Millisecond
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Zero(t, r.Rate)
	require.Len(t, r.Steps, 1)
	s := r.Steps[0]
	assert.Positive(t, s.TurnedAway)
	assert.Equal(t, map[string]int{"identified: ok": s.TurnedAway}, s.Why)
	assert.NotEmpty(t, s.Bent)
}

func TestNothingIsMeasuredOnAServiceWithoutTheMadeUpCustomers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	o := options(t, service(t, func() string { calls.Add(1); return "none" }))
	o.Server.Here = false
	_, err := Run(t.Context(), o)
	require.ErrorIs(t, err, ErrNotVerified)
	assert.EqualValues(t, 1, calls.Load(), "a system in use gets one call")
	_, err = Run(t.Context(), options(t, "127.0.0.1:1"))
	require.ErrorContains(t, err, "no answer at 127.0.0.1:1")
}

func TestAStoppedRunIsAnError(t *testing.T) {
	t.Parallel()
	o := options(t, service(t, func() string { return "verified" }))
	o.Step = time.Minute
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, stop)
	_, err := Run(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAMachineIsDescribed(t *testing.T) {
	t.Parallel()
	m, err := LookAt(t.TempDir())
	require.NoError(t, err)
	assert.Positive(t, m.Cores)
	assert.Positive(t, m.SyncMS.Max)
	_, err = LookAt("/nonexistent")
	require.Error(t, err)
}

func TestSpendingIsReadFromMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New("test")
	at := metricsAt(t, m.Handler())
	s := newSpending(Server{Metrics: at + metrics.Path})
	now := s.now(t.Context())
	require.True(t, now.known)
	assert.Positive(t, now.server)
	assert.Positive(t, now.resident)
	assert.False(t, newSpending(Server{Metrics: at + "/nothing"}).now(t.Context()).known)
}

func metricsAt(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
