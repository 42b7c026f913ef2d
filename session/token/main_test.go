package token_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds every wait in these tests.
const patience = 3 * time.Minute

// start is the tests' time; their clock stands still.
var start = time.Date(2025, 11, 19, 9, 41, 7, 250e6, time.UTC)

const (
	canaryCustomer = "cust-100042"
	canaryCall     = "0199d3a1-7c1e-7b1e-8f7e-5d3c9a1b2c3d"
)

var subjectKey = []byte(strings.Repeat("k", 32))

// bench is an Issuer with a clock that can be set.
type bench struct {
	*token.Issuer
	now   time.Time
	store shared.Store
	keys  *token.Keys
}

func newKeys(t testing.TB) *token.Keys {
	t.Helper()
	k, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	return k
}

func newBench(t testing.TB) *bench { return benchOn(t, shared.NewMemory(), newKeys(t)) }

func benchOn(t testing.TB, store shared.Store, keys *token.Keys, changes ...func(*token.Options)) *bench {
	t.Helper()
	b := &bench{now: start, store: store, keys: keys}
	o := token.Options{Store: store, Keys: keys, SubjectKey: subjectKey, Now: func() time.Time { return b.now }}
	for _, change := range changes {
		change(&o)
	}
	var err error
	b.Issuer, err = token.New(o)
	require.NoError(t, err)
	return b
}

func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// known is a call with a PIN and a one-time code proven.
func known() session.Known {
	return session.Known{
		Proven: session.Proven{
			Customer: canaryCustomer, Methods: []event.Method{event.MethodANI, event.MethodPIN, event.MethodSMSCode},
			Language: "de",
			Proofs: []session.Proof{
				{Factor: session.Knowledge, Method: event.MethodPIN},
				{Factor: session.Possession, Method: event.MethodSMSCode, Until: start.Add(time.Minute).UTC()},
			},
		},
		Call: canaryCall, First: canaryCall, Channel: "channel-1", Line: "retail", Decided: start,
	}
}

func (b *bench) issued(t testing.TB) string {
	t.Helper()
	s, err := b.Issue(deadline(t), known())
	require.NoError(t, err)
	return s
}

func secret(s string) session.Secret { return session.NewSecret([]byte(s)) }

// refusal redeems a token that must be refused, and returns the reason.
func (b *bench) refusal(t testing.TB, raw, line string) event.Refusal {
	t.Helper()
	p, err := b.Redeem(deadline(t), secret(raw), line)
	var refused *session.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Empty(t, p)
	if len(raw) > 8 {
		require.NotContains(t, err.Error(), raw[:8])
	}
	return refused.Reason
}
