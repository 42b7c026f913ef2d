package token_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"
)

func TestAnIssuerWithoutOptionsUsesTheDefaults(t *testing.T) {
	t.Parallel()
	store := shared.NewMemory()
	i, err := token.New(token.Options{Store: store, Keys: newKeys(t), SubjectKey: subjectKey})
	require.NoError(t, err)
	assert.Equal(t, token.DefaultLife, i.Life())
	before := time.Now().Truncate(time.Second)
	raw, err := i.IssueFor(deadline(t), canaryCustomer, []event.Method{event.MethodPIN}, "retail")
	require.NoError(t, err)

	c, active, err := i.Introspect(deadline(t), secret(raw))
	require.NoError(t, err)
	require.True(t, active)
	assert.Equal(t, "countersign", c.Issuer)
	assert.Equal(t, "countersign", c.Audience)
	assert.False(t, c.Issued.Before(before), "by the clock of this machine")
	assert.False(t, c.Issued.After(time.Now()))
	assert.Equal(t, token.DefaultLife, c.Expires.Sub(c.Issued))

	_, err = i.Redeem(deadline(t), secret(raw), "retail")
	require.NoError(t, err)
	_, err = i.Redeem(deadline(t), secret(raw), "retail")
	require.ErrorContains(t, err, string(event.RefusedReplayed))
}
