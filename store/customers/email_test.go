package customers

import (
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func emails(t *testing.T, d *Directory, customer string) []session.Email {
	t.Helper()
	all, err := d.Emails(deadline(t), customer)
	require.NoError(t, err)
	return all
}

func TestANewAddressIsKnownForOne(t *testing.T) {
	t.Parallel()
	now := today
	d := newDirectory(t, Options{Now: func() time.Time { return now }})
	fill(t, d, "id,emails", "c1,ada@example.org;a.lovelace+bank@Example.ORG", "c2,")
	assert.Equal(t, []session.Email{
		{Address: "a.lovelace+bank@example.org", Since: longAgo}, {Address: "ada@example.org", Since: longAgo},
	}, emails(t, d, "c1"), "as old as the customer")

	now = now.Add(time.Hour)
	fill(t, d, "id,emails", "c1,ada@example.org;new@example.org", "c2,ada@example.org")
	fill(t, d, "id,emails,name", "c1,,Ada", "c2,,Bob")
	fresh := session.Email{Address: "new@example.org", Since: now}
	assert.Equal(t, []session.Email{{Address: "ada@example.org", Since: longAgo}, fresh}, emails(t, d, "c1"))
	assert.Equal(t, []session.Email{{Address: "ada@example.org", Since: now}}, emails(t, d, "c2"), "new for this customer")

	now = now.Add(time.Hour)
	fill(t, d, "id,emails", "c1,new@example.org")
	assert.Equal(t, []session.Email{fresh}, emails(t, d, "c1"), "the same address again is no newer")
	assert.Empty(t, emails(t, d, "unknown"))
	r, err := d.Show(deadline(t), "c1")
	require.NoError(t, err)
	assert.Equal(t, []string{"new@example.org"}, r.Emails)
	found, err := d.List(deadline(t), "", 10, "NEW@example")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "c1", found[0].ID)
}
