package customers

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/store/traces"
)

func TestACustomerIsErasedFromTheDirectory(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name,phones,account,pin,totp_secret,fact:postcode,emails",
		"C-1001,Ada Lovelace,+493012345678;+493012345679,90817263,246813,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,"+
			"10117,ada@example.org;home@example.org",
		"C-1002,Ada Lovelace,+493012345678,90817264,975310,,,home@example.org")
	began := time.Now()
	require.NoError(t, d.Remember(deadline(t), "C-1001", session.Habit{Slow: true}, began))
	removed, set, err := d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, Removed{"customers": 1, "phones": 2, "emails": 2, "identifiers": 1, "credentials": 2, "sealed": 1,
		"habits": 1},
		removed)
	for _, want := range []string{"C-1001", `"customer":"C-1001"`, "+493012345679", "90817263", "ada@example.org"} {
		assert.Contains(t, set, []byte(want))
	}
	assert.NotContains(t, set, []byte("Ada Lovelace"), "others have the name too")
	assert.NotContains(t, set, []byte("+493012345678"), "and the number")
	assert.NotContains(t, set, []byte("home@example.org"), "nor the mailbox")
	assert.Len(t, set, 8, "with three hashes")
	fill(t, d, "id,name", "C-1003,Smith & Sons")
	_, spelled, err := d.Erase(deadline(t), "C-1003")
	require.NoError(t, err)
	assert.Equal(t, traces.Set{[]byte("C-1003"), []byte("Smith & Sons"), []byte(`Smith \u0026 Sons`),
		[]byte(`"customer":"C-1003"`)}, spelled, "as events have it")
	_, err = d.Show(deadline(t), "C-1001")
	assert.ErrorIs(t, err, ErrUnknown)
	require.NoError(t, d.Remember(deadline(t), "C-1001", session.Habit{Slow: true}, began), "of a call that was going on")
	h, err := d.Habit(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Zero(t, h)
	r, err := d.Show(deadline(t), "C-1002")
	require.NoError(t, err)
	assert.Len(t, r.Phones, 1)

	removed, set, err = d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, Removed{"customers": 0, "phones": 0, "emails": 0, "identifiers": 0, "credentials": 0, "sealed": 0,
		"habits": 0},
		removed)
	assert.Equal(t, traces.Set{[]byte("C-1001"), []byte(`"customer":"C-1001"`)}, set)
	short := traces.Set{}
	short.Add([]byte("1001"))
	assert.Empty(t, short, "a short number turns up by chance")
}

func TestOthersWriteTheDirectoryWhileItIsSearchedForWhatTheyShare(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name", "C-1001,Ada Lovelace")
	require.NoError(t, d.db.InTx(deadline(t), func(context.Context, *sql.Tx) error {
		traces, err := d.tracesOf(deadline(t), "C-1001")
		assert.Len(t, traces, 3)
		return err
	}))
}
