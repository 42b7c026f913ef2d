package erase

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNobodyIsErasedByAWrongID(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, id := range []string{"nosuch-customer", "nosuch-customer", erased + "x", "c" + erased[1:]} {
		r, err := Run(t.Context(), id, m.options())
		require.ErrorIs(t, err, ErrNobody, "%q, however often", id)
		require.NotNil(t, r)
		assert.True(t, r.Nobody())
		assert.False(t, r.Known)
	}
	assert.Empty(t, m.entries, "nothing was done, so nothing is in the audit log")
	assert.Len(t, m.named(), 4, "the real customer is still there")
	m.isErased(m.erase(erased))

	// somebody who was erased is not nobody: the command may be repeated
	again := m.erase(erased)
	assert.True(t, again.Before)
	assert.False(t, again.Nobody())

	// nor is anybody of whom there is only a trace, such as a customer of the company's own system
	for _, r := range []Receipt{
		{Journal: Journal{Calls: 1}}, {NATS: NATS{Attempts: true}}, {Reports: Reports{Calls: 1}},
		{Remains: []string{"NATS is away"}}, {Known: true},
	} {
		assert.False(t, r.Nobody())
	}
}
