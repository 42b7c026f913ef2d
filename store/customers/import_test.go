package customers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

func count(t *testing.T, d *Directory) int {
	t.Helper()
	n, err := d.Count(deadline(t))
	require.NoError(t, err)
	return n
}

func TestImportReadsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	const file = "\ufeffAccount, PIN ,ID,Phones,passphrase,name,birth_date\r\n" +
		"10-00 42,83645,c1,030 901820; +49 30 901820;;,,\"Lovelace, \"\"Ada\"\"\",1915-12-10\r\n" +
		"\r\n" +
		",1234,c2,,,Ünal,\r\n"
	result, err := d.Import(deadline(t), strings.NewReader(file), ImportOptions{Region: "DE"})
	require.NoError(t, err)
	assert.Equal(t, ImportResult{Rows: 2, Imported: 2, Added: 2, WeakPINs: 1}, result)
	r, err := d.Show(deadline(t), "c1")
	require.NoError(t, err)
	assert.Equal(t, `Lovelace, "Ada"`, r.Name)
	assert.Equal(t, []string{"+4930901820"}, r.Phones)
	assert.Equal(t, []Identifier{{KindAccount, "100042"}}, r.Identifiers)
	ok, err := d.Check(deadline(t), "c2", KindPIN, secret("1234"))
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestImportRefusesFilesItWouldMisread(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, want string }{
		"empty": {"", "the file is empty: its first line must name the columns"},
		"unknown column": {"id,nmae\n",
			`line 1: unknown column "nmae"; the columns are id, name, phones, account, pin, birth_date, passphrase, ` +
				`totp_secret, language, emails, habits, id:<kind> and fact:<kind>`},
		"a column twice": {"id,pin,PIN\n", "line 1: the column pin is there twice"},
		"a kind of its own that is none": {"id,fact:post code\n",
			`line 1: the column "fact:post code" cannot have this name`},
		"a fact with a name that is taken": {"id,fact:pin\n", `line 1: the column "fact:pin" cannot have this name`},
		"an identifier that has a column":  {"id,id:account\n", `line 1: the column "id:account" cannot have this name`},
		"a column of its own twice":        {"id,fact:a,Fact:A\n", "line 1: the column fact:a is there twice"},
		"no id":                            {"name,pin\n", "line 1: the column id is missing"},
		"an old workbook":                  {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx or CSV"},
		"an archive that is no workbook":   {"PK\x03\x04 and so on", "the file is no workbook that can be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newDirectory(t, Options{}).Import(deadline(t), strings.NewReader(tt.file), ImportOptions{})
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// badFile has a bad row for every reason, on lines that blank lines and a cell of two lines have moved, and three
// good rows.
var badFile = strings.Join([]string{
	"id,name,phones,account,pin,language", // 1
	"g1,Good,+4930901820,1001,83645,en",
	"",
	"b1,,030 1234,,,", // 4
	"b2,\"two", "lines\",,,,",
	"b3,,nonsense,,,", // 7
	"no spaces,,,,,",
	",Nobody,,,,",
	"b4,,,12/34,,",
	"b5,,,,12a4,", // 11
	"b6,Zoë,,,,english please",
	"b7,too,few",
	`b8,a "quoted" name,,,,`,
	"b9,caf\xe9,,,,", // 15
	"g1,Again,,,,",
	"b10,,,10 01,,",
	"g2,,,1002,,",
	"b11,,,,1234567890123,", // 19
	"g3,,,,,",
	"b12," + strings.Repeat("x", 201) + ",,,,",
	`b13,"never closed,,,,`, // 22
	"g4,,,,,",
}, "\n")

var badLines = []string{
	`line 4: phone "030 1234" has no country code: write it like +49301234567, or say which region ` +
		`the numbers belong to (--region)`,
	`line 5: name "two\nlines" has a line break, tab or other control character: remove it`,
	`line 7: phone "nonsense": not a telephone number; correct it or leave it out`,
	`line 8: id "no spaces": use 1 to 64 of the letters A to Z, digits and . _ @ + = -`,
	`line 9: the id is missing: every customer needs one`,
	`line 10: account "12/34": use up to 32 letters A to Z and digits; spaces and dashes do not count`,
	`line 11: the pin must have 4 to 12 digits and nothing else`,
	`line 12: language "english please": write it like en or de-AT`,
	`line 13: the row has 3 cells and the header 6: put text with separators in quotes`,
	`line 14: there is a " in a cell that does not begin with one: put the cell in quotes and double those in it`,
	`line 15: the text is not UTF-8: save the file as UTF-8`,
	`line 16: id g1 is in the file twice: keep one of the rows`,
	`line 17: account 1001 belongs to customer g1 already: it can have one customer only`,
	`line 19: the pin must have 4 to 12 digits and nothing else`,
	`line 21: name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is too long: use up to 200 characters`,
	`line 22: a cell in quotes does not end as it should: close it with a ", and double quotes in it`,
}

func TestImportReportsEveryBadRowAndStoresNothing(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	var got []string
	result, err := d.Import(deadline(t), strings.NewReader(badFile),
		ImportOptions{OnBad: func(b BadRow) { got = append(got, b.String()) }})
	require.ErrorIs(t, err, ErrBadRows)
	require.EqualError(t, err, "nothing was imported: 16 of 19 rows are bad")
	assert.Equal(t, badLines, got)
	assert.Equal(t, 16, result.Bad)
	assert.Zero(t, result.Imported)
	assert.Zero(t, count(t, d))
}

func TestImportSkipsBadRowsWhenAsked(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	result, err := d.Import(deadline(t), strings.NewReader(badFile), ImportOptions{SkipBad: true})
	require.NoError(t, err)
	assert.Equal(t, ImportResult{Rows: 19, Imported: 3, Added: 3, Bad: 16}, result)
	all, err := d.List(deadline(t), "", 10, "")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{{ID: "g1", Name: "Good", Language: "en", Enrolled: []string{"pin"}}, {ID: "g2"},
		{ID: "g3"}}, all)
}

func TestImportChangesOnlyWhatTheFileSays(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	fill(t, d, "id,name,phones,account,pin,language", "c1,Ada,+4930901820;+4930901821,1001,83645,en",
		"c2,Bob,+4930901822,1002,,")
	fill(t, d, "id,phones,account,name", "c1,,,", "c2,+4930901823,2002,Robert", "c3,,1002,Carol")
	c1, err := d.Show(deadline(t), "c1")
	require.NoError(t, err)
	assert.Equal(t, Record{
		Customer: session.Customer{ID: "c1", Name: "Ada", Language: "en",
			Enrolled: []string{"pin"}}, Phones: []string{"+4930901820", "+4930901821"},
		Identifiers: []Identifier{{KindAccount, "1001"}}, Credentials: []Credential{{KindPIN, SchemeHMAC}},
	}, c1)
	c2, err := d.Show(deadline(t), "c2")
	require.NoError(t, err)
	assert.Equal(t, Record{
		Customer: session.Customer{ID: "c2",
			Name: "Robert"}, Phones: []string{"+4930901823"}, Identifiers: []Identifier{{KindAccount, "2002"}},
	}, c2)
	c3, found, err := d.ByIdentifier(deadline(t), KindAccount, "1002")
	require.NoError(t, err)
	assert.True(t, found, "the row before freed this account of c2")
	assert.Equal(t, "Carol", c3.Name)

	_, err = d.Import(deadline(t), csvOf("id,account", "c4,1001"), ImportOptions{})
	require.ErrorIs(t, err, ErrBadRows, "the account is c1's")
	fill(t, d, "id,pin", "c1,91827")
	ok, err := d.Check(deadline(t), "c1", KindPIN, secret("91827"))
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestImportOfEveryKindOfSecretAndIdentifier(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	fill(t, d, "id,ID:Tracking,account,birth_date,passphrase,totp_secret,fact:postcode,pin",
		"1001,70-01,4711,29.08.1984,Open sesame,"+rfcKey+",01099,83645", "C-2,7002,,,,,,", "C-3,,7001,,,"+rfcKey+",,")
	r, err := d.Show(deadline(t), "1001")
	require.NoError(t, err)
	assert.Equal(t, []string{KindBirthDate, KindPassphrase, KindPIN, "postcode", KindTOTP}, r.Enrolled)
	assert.Equal(t, []Identifier{{KindAccount, "4711"}, {"tracking", "7001"}}, r.Identifiers)
	assert.Equal(t, []Credential{
		{KindBirthDate, SchemeHMAC}, {KindPassphrase, SchemeHMAC}, {KindPIN, SchemeHMAC}, {"postcode", SchemeHMAC}, {KindTOTP,
			SchemeSealed},
	}, r.Credentials)
	for _, tt := range []struct{ kind, keyed, want string }{
		{KindAccount, "7001", "C-3"}, {"tracking", "7001", "1001"}, {"tracking", "70 02", "C-2"}, {KindCustomer, "10-01",
			"1001"}, {KindCustomer, "2", ""}, {KindAccount, "7002", ""},
	} {
		c, found, err := d.ByIdentifier(deadline(t), tt.kind, tt.keyed)
		require.NoError(t, err)
		assert.Equal(t, tt.want != "", found, "%s %s", tt.kind, tt.keyed)
		assert.Equal(t, tt.want, c.ID)
	}

	fill(t, d, "id,id:tracking,passphrase,totp_secret", "1001,7003,open barley,KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF",
		"C-2,7001,,", "C-3,,,")
	c, _, err := d.ByIdentifier(deadline(t), "tracking", "7001")
	require.NoError(t, err)
	assert.Equal(t, "C-2", c.ID, "the row before freed it")
	for phrase, want := range map[string]bool{"open sesame": false, "open barley": true} {
		ok, err := d.Check(deadline(t), "1001", KindPassphrase, secret(phrase))
		require.NoError(t, err)
		assert.Equal(t, want, ok, phrase)
	}
	for customer, want := range map[string]bool{"1001": false, "C-3": true} {
		_, ok, err := d.CheckTOTP(deadline(t), customer, secret("081804"), time.Unix(1111111109, 0))
		require.NoError(t, err)
		assert.Equal(t, want, ok, customer)
	}
}

func TestImportNamesBadSecretsWithoutShowingThem(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Now: func() time.Time { return today }})
	lines := []string{
		"id,pin,birth_date,passphrase,totp_secret,fact:postcode,id:tracking",
		"b1,,29-08-1984,,,,", "b2,,,sesamesesame,,,", "b3,,,,GEZDGNBV,,", "b4,,,,,EC1A,", "b5,,,,,,70/01",
		"b6,83645,2026-03-15,,,,", "g1,,,,,,7001", "b7,,,,,,70 01",
	}
	var got []string
	_, err := d.Import(deadline(t), csvOf(lines...),
		ImportOptions{OnBad: func(b BadRow) { got = append(got, b.String()) }})
	require.ErrorIs(t, err, ErrBadRows)
	assert.Equal(t, []string{
		"line 2: the birth_date must be a day from 1900 to today, written 1980-12-31 or 31.12.1980",
		"line 3: the passphrase must have at least 2 words and, with spaces, 8 to 100 characters; punctuation does not count",
		"line 4: the totp_secret must have 10 to 64 bytes, that is 16 to 103 letters and digits: make a new one",
		"line 5: the postcode must have 2 to 20 digits and nothing else",
		`line 6: tracking "70/01": use up to 32 letters A to Z and digits; spaces and dashes do not count`,
		"line 7: the birth_date must be a day from 1900 to today, written 1980-12-31 or 31.12.1980",
		"line 9: tracking 7001 belongs to customer g1 already: it can have one customer only",
	}, got)
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	ctx, stop := context.WithCancel(deadline(t))
	_, err := d.Import(ctx, manyCustomers(5000), ImportOptions{Progress: func(int, int64) { stop() }})
	require.ErrorIs(t, err, context.Canceled)
	broken := errors.New("the cable is out")
	_, err = d.Import(deadline(t), io.MultiReader(manyCustomers(10), errorReader{broken}), ImportOptions{})
	require.ErrorIs(t, err, broken)
	assert.Zero(t, count(t, d))
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestOthersReadWhileAnImportRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	d, serve := openDirectory(t, path, Options{}), openDirectory(t, path, Options{})
	fill(t, d, "id,phones,pin", "c0,+4930901820,83645")
	result, err := d.Import(deadline(t), manyCustomers(3000), ImportOptions{Progress: func(int, int64) {
		for _, d := range []*Directory{d, serve} {
			assert.Equal(t, 1, count(t, d))
			who, err := d.ByPhone(deadline(t), "+4930901820")
			assert.NoError(t, err)
			assert.Equal(t, []string{"c0"}, ids(who))
		}
	}})
	require.NoError(t, err)
	assert.Equal(t, 3000, result.Imported)
	assert.Equal(t, 3001, count(t, serve))
}

// customers is a CSV file that is made while it is read.
func manyCustomers(n int) io.Reader {
	return made(n, "id,name,phones,account,pin\n", func(i int) []byte {
		return fmt.Appendf(nil, "cust-%07d,Customer Number %d,+4930%08d,%08d,%06d\n",
			i, i, i*7_919_373%100_000_000, 10_000_000+i*373_587_911%90_000_000, (i*7919+123_457)%1_000_000)
	})
}

func made(n int, header string, line func(i int) []byte) io.Reader {
	i, rest := -1, []byte(nil)
	return readerFunc(func(p []byte) (int, error) {
		for len(rest) == 0 {
			switch i++; {
			case i == 0:
				rest = []byte(header)
			case i <= n:
				rest = line(i)
			default:
				return 0, io.EOF
			}
		}
		m := copy(p, rest)
		rest = rest[m:]
		return m, nil
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// It is not parallel: the heap is everybody's.
func TestImportNeedsNoMoreMemoryForMoreRows(t *testing.T) {
	const rows, allowed = 100_000, 2 << 20
	file := func() io.Reader { // without phones, which are slow to parse under the race detector
		return made(rows, "id,account,pin\n",
			func(i int) []byte { return fmt.Appendf(nil, "cust-%07d,%d,83645\n", i, 10_000_000+i) })
	}
	d := newDirectory(t, Options{})
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first, most uint64
	lastRows, lastBytes := 0, int64(0)
	result, err := d.Import(t.Context(), file(), ImportOptions{Progress: func(rows int, n int64) {
		lastRows, lastBytes = rows, n
		if rows%10_000 != 0 {
			return
		}
		now := live()
		if first == 0 {
			first = now
		}
		most = max(most, now)
	}})
	require.NoError(t, err)
	assert.Equal(t, rows, result.Imported)
	assert.Less(t, most, first+allowed, "ids alone would take more")
	assert.Equal(t, rows, lastRows)
	size, err := io.Copy(io.Discard, file())
	require.NoError(t, err)
	assert.Equal(t, size, lastBytes)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(badFile))
	f.Add([]byte("\ufeffid,pin\r\nc1,1234\r\n"))
	f.Add([]byte("id,birth_date,passphrase,totp_secret,fact:a,id:b\nc1,1.2.1980,open sesame,otpauth://totp/a?secret=" +
		rfcKey + ",12,34\nc1,,,a=b,,\n"))
	f.Add([]byte("id,name\n\"a\",\"b\nc\"\n"))
	d := newDirectory(f, Options{})
	f.Fuzz(func(t *testing.T, file []byte) {
		bad := 0
		lines := bytes.Count(file, []byte("\n")) + 1
		result, err := d.Import(context.Background(), bytes.NewReader(file),
			ImportOptions{SkipBad: true, OnBad: func(b BadRow) {
				bad++
				if b.Line < 2 || b.Line > lines {
					t.Errorf("%s: the file has %d lines", b, lines)
				}
			}})
		if err == nil && (result.Bad != bad || result.Imported+result.Bad != result.Rows) {
			t.Errorf("%d bad rows were reported: %+v", bad, result)
		}
	})
}
