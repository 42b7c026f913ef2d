package customers

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/store/sqlite"
)

var longAgo = time.Unix(0, 0).UTC()

func phones(t *testing.T, d *Directory, customer string) []session.Phone {
	t.Helper()
	all, err := d.Phones(deadline(t), customer)
	require.NoError(t, err)
	return all
}

func TestANewNumberIsKnownForOne(t *testing.T) {
	t.Parallel()
	now := today
	d := newDirectory(t, Options{Now: func() time.Time { return now }})
	fill(t, d, "id,phones", "c1,+4930901820;+4930901821", "c2,")
	assert.Equal(t, []session.Phone{{E164: "+4930901820", Since: longAgo}, {E164: "+4930901821", Since: longAgo}},
		phones(t, d, "c1"), "as old as the customer")

	now = now.Add(time.Hour)
	fill(t, d, "id,phones", "c1,+4930901821;+4930901822", "c2,+4930901820")
	fill(t, d, "id,name,phones", "c1,Ada,", "c2,Bob,")
	fresh := session.Phone{E164: "+4930901822", Since: now}
	assert.Equal(t, []session.Phone{{E164: "+4930901821", Since: longAgo}, fresh}, phones(t, d, "c1"))
	assert.Equal(t, []session.Phone{{E164: "+4930901820", Since: now}}, phones(t, d, "c2"), "new for this customer")

	now = now.Add(time.Hour)
	fill(t, d, "id,phones", "c1,+4930901822")
	assert.Equal(t, []session.Phone{fresh}, phones(t, d, "c1"), "the same number again is no newer")
	now = now.Add(time.Hour)
	fill(t, d, "id,phones", "c1,+4930901821")
	assert.Equal(t, []session.Phone{{E164: "+4930901821", Since: now}}, phones(t, d, "c1"), "one that was away is new")
	assert.Empty(t, phones(t, d, "unknown"))
}

func TestAddPhone(t *testing.T) {
	t.Parallel()
	now := today
	d := newDirectory(t, Options{Now: func() time.Time { return now }})
	fill(t, d, "id,phones", "c1,+4930901820", "c2,")
	for range 2 {
		require.NoError(t, d.AddPhone(deadline(t), "c1", "+4930901821"))
		require.NoError(t, d.AddPhone(deadline(t), "c1", "+4930901820"))
		now = now.Add(time.Hour)
	}
	assert.Equal(t, []session.Phone{{E164: "+4930901820", Since: longAgo}, {E164: "+4930901821", Since: today}},
		phones(t, d, "c1"))
	found, err := d.ByPhone(deadline(t), "+4930901821")
	require.NoError(t, err)
	assert.Equal(t, []string{"c1"}, ids(found))
	require.ErrorIs(t, d.AddPhone(deadline(t), "unknown", "+4930901821"), ErrUnknown)
	for _, number := range []string{"", "030901821", "+49 30 901821", "anonymous", "+4930901821;x"} {
		require.ErrorIs(t, d.AddPhone(deadline(t), "c1", number), session.ErrNotANumber, number)
	}
}

func TestNumbersThatWereOnFileBeforeTheirDateWasAreOld(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	first := schema
	script, err := fs.ReadFile(schema.Files, "migrations/0001_customers.sql")
	require.NoError(t, err)
	first.Files = fstest.MapFS{"migrations/0001_customers.sql": {Data: script}}
	old, err := sqlite.Open(deadline(t), path, first)
	require.NoError(t, err)
	_, err = old.Write.Exec(`INSERT INTO customers VALUES ('c1', 'Ada', 'en', 1);
		INSERT INTO phones VALUES ('+4930901820', 'c1');
		INSERT INTO credentials VALUES ('c1', 'pin', 'hmac', x'', '', x'00');
		INSERT INTO pepper VALUES (1, ?)`, fingerprint(testPepper.keys[0]))
	require.NoError(t, err)
	require.NoError(t, old.Close())

	d := openDirectory(t, path, Options{})
	assert.Equal(t, []session.Phone{{E164: "+4930901820", Since: longAgo}}, phones(t, d, "c1"))
	n, err := d.WrapNext(deadline(t), 2)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}
