package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"
)

func TestATokenOfACallHasTheCallsProofs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.issued(t)

	c, active, err := b.Introspect(deadline(t), secret(raw))
	require.NoError(t, err)
	require.True(t, active, "looking does not use it up")
	assert.Equal(t, known().Proven, c.Proven)
	assert.Equal(t, session.Strong, c.Level)
	assert.Equal(t, canaryCall, c.Call)
	assert.Equal(t, "retail", c.Line)
	assert.Equal(t, start.Unix()+300, c.Expires.Unix())

	p, err := b.Redeem(deadline(t), secret(raw), "retail")
	require.NoError(t, err)
	assert.Equal(t, known().Proven, p)

	assert.Equal(t, event.RefusedReplayed, b.refusal(t, raw, "retail"))
	_, active, err = b.Introspect(deadline(t), secret(raw))
	require.NoError(t, err)
	assert.False(t, active)
	value, _, err := b.store.Get(deadline(t), "token."+part(t, raw, 1)["jti"].(string))
	require.NoError(t, err)
	assert.NotContains(t, string(value), canaryCustomer, "who it was for is forgotten")
}

func TestAnExpiredProofDoesNotCount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.issued(t)
	b.now = start.Add(2 * time.Minute)
	c, err := b.Use(deadline(t), secret(raw), "retail")
	require.NoError(t, err)
	assert.Equal(t, session.Verified, c.Level, "the code counted for a minute")
}

func TestATokenCountsOnItsLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	anywhere, err := b.IssueFor(deadline(t), "a", []event.Method{event.MethodPIN}, token.AnyLine)
	require.NoError(t, err)
	_, err = b.Redeem(deadline(t), secret(anywhere), "business")
	require.NoError(t, err)

	raw := b.issued(t)
	assert.Equal(t, event.RefusedForeign, b.refusal(t, raw, "business"))
	assert.Equal(t, event.RefusedForeign, b.refusal(t, raw, ""))
	_, err = b.Use(deadline(t), secret(raw), token.AnyLine)
	require.NoError(t, err, "a refusal does not use it up")
}

func TestATokenExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, test := range map[string]struct {
		after time.Duration
		good  bool
	}{
		"its last second":                  {299 * time.Second, true},
		"a second later":                   {300 * time.Second, false},
		"a year later":                     {365 * 24 * time.Hour, false},
		"from a clock that is 30 s ahead":  {-30 * time.Second, true},
		"from a clock that is a minute so": {-time.Minute, false},
	} {
		b.now = start
		raw := b.issued(t)
		b.now = start.Add(test.after)
		if !test.good {
			assert.Equal(t, event.RefusedExpired, b.refusal(t, raw, "retail"), name)
			continue
		}
		_, err := b.Redeem(deadline(t), secret(raw), "retail")
		assert.NoError(t, err, name)
	}
}

func TestATokenIsRedeemedOnceOnTwoMachines(t *testing.T) {
	t.Parallel()
	one := newBench(t)
	race(t, 20, 50, one, benchOn(t, one.store, one.keys))
}

// race redeems the same token n times at once, on alternating machines. If the store did not answer in time, none may
// succeed.
func race(t *testing.T, rounds, n int, machines ...*bench) {
	t.Helper()
	for range rounds {
		raw := machines[0].issued(t)
		var won, replayed, away atomic.Int32
		var all sync.WaitGroup
		gate := make(chan struct{})
		for i := range n {
			machine := machines[i%len(machines)]
			all.Go(func() {
				<-gate
				_, err := machine.Redeem(context.Background(), secret(raw), "retail")
				var refused *session.RefusedError
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &refused) && refused.Reason == event.RefusedReplayed:
					replayed.Add(1)
				case errors.Is(err, bus.ErrAway):
					away.Add(1)
				}
			})
		}
		close(gate)
		all.Wait()
		require.EqualValues(t, n, won.Load()+replayed.Load()+away.Load())
		require.LessOrEqual(t, won.Load(), int32(1))
		require.True(t, won.Load() == 1 || away.Load() > 0)
	}
}

func TestTokensOfOthersAreForeign(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, change := range map[string]func(*token.Options){
		"another issuer":   func(o *token.Options) { o.Issuer = "elsewhere" },
		"another audience": func(o *token.Options) { o.Audience = "elsewhere" },
	} {
		raw := benchOn(t, b.store, b.keys, change).issued(t)
		assert.Equal(t, event.RefusedForeign, b.refusal(t, raw, "retail"), name)
	}
}

func TestATokenThatTheStoreDoesNotKnowIsUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := benchOn(t, shared.NewMemory(), b.keys).issued(t)
	assert.Equal(t, event.RefusedUnknown, b.refusal(t, raw, "retail"))
}

