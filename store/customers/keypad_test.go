package customers

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/store/sqlite"
)

// fits returns the ids of the customers for whose policy a caller keys these digits.
func fits(t testing.TB, d *Directory, keys string) []string {
	t.Helper()
	found, err := d.ByKeypad(deadline(t), "policy", keys)
	require.NoError(t, err)
	return ids(found)
}

func TestByKeypad(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,name,phones,account,pin,id:policy,id:tracking",
		"c1,Ada,+4930901820,100042,83645,AB-1234,ab 1234",
		"c2,Bob,,100043,,ca 1234,",
		"c3,,,100044,,22-1234,",
		"c4,,,AC1234,,X9,",
		"10001,,,,,,")
	for _, c := range []struct {
		kind, keys string
		want       []string
	}{
		{"policy", "221234", []string{"c1", "c2", "c3"}},
		{"tracking", "221234", []string{"c1"}},
		{KindAccount, "221234", []string{"c4"}},
		{KindAccount, "100043", []string{"c2"}},
		{"policy", "99", []string{"c4"}},
		{"policy", "22123", nil},
		{"policy", "AB1234", []string{"c1"}}, // no caller can key it
		{"policy", "", nil},
		{KindCustomer, "10001", []string{"10001"}},
		{KindCustomer, "21", nil},
	} {
		found, err := d.ByKeypad(deadline(t), c.kind, c.keys)
		require.NoError(t, err)
		assert.Equal(t, c.want, ids(found), "%s %s", c.kind, c.keys)
	}
	found, err := d.ByKeypad(deadline(t), "tracking", "221234")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{{ID: "c1", Name: "Ada", Enrolled: []string{KindPIN}}}, found)
	listed, err := d.List(deadline(t), "", 10, "22-12")
	require.NoError(t, err)
	assert.Equal(t, []string{"c1", "c2", "c3", "c4"}, ids(listed), "who looks for what a caller keyed")
}

func TestAtMostAHundredHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	rows := []string{"id,id:policy"}
	for i := range maxOnSameKeys + 20 {
		// Four letters of each key: 256 texts with the same keys.
		rows = append(rows, fmt.Sprintf("c%03d,%c%c%c%c", i, "WXYZ"[i>>6&3], "WXYZ"[i>>4&3], "WXYZ"[i>>2&3], "WXYZ"[i&3]))
	}
	fill(t, d, rows...)
	assert.Len(t, fits(t, d, "9999"), maxOnSameKeys)
}

func TestTheKeysOfAnIdentifierStayTrue(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,id:policy", "c1,AB1", "c2,AC1", "c3,BA1", "c4,CC1")
	assert.Equal(t, []string{"c1", "c2", "c3", "c4"}, fits(t, d, "221"))
	fill(t, d, "id,id:policy", "c1,AD1")
	assert.Equal(t, []string{"c2", "c3", "c4"}, fits(t, d, "221"), "after an import with another one")
	assert.Equal(t, []string{"c1"}, fits(t, d, "231"))
	_, err := d.Import(deadline(t), csvOf("id,id:policy", "c2,"), ImportOptions{ClearEmpty: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"c3", "c4"}, fits(t, d, "221"), "after an import that empties it")
	require.NoError(t, d.Remove(deadline(t), "c3"))
	assert.Equal(t, []string{"c4"}, fits(t, d, "221"), "after the customer was removed")
	_, _, err = d.Erase(deadline(t), "c4")
	require.NoError(t, err)
	assert.Empty(t, fits(t, d, "221"), "after the customer was erased")
	_, err = d.Import(deadline(t), csvOf("id,id:policy", "c5,AB1", "c6,AD1"), ImportOptions{})
	require.ErrorIs(t, err, ErrBadRows)
	assert.Empty(t, fits(t, d, "221"), "after an import that failed")
}

// The migration has the letters of session.Keypad in SQL.
func TestTheKeysOnFileAreThoseOfTheSession(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	random := rand.New(rand.NewPCG(1, 2))
	rows := []string{"id,id:policy", "c0,ABCDEFGHIJKLMNOPQRSTUVWXYZ01239"}
	for i := range 500 {
		value := make([]byte, 3+random.IntN(maxIdentifier-3))
		for j := range value {
			value[j] = alphanumeric[random.IntN(len(alphanumeric))]
		}
		rows = append(rows, fmt.Sprintf("c%d,%s", i+1, value))
	}
	_, err := d.Import(deadline(t), csvOf(rows...), ImportOptions{SkipBad: true})
	require.NoError(t, err)
	type pair struct {
		value string
		keys  sql.NullString
	}
	all, err := sqlite.Collect(deadline(t), d.db, func(r sqlite.Row) (p pair, err error) {
		return p, r.Scan(&p.value, &p.keys)
	}, `SELECT value, keys FROM identifiers`)
	require.NoError(t, err)
	require.Greater(t, len(all), 400)
	for _, p := range all {
		hasLetters := strings.Trim(p.value, "0123456789") != ""
		require.Equal(t, hasLetters, p.keys.Valid, p.value)
		if hasLetters {
			require.Equal(t, session.Keypad(p.value), p.keys.String, p.value)
		}
	}
}

// olderSchema is the schema before identifiers had keys.
func olderSchema(t *testing.T) sqlite.Schema {
	t.Helper()
	older := schema
	files := fstest.MapFS{}
	for _, name := range []string{"0001_customers.sql", "0002_more_secrets.sql", "0003_erased.sql"} {
		text, err := fs.ReadFile(migrations, "migrations/"+name)
		require.NoError(t, err)
		files["migrations/"+name] = &fstest.MapFile{Data: text}
	}
	older.Files = files
	return older
}

