package token_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// part decodes the header (0) or the claims (1) of a token.
func part(t testing.TB, raw string, n int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[n])
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(text, &m))
	return m
}

func TestATokenHasThePolicysClaimsAndNoPersonalData(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.issued(t)
	assert.Less(t, len(raw), 700, "it fits into a SIP header")

	c := part(t, raw, 1)
	assert.Equal(
		t, []string{"acr", "amr", "aud", "call", "exp", "iat", "iss", "jti", "line", "sub"}, slices.Sorted(maps.Keys(c)),
	)
	assert.Equal(t, "countersign:3", c["acr"])
	assert.Equal(t, []any{"ani", "pin", "sms_code"}, c["amr"])
	assert.Equal(t, []any{"countersign"}, c["aud"])
	assert.Equal(t, "countersign", c["iss"])
	assert.Equal(t, canaryCall, c["call"])
	assert.Equal(t, "retail", c["line"])
	assert.EqualValues(t, start.Unix(), c["iat"])
	assert.EqualValues(t, start.Unix()+300, c["exp"])
	id, err := base64.RawURLEncoding.DecodeString(c["jti"].(string))
	require.NoError(t, err)
	assert.Len(t, id, 16)
	assert.NotEqual(t, c["jti"], part(t, b.issued(t), 1)["jti"])

	header := part(t, raw, 0)
	assert.Equal(t, []string{"alg", "kid", "typ"}, slices.Sorted(maps.Keys(header)))
	assert.Equal(t, "EdDSA", header["alg"])

	everything, err := json.Marshal([]any{header, c})
	require.NoError(t, err)
	for _, canary := range []string{canaryCustomer, "100042", "channel-1"} {
		assert.NotContains(t, string(everything), canary)
		assert.NotContains(t, raw, base64.RawURLEncoding.EncodeToString([]byte(canary)))
	}
}

func TestTheSubjectIsStableAndOpaque(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	subject := func(customer string, change func(*token.Options)) any {
		raw, err := benchOn(t, shared.NewMemory(), keys, change).IssueFor(
			deadline(t), customer, []event.Method{event.MethodPIN}, token.AnyLine,
		)
		require.NoError(t, err)
		return part(t, raw, 1)["sub"]
	}
	same := func(*token.Options) {}
	one := subject("a", same)
	assert.Len(t, one, 43)
	assert.Equal(t, one, subject("a", same))
	assert.NotEqual(t, one, subject("b", same), "another customer")
	assert.NotEqual(t, one, subject("a", func(o *token.Options) { o.Audience = "crm" }), "another audience")
	assert.NotEqual(
		t, one, subject("a", func(o *token.Options) { o.SubjectKey = []byte(strings.Repeat("j", 32)) }), "another key",
	)
}

func TestALoginElsewhereHasTheProofsOfItsMethods(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		methods []event.Method
		level   session.Level
		proofs  int
	}{
		"a password":                {[]event.Method{session.MethodPassword}, session.Verified, 1},
		"the app and a password":    {[]event.Method{session.MethodApp, session.MethodPassword}, session.Strong, 2},
		"the app alone":             {[]event.Method{session.MethodApp}, session.Verified, 1},
		"a password and a PIN":      {[]event.Method{session.MethodPassword, event.MethodPIN}, session.Verified, 2},
		"a birth date":              {[]event.Method{event.MethodBirthDate}, session.Identified, 1},
		"one birth date said twice": {[]event.Method{event.MethodBirthDate, event.MethodBirthDate}, session.Identified, 1},
		"an account number":         {[]event.Method{event.MethodAccount}, session.Identified, 0},
		"every method there is":     {token.Methods(), session.Strong, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			raw, err := b.IssueFor(deadline(t), canaryCustomer, test.methods, "retail")
			require.NoError(t, err)
			assert.NotContains(t, part(t, raw, 1), "call")
			c, err := b.Use(deadline(t), secret(raw), "retail")
			require.NoError(t, err)
			assert.Equal(t, test.level, c.Level)
			assert.Len(t, c.Proofs, test.proofs)
			assert.Equal(t, canaryCustomer, c.Customer)
		})
	}
}

func TestIssueRefusesMissingArguments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, methods := range map[string][]event.Method{
		"no methods": nil, "a method that nobody knows": {"voice_print"}, "another token": {event.MethodToken},
		"one good, one unknown": {event.MethodPIN, ""},
	} {
		_, err := b.IssueFor(deadline(t), canaryCustomer, methods, "retail")
		assert.ErrorIs(t, err, token.ErrUnknownMethod, name)
	}
	_, err := b.IssueFor(deadline(t), "", []event.Method{event.MethodPIN}, "retail")
	require.ErrorContains(t, err, "needs a customer and a line")
	_, err = b.IssueFor(deadline(t), canaryCustomer, []event.Method{event.MethodPIN}, "")
	require.ErrorContains(t, err, "needs a customer and a line")
	_, err = b.Issue(deadline(t), session.Known{Line: "retail"})
	require.ErrorContains(t, err, "needs a customer and a line")
	long := known()
	long.Methods = slices.Repeat(long.Methods, 200)
	_, err = b.Issue(deadline(t), long)
	require.ErrorContains(t, err, "more than the 4096 that can be redeemed")
}

func TestUnsafeOptionsAreRefused(t *testing.T) {
	t.Parallel()
	good := token.Options{Store: shared.NewMemory(), Keys: newKeys(t), SubjectKey: subjectKey}
	for says, change := range map[string]func(*token.Options){
		"a store and keys":      func(o *token.Options) { o.Store = nil },
		"store and keys":        func(o *token.Options) { o.Keys = nil },
		"has 31 bytes":          func(o *token.Options) { o.SubjectKey = o.SubjectKey[1:] },
		"out of bounds":         func(o *token.Options) { o.Life = token.MaxLife + time.Second },
		"of -1s is out of boun": func(o *token.Options) { o.Life = -time.Second },
	} {
		o := good
		change(&o)
		_, err := token.New(o)
		assert.ErrorContains(t, err, says)
	}
	_, err := token.New(good)
	require.NoError(t, err)
}