func TestWritingToTheStoreCannotRaiseAToken(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"somebody else": `{"customer":"victim","proofs":[{"factor":2,"method":"pin"},{"factor":3,"method":"totp"}]}`,
		"less proof":    `{"customer":"cust-100042"}`,
		"nobody":        `{}`,
	} {
		b := newBench(t)
		raw := b.issued(t)
		key := "token." + part(t, raw, 1)["jti"].(string)
		_, revision, err := b.store.Get(deadline(t), key)
		require.NoError(t, err)
		_, err = b.store.Update(deadline(t), key, []byte(value), revision, 0)
		require.NoError(t, err)
		assert.Equal(t, event.RefusedForged, b.refusal(t, raw, "retail"), name)
	}
}

// broken is a Store that fails in part.
type broken struct {
	shared.Store
	create, get, update error
	value               []byte
}

func (s broken) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if s.create != nil {
		return 0, s.create
	}
	return s.Store.Create(ctx, key, value, keep)
}

func (s broken) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	value, revision, err := s.Store.Get(ctx, key)
	if s.value != nil {
		value = s.value
	}
	return value, revision, errors.Join(s.get, err)
}

func (s broken) Update(
	ctx context.Context, key string, value []byte, revision uint64, keep time.Duration,
) (uint64, error) {
	if s.update != nil {
		return 0, s.update
	}
	return s.Store.Update(ctx, key, value, revision, keep)
}

func TestAStoreThatDoesNotAnswerIsNotARefusal(t *testing.T) {
	t.Parallel()
	down := errors.New("no responders")
	b := newBench(t)
	raw := b.issued(t)
	for name, store := range map[string]broken{
		"get": {get: down}, "update": {update: down}, "garbage": {value: []byte(`{"customer":`)},
	} {
		store.Store = b.store
		p, err := benchOn(t, store, b.keys).Redeem(deadline(t), secret(raw), "retail")
		require.Error(t, err, name)
		var refused *session.RefusedError
		assert.False(t, errors.As(err, &refused), name)
		assert.Empty(t, p, name)
		assert.NotContains(t, err.Error(), part(t, raw, 1)["jti"], name)
		if name != "garbage" {
			assert.ErrorIs(t, err, down, name)
		}
	}
	_, active, err := benchOn(t, broken{Store: b.store, get: down}, b.keys).Introspect(deadline(t), secret(raw))
	require.ErrorIs(t, err, down)
	assert.False(t, active)
	_, err = benchOn(t, broken{Store: b.store, create: down}, b.keys).Issue(deadline(t), known())
	require.ErrorIs(t, err, down, "no token without what it stands for")
	_, err = b.Redeem(deadline(t), secret(raw), "retail")
	require.NoError(t, err, "it is still good")
}

func TestErrorsOfTheStoreAreRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.issued(t)
	assert.Equal(
		t, event.RefusedUnknown,
		benchOn(t, broken{Store: b.store, get: fmt.Errorf("kv: %w", shared.ErrNotFound)}, b.keys).refusal(t, raw, "retail"),
	)
	assert.Equal(
		t, event.RefusedReplayed,
		benchOn(
			t, broken{Store: b.store, update: fmt.Errorf("kv: %w", shared.ErrConflict)}, b.keys,
		).refusal(t, raw, "retail"),
	)
}

func TestWhatIsNotATokenIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.issued(t)
	for name, text := range map[string]string{
		"nothing": "", "a word": "token", "two dots": "..", "NUL": "\x00", "a megabyte": strings.Repeat("a", 1<<20),
		"a megabyte of dots": strings.Repeat(".", 1<<20),
		"a long tail":        raw + strings.Repeat("A", 4096), "two tokens": raw + "." + raw, "a line end": raw + "\n",
		"a header in front": "Bearer " + raw,
		"no JSON":           "e30.!!!.e30",
	} {
		assert.Equal(t, event.RefusedMalformed, b.refusal(t, text, "retail"), name)
	}
	for n := range len(raw) {
		assert.Contains(
			t, []event.Refusal{event.RefusedMalformed, event.RefusedForged}, b.refusal(t, raw[:n], "retail"),
			"the first %d bytes", n,
		)
	}
	_, err := b.Redeem(deadline(t), secret(raw), "retail")
	require.NoError(t, err)
}

func TestACallRefusesATokenSentOnByACall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	calls := token.ForCalls{Issuer: b.Issuer}
	raw := b.issued(t)
	_, err := calls.Redeem(deadline(t), secret(raw), "retail")
	var refused *session.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, event.RefusedForeign, refused.Reason)
	_, err = b.Use(deadline(t), secret(raw), "retail")
	require.NoError(t, err, "the application that it was for may still use it")
	raw, err = b.IssueFor(deadline(t), canaryCustomer, []event.Method{event.MethodPIN}, "retail")
	require.NoError(t, err)
	p, err := calls.Redeem(deadline(t), secret(raw), "retail")
	require.NoError(t, err)
	assert.Equal(t, canaryCustomer, p.Customer)
}