func TestIdentifiersOfEarlierVersionsAreFoundByTheirKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	db, err := sqlite.Open(deadline(t), path, olderSchema(t))
	require.NoError(t, err)
	require.NoError(t, db.InTx(deadline(t), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO customers VALUES ('c1', 'Ada', 'en', 1), ('c2', '', '', 1);
			INSERT INTO identifiers VALUES ('policy', 'AB1234', 'c1'), ('policy', '221234', 'c2')`)
		return err
	}))
	require.NoError(t, db.Close())
	d := openDirectory(t, path, Options{})
	assert.Equal(t, []string{"c1", "c2"}, fits(t, d, "221234"))
}

// A look-up reads a row for each customer found, however many there are: each of its parts is a search by an index,
// with all that is asked for.
func TestALookUpByKeysReadsNothingElse(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	plan, err := sqlite.Collect(deadline(t), d.db, func(r sqlite.Row) (detail string, err error) {
		var id, parent, unused int
		return detail, r.Scan(&id, &parent, &unused, &detail)
	}, `EXPLAIN QUERY PLAN `+withKeys, "policy", "221234")
	require.NoError(t, err)
	var searches []string
	for _, step := range plan {
		assert.NotContains(t, step, "SCAN", plan)
		if strings.HasPrefix(step, "SEARCH") {
			searches = append(searches, step)
		}
	}
	assert.Equal(t, []string{
		"SEARCH identifiers USING PRIMARY KEY (kind=? AND value=?)",
		"SEARCH identifiers USING INDEX identifiers_by_keys (kind=? AND keys=?)",
	}, searches)
}

func TestAnImportNamesIdentifiersWithTheSameKeys(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	for _, c := range []struct {
		rows []string
		want SharedKeys
	}{
		{[]string{"id,id:policy,account", "c1,AB1,221", "c2,DD1,222", "c3,331,333"}, SharedKeys{1, "policy", "331"}},
		{[]string{"id,id:policy", "c4,AC1", "c5,EF1"}, SharedKeys{2, "policy", "221"}},
		{[]string{"id,id:policy", "c6,XX1"}, SharedKeys{}},
		{[]string{"id,name", "c1,Ada"}, SharedKeys{}},
	} {
		result, err := d.Import(deadline(t), csvOf(c.rows...), ImportOptions{})
		require.NoError(t, err)
		assert.Equal(t, c.want, result.SharedKeys, c.rows)
	}
}

func TestARowWithAWrongCheckDigitIsBad(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	var bad []string
	o := ImportOptions{
		SkipBad: true, OnBad: func(b BadRow) { bad = append(bad, b.Column+": "+b.String()) },
		Checks: map[string]func(string) bool{"policy": func(s string) bool { return strings.HasSuffix(s, "M") }},
	}
	result, err := d.Import(deadline(t), csvOf("id,id:policy,account", "c1,a1-m,1", "c2,A1-N,2", "c3,,3"), o)
	require.NoError(t, err)
	assert.Equal(t, 2, result.Imported)
	assert.Equal(t, []string{`id:policy: line 3: policy "A1N": its check digit or letter is wrong: correct it`}, bad)
	assert.Equal(t, []string{"c1"}, fits(t, d, "216"), "the right one, as the check saw it")
	for _, header := range []string{"id,account", "id,id:police"} {
		_, err = d.Import(deadline(t), csvOf(header, "c1,1"), o)
		assert.EqualError(t, err, "line 1: there is no column id:policy whose check digits could be checked")
	}
}

func TestAPINThatIsTheKeysOfAnIdentifierIsWeak(t *testing.T) {
	t.Parallel()
	for id, weak := range map[string]bool{"AB-7": false, "XAB-69": true, "AA269": true, "2269": true, "22A69": true,
		"22B39": false} {
		why := weakness([]byte("2269"), []string{id}, nil, nil)
		assert.Equal(t, weak, why == "is part of the customer's id or account number", "%s: %s", id, why)
	}
}

func TestTheKeysOfAnErasedIdentifierAreLookedFor(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	fill(t, d, "id,id:policy,id:contract", "C-1001,AB123456,ZZ123456", "C-1002,22123456,99")
	_, set, err := d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Contains(t, set, []byte("99123456"))
	assert.NotContains(t, set, []byte("22123456"), "another customer has it too")
}

// BenchmarkByKeypad looks up one of a million identifiers with letters, two of which have the same keys on average.
func BenchmarkByKeypad(b *testing.B) {
	d := newDirectory(b, Options{Scheme: SchemeHMAC})
	const all = 1_000_000
	ctx := context.Background()
	require.NoError(b, d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, query := range []string{
			`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
				INSERT INTO customers SELECT printf('C-%07d', i), '', '', 1 FROM n`,
			`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
				INSERT INTO identifiers (kind, value, customer)
				SELECT 'policy', char(65 + i % 2) || printf('%06d', i / 2), printf('C-%07d', i) FROM n`,
		} {
			if _, err := tx.ExecContext(ctx, query, all); err != nil {
				return err
			}
		}
		return nil
	}))
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		found, err := d.ByKeypad(ctx, "policy", fmt.Sprintf("2%06d", random.IntN(all/2)))
		require.NoError(b, err)
		require.Len(b, found, 2)
	}
}
