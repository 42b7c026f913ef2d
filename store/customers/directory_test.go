package customers

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

func sample(t *testing.T) *Directory {
	d := newDirectory(t, Options{})
	fill(t, d, "id,name,phones,account,pin,language",
		"c1,Ada Lovelace,+49 30 901820; 0171 2345678,1000-42,83645,en",
		"c2,Charles_B,+4930901820,ab 77,,",
		"c3,,,,,de-AT")
	return d
}

func ids(all []session.Customer) []string {
	var ids []string
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestByPhone(t *testing.T) {
	t.Parallel()
	d := sample(t)
	both, err := d.ByPhone(deadline(t), "+4930901820")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{{ID: "c1", Name: "Ada Lovelace", Language: "en", Enrolled: []string{"pin"}},
		{ID: "c2", Name: "Charles_B"}}, both)
	one, err := d.ByPhone(deadline(t), "+491712345678")
	require.NoError(t, err)
	assert.Equal(t, []string{"c1"}, ids(one))
	none, err := d.ByPhone(deadline(t), "+49309018")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestByIdentifier(t *testing.T) {
	t.Parallel()
	d := sample(t)
	for _, keyed := range []string{"100042", "1000-42", " 1000 42"} {
		c, found, err := d.ByIdentifier(deadline(t), KindAccount, keyed)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, "c1", c.ID)
		assert.True(t, c.Has("pin"))
	}
	c, found, err := d.ByIdentifier(deadline(t), KindAccount, "AB77")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, session.Customer{ID: "c2", Name: "Charles_B"}, c)
	for kind, value := range map[string]string{KindAccount: "100043", "tracking": "100042"} {
		_, found, err = d.ByIdentifier(deadline(t), kind, value)
		require.NoError(t, err)
		assert.False(t, found, kind)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	d := sample(t)
	r, err := d.Show(deadline(t), "c1")
	require.NoError(t, err)
	assert.Equal(t, Record{
		Customer: session.Customer{ID: "c1", Name: "Ada Lovelace", Language: "en",
			Enrolled: []string{"pin"}}, Phones: []string{"+491712345678", "+4930901820"},
		Identifiers: []Identifier{{KindAccount, "100042"}}, Credentials: []Credential{{KindPIN, SchemeHMAC}},
	}, r)
	_, err = d.Show(deadline(t), "c9")
	require.ErrorIs(t, err, ErrUnknown)
}

func TestListPagesAndSearches(t *testing.T) {
	t.Parallel()
	d := sample(t)
	n, err := d.Count(deadline(t))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	for _, tt := range []struct {
		name, after string
		limit       int
		search      string
		want        []string
	}{
		{"all", "", 10, "", []string{"c1", "c2", "c3"}},
		{"the first page", "", 2, "", []string{"c1", "c2"}},
		{"the next page", "c2", 2, "", []string{"c3"}},
		{"a part of the name", "", 10, "love", []string{"c1"}},
		{"a part of an account as people write it", "", 10, "00-42", []string{"c1"}},
		{"the end of a phone", "", 10, "01820", []string{"c1", "c2"}},
		{"a search and a page", "c1", 10, "01820", []string{"c2"}},
		{"wildcards are text", "", 10, "_", []string{"c2"}},
		{"nobody", "", 10, "%", nil},
	} {
		got, err := d.List(deadline(t), tt.after, tt.limit, tt.search)
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.want, ids(got), tt.name)
	}
}
