package customers

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"countersign/session"
)

func utf16Of(s string, big, mark bool) string {
	if mark {
		s = "\ufeff" + s
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func TestImportReadsFilesAsSpreadsheetsAndCRMsLeaveThem(t *testing.T) {
	t.Parallel()
	const plain = "id,name,phones,pin,birth_date\nC1,Zoë,+4930901820,83645,1985-12-10\n"
	semicolons := strings.ReplaceAll(plain, ",", ";")
	for name, c := range map[string]struct{ file, note string }{
		"commas":                             {plain, ""},
		"semicolons":                         {semicolons, ""},
		"tabs":                               {strings.ReplaceAll(plain, ",", "\t"), ""},
		"bars":                               {strings.ReplaceAll(plain, ",", "|"), ""},
		"sep=":                               {"sep=,\n" + plain, ""},
		"sep=; with a mark":                  {"\ufeffsep=;\r\n" + strings.ReplaceAll(semicolons, "\n", "\r\n"), ""},
		"SEP= and tabs":                      {"SEP=\t\r\n" + strings.ReplaceAll(plain, ",", "\t"), ""},
		"rows of nothing":                    {plain + "  ,,,,\n\n , ,\t,,\n", ""},
		"rows of nothing before the header":  {",,,,\n\n" + plain, ""},
		"an empty last column":               {strings.ReplaceAll(plain, "\n", ",\n"), ""},
		"three of them":                      {strings.ReplaceAll(plain, "\n", ",,,\n"), ""},
		"empty cells behind the last column": {strings.ReplaceAll(plain, "10\n", "10,,\n"), ""},
		"a column without name or text": {strings.ReplaceAll(strings.ReplaceAll(plain, "id,", "id,,"), "C1,", "C1,,"),
			""},
		"UTF-8 with a mark":                  {"\ufeff" + plain, ""},
		"UTF-16, little-endian":              {utf16Of(plain, false, true), ""},
		"UTF-16, big-endian":                 {utf16Of(semicolons, true, true), ""},
		"UTF-16 without a mark":              {utf16Of(plain, false, false), "UTF-16, little-endian"},
		"UTF-16, big-endian, without a mark": {utf16Of(plain, true, false), "UTF-16, big-endian"},
		"Windows-1252":                       {strings.ReplaceAll(plain, "ë", "\xeb"), "Windows-1252"},
		"a day as a time":                    {strings.ReplaceAll(plain, "12-10", "12-10T00:00:00.000Z"), ""},
		"a day as a time of a database":      {strings.ReplaceAll(plain, "12-10", "12-10 00:00:00"), ""},
		"a day as a time with a zone":        {strings.ReplaceAll(plain, "12-10", "12-10T00:00:00+01:00"), ""},
		"a day as a time in German":          {strings.ReplaceAll(plain, "1985-12-10", "10.12.1985 00:00"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t, Options{})
			result, err := d.Import(deadline(t), strings.NewReader(c.file), ImportOptions{OnBad: func(b BadRow) { t.Log(b) }})
			require.NoError(t, err)
			assert.Equal(t, 1, result.Rows)
			isC1(t, d)
			if c.note == "" {
				assert.Empty(t, result.Notes)
			} else if assert.Len(t, result.Notes, 1) {
				assert.Contains(t, result.Notes[0], c.note)
			}
		})
	}
}

func TestImportRefusesAFileThatMixesUTF8AndSomethingElse(t *testing.T) {
	t.Parallel()
	const header = "id,name,passphrase\n"
	for name, c := range map[string]struct{ file, lines string }{
		"a name cut in a letter": {"C1,J\xc3,\nC2,Müller,\n", "(line 3) and something else (line 2)"},
		"a passphrase": {"C1,J\xc3,\nC2,B,\nC3,C,Äpfel und Birnen\n",
			"(line 4) and something else (line 2)"},
		"cut in a character of three bytes": {"C1,5\xe2\x82,\nC2,B,b €\n", "(line 3) and something else (line 2)"},
		"cut beside whole letters":          {"C1,Müller J\xc3,\n", "both in line 2"},
		"two cells of a row":                {"C1,J\xc3,Äpfel und Birnen\n", "both in line 2"},
		"Windows-1252, then UTF-8":          {"C1,J\xf6rg,\nC2,Jörg,\n", "(line 3) and something else (line 2)"},
		"many rows in between":              {"C1,J\xc3,\n" + strings.Repeat(",,\n", 2000) + "C2,Zoë,\n", "(line 2003)"},
		"Windows-1252 twice, then UTF-8": {"C0,A,\nC1,J\xf6,\nC2,Zo\xeb,\nC3,Zoë,\n",
			"(line 5) and something else (line 3)"},
	} {
		for _, skip := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", skip bad rows ", skip), func(t *testing.T) {
				t.Parallel()
				d := newDirectory(t, Options{})
				result, err := d.Import(deadline(t), strings.NewReader(header+c.file), ImportOptions{SkipBad: skip})
				require.ErrorContains(t, err, "the file mixes UTF-8")
				require.ErrorContains(t, err, c.lines)
				assert.Zero(t, result.Imported)
				for _, id := range []string{"C0", "C1", "C2", "C3"} {
					_, err := d.Show(deadline(t), id)
					require.Error(t, err, "%s is half of the file", id)
				}
			})
		}
	}
	d := newDirectory(t, Options{})
	cut := header + "C1,Jörg,\nC2,J\xc3,\n"
	result, err := d.Import(deadline(t), strings.NewReader(cut), ImportOptions{SkipBad: true})
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 1}, [2]int{result.Imported, result.Bad}, "a row of a UTF-8 file that is cut is bad alone")
}

func isC1(t *testing.T, d *Directory) {
	t.Helper()
	r, err := d.Show(deadline(t), "C1")
	require.NoError(t, err)
	assert.Equal(t, "Zoë", r.Name)
	assert.Equal(t, []string{"+4930901820"}, r.Phones)
	for kind, answer := range map[string]string{KindPIN: "83645", KindBirthDate: "19851210"} {
		ok, err := d.Check(deadline(t), "C1", kind, secret(answer))
		require.NoError(t, err)
		assert.True(t, ok, kind)
	}
}

func TestImportReadsAWorkbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	require.NoError(t, err)
	zeros := "000000"
	pin, err := f.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
	require.NoError(t, err)
	for cell, value := range map[string]any{
		"A1": "Id", "B1": "Name", "C1": "Phones", "D1": "PIN", "E1": "birth_date", "A2": "C1", "B2": "Zoë",
		"C2": "+4930901820", "D2": 83645, "E2": time.Date(1985, 12, 10, 0, 0, 0, 0, time.UTC),
		"A4": "C2", "C4": 4915123456789, "D4": 12345, "E4": "1985-12-10", "A5": 100042,
	} {
		require.NoError(t, f.SetCellValue("Sheet1", cell, value))
	}
	require.NoError(t, f.SetCellStyle("Sheet1", "E2", "E2", date))
	require.NoError(t, f.SetCellStyle("Sheet1", "D4", "D4", pin))
	_, err = f.NewSheet("Notes")
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, f.Write(&file))

	d := newDirectory(t, Options{})
	result, err := d.Import(deadline(t), bytes.NewReader(file.Bytes()),
		ImportOptions{OnBad: func(b BadRow) { t.Log(b) }})
	require.NoError(t, err)
	assert.Equal(t, 3, result.Added)
	assert.Equal(t, []string{`the workbook has 2 sheets: only the first, "Sheet1", was read`}, result.Notes)
	isC1(t, d)
	r, err := d.Show(deadline(t), "C2")
	require.NoError(t, err)
	assert.Equal(t, []string{"+4915123456789"}, r.Phones, "a number that a spreadsheet shows as 4.9E+12")
	ok, err := d.Check(deadline(t), "C2", KindPIN, secret("012345"))
	require.NoError(t, err)
	assert.True(t, ok, "zeros that a format shows")

	require.NoError(t, f.SetCellValue("Sheet1", "D2", "12"))
	file.Reset()
	require.NoError(t, f.Write(&file))
	var bad []BadRow
	_, err = d.Import(deadline(t), bytes.NewReader(file.Bytes()),
		ImportOptions{OnBad: func(b BadRow) { bad = append(bad, b) }})
	require.ErrorIs(t, err, ErrBadRows)
	assert.Equal(t, []BadRow{{Line: 2, Column: "pin", Problem: "the pin must have 4 to 12 digits and nothing else"}}, bad)
}

func TestImportTakesColumnsByOtherNames(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	const file = "Customer ID,Full Name,Phone,Notes\nC1,Ada,+4930901820,likes tea\n"
	_, err := d.Import(deadline(t), strings.NewReader(file), ImportOptions{})
	var unknown *UnknownColumnsError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, []string{"customer id", "full name", "phone", "notes"}, unknown.Names)
	assert.Equal(t, map[string]string{"customer id": "id", "full name": "name", "phone": "phones"}, unknown.Guesses)
	assert.ErrorContains(t, err, `line 1: unknown column "customer id", "full name", "phone", "notes"; `+
		`the columns are id,`)
	assert.ErrorContains(t, err, `"phone" may be phones`)

	_, err = d.Import(deadline(t), strings.NewReader(file), ImportOptions{
		Columns: map[string]string{"customer id": "id", "FULL NAME": "name", "Phone": "phones", "notes": LeaveOut},
	})
	require.NoError(t, err)
	r, err := d.Show(deadline(t), "C1")
	require.NoError(t, err)
	assert.Equal(t, "Ada", r.Name)
	assert.Equal(t, []string{"+4930901820"}, r.Phones)

	for name, c := range map[string]struct {
		file, want string
		columns    map[string]string
	}{
		"a column that is not there": {"id\n", `there is no column "phone" to take for phones`,
			map[string]string{"phone": "phones"}},
		"two for one": {"id,phone,mobile\n", "the column phones is there twice",
			map[string]string{"phone": "phones", "mobile": "phones"}},
		"a name that is none of ours": {"id,phone\n", `unknown column "telefon"`, map[string]string{"phone": "telefon"}},
		"one that is taken":           {"id,pin,pincode\n", `unknown column "pincode"; the columns are`, nil},
	} {
		_, err := d.Import(deadline(t), strings.NewReader(c.file), ImportOptions{Columns: c.columns})
		assert.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "may be pin", name)
	}
	for told, want := range map[string]string{
		"nmae": "name", "telefon": "phones", "e-mail": "emails", "dob": "birth_date", "birthdate": "birth_date",
		"Kunden-Nr": "id",
		"languge":   "language", "acount": "account", "x": "",
	} {
		e := &UnknownColumnsError{Names: []string{columnName(told)}, Guesses: map[string]string{}}
		e.guess(nil)
		assert.Equal(t, want, e.Guesses[columnName(told)], told)
	}
}

func TestImportNamesTheRowAndColumnOfABadCell(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	var bad []BadRow
	_, err := d.Import(deadline(t), strings.NewReader("sep=;\nid;phones;pin;;birth_date\nC1;;12;;\n;;;;\nC2;030 1;;;\n"+
		"C3;;;x;\nC4;;;;1985-12-10T13:00:00Z\nC5;1;2;3;4;5\nC6\nC\"7;;;;\n\"C8;;;;\n"),
		ImportOptions{OnBad: func(b BadRow) { bad = append(bad, b) }})
	require.ErrorIs(t, err, ErrBadRows)
	require.Len(t, bad, 8)
	for i, want := range []struct {
		line   int
		column string
		text   string
	}{
		{3, "pin", "the pin must"}, {5, "phones", `phone "030 1"`}, {6, "", `column 4 has "x" here and no name`},
		{7, "birth_date", "the birth_date must"}, {8, "", "the row has 6 cells and the header 5"},
		{9, "", "the row has 1 cells and the header 5"}, {10, "", `there is a "`}, {11, "", "does not end as it should"},
	} {
		assert.Equal(t, want.line, bad[i].Line)
		assert.Equal(t, want.column, bad[i].Column)
		assert.Contains(t, bad[i].Problem, want.text)
	}
	assert.Zero(t, count(t, d))
}

func TestImportRefusesPhonesItCannotBeSureOf(t *testing.T) {
	t.Parallel()
	own, err := session.NewPlaceholders([]string{"+4930901829"}, "")
	require.NoError(t, err)
	for _, c := range []struct{ phone, region, want string }{
		{"(555) 123-0002", "", `phone "(555) 123-0002" has no country code`},
		{"2125550123", "", "has no country code"},
		{"030 901820", "", "has no country code"},
		{"33612345678", "DE", "can be two numbers, +33612345678 and +4933612345678"},
		{"4915123456789", "DE", "can be two numbers, +4915123456789 and +494915123456789"},
		{"17672251234", "DE", "can be two numbers, +17672251234 and +4917672251234"},
		{"6592345678", "US", "can be two numbers, +6592345678 and +16592345678"},
		{"555-0123", "US", "the number has no area code"},
		{"9999999999", "US", "it stands for a number that is withheld or unknown"},
		{"+86282452253", "", "it stands for a number that is withheld or unknown"},
		{"+4930901829", "", "it stands for a number that is withheld or unknown"},
		{"112", "DE", "not a telephone number"},
		{"ask at reception", "DE", "not a telephone number"},
	} {
		d := newDirectory(t, Options{})
		var bad []BadRow
		_, err := d.Import(deadline(t), csvOf("id,phones", `C1,"`+c.phone+`"`), ImportOptions{
			Region: c.region, Placeholders: own, OnBad: func(b BadRow) { bad = append(bad, b) },
		})
		require.ErrorIs(t, err, ErrBadRows, c.phone)
		require.Len(t, bad, 1, c.phone)
		assert.Contains(t, bad[0].Problem, c.want)
		assert.Zero(t, count(t, d))
	}
	for _, region := range []string{"XX", "Germany", "49", "D"} {
		_, err := newDirectory(t, Options{}).Import(deadline(t), csvOf("id", "C1"), ImportOptions{Region: region})
		assert.ErrorContains(t, err, "is not an ISO 3166 code", region)
	}
}

func TestImportPutsBackThePlusThatASpreadsheetTook(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	_, err := d.Import(deadline(t), csvOf("id,phones", "M,4915123456789", "L,4930901820", "F,33612345678", "D,17672251234",
		"N,015123456789;+442079460000", "O,0049 30 901821"), ImportOptions{Region: "DE", LostPlus: true})
	require.NoError(t, err)
	for id, want := range map[string][]string{
		"M": {"+4915123456789"}, "L": {"+4930901820"}, "F": {"+33612345678"}, "D": {"+17672251234"},
		"N": {"+442079460000", "+4915123456789"}, "O": {"+4930901821"},
	} {
		r, err := d.Show(deadline(t), id)
		require.NoError(t, err)
		assert.Equal(t, want, r.Phones, id)
	}
}

func TestImportPointsOutOddAndSharedPhones(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	fill(t, d, "id,phones", "C0,+4930901820", "C00,+4930901829", "C000,+4930901829")
	result, err := d.Import(deadline(t), csvOf("id,phones", "C1,+4930901820;+15551230001",
		"C2,tel:+4930901821;ext=2|tel:+4930901822", "C3,+4930901821", "C4,+49116117"), ImportOptions{})
	require.NoError(t, err)
	assert.Equal(t, 2, result.OddPhones)
	assert.Equal(t, "+15551230001 (line 2)", result.OddPhone)
	assert.Equal(t, 2, result.SharedPhones, "those that were shared before are not in the file")
	assert.Equal(t, []SharedPhone{
		{"+4930901820", []string{"C0", "C1"}}, {"+4930901821", []string{"C2", "C3"}},
	}, result.Shared)
	r, err := d.Show(deadline(t), "C2")
	require.NoError(t, err)
	assert.Equal(t, []string{"+4930901821", "+4930901822"}, r.Phones)
}

func TestASecondImportSaysWhatIsNew(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	const header = "id,name,phones,account,pin,birth_date,passphrase,totp_secret,language,id:tracking,fact:postcode"
	row := "C1,Ada,+4930901820;+4930901821,1001,83645,1985-12-10,open sesame,GEZDGNBVGY3TQOJQ,en,70-01,10115"
	bring := func(rows ...string) ImportResult {
		t.Helper()
		result, err := d.Import(deadline(t), csvOf(append([]string{header}, rows...)...), ImportOptions{})
		require.NoError(t, err)
		return result
	}
	first := bring(row, "C2,,,,,,,,,,")
	assert.Equal(t, []int{2, 0, 0}, []int{first.Added, first.Changed, first.Unchanged})
	again := bring(row, "C2,,,,,,,,,,", "C3,,,,,,,,,,")
	assert.Equal(t, []int{1, 0, 2}, []int{again.Added, again.Changed, again.Unchanged})
	for _, change := range [][2]string{
		{"Ada", "Eva"}, {";+4930901821", ""}, {"901820,", "901820;+4930901822,"}, {"1001", "1002"}, {"83645", "83646"},
		{"1985-12-10", "1985-12-11"}, {"open", "close"}, {"GEZD", "GEZE"}, {"en,", "de,"}, {"70-01", "70-02"},
		{"10115", "10117"},
	} {
		changed := strings.Replace(row, change[0], change[1], 1)
		result := bring(changed, "C2,,,,,,,,,,")
		assert.Equal(t, []int{0, 1, 1}, []int{result.Added, result.Changed, result.Unchanged}, change)
		result = bring(changed)
		assert.Equal(t, 1, result.Unchanged, change)
		row = changed
	}
}

func TestACellIsEmptiedWhenAskedTo(t *testing.T) {
	t.Parallel()
	const header = "id,name,phones,account,pin,totp_secret,language,id:tracking,fact:postcode"
	const full, empty = "C1,Ada,+4930901820,1001,83645,GEZDGNBVGY3TQOJQ,en,7001,10115", "C1,,,,,,,,"
	d := newDirectory(t, Options{})
	fill(t, d, header, full)
	before, err := d.Show(deadline(t), "C1")
	require.NoError(t, err)

	result, err := d.Import(deadline(t), csvOf(header, empty), ImportOptions{})
	require.NoError(t, err)
	assert.Equal(t, 1, result.Unchanged)
	kept, err := d.Show(deadline(t), "C1")
	require.NoError(t, err)
	assert.Equal(t, before, kept)

	result, err = d.Import(deadline(t), csvOf("id,phones,pin", "C1,,"), ImportOptions{ClearEmpty: true})
	require.NoError(t, err)
	assert.Equal(t, 1, result.Changed)
	r, err := d.Show(deadline(t), "C1")
	require.NoError(t, err)
	assert.Empty(t, r.Phones)
	assert.Equal(t, []string{"postcode", "totp"}, r.Enrolled)
	assert.Equal(t, "Ada", r.Name, "a missing column changes nothing")

	_, err = d.Import(deadline(t), csvOf(header, empty), ImportOptions{ClearEmpty: true})
	require.NoError(t, err)
	r, err = d.Show(deadline(t), "C1")
	require.NoError(t, err)
	assert.Equal(t, Record{Customer: session.Customer{ID: "C1"}}, r)
	result, err = d.Import(deadline(t), csvOf(header, empty), ImportOptions{ClearEmpty: true})
	require.NoError(t, err)
	assert.Equal(t, 1, result.Unchanged)
}

// FuzzWorkbook: a file that is damaged, or made to harm, is refused with an error or read row by row.
func FuzzWorkbook(f *testing.F) {
	book := excelize.NewFile()
	for cell, value := range map[string]any{"A1": "id", "B1": "pin", "A2": "C1", "B2": 83645, "A3": 4915123456789} {
		require.NoError(f, book.SetCellValue("Sheet1", cell, value))
	}
	var file bytes.Buffer
	require.NoError(f, book.Write(&file))
	require.NoError(f, book.Close())
	f.Add(file.Bytes())
	f.Add(file.Bytes()[:len(file.Bytes())/2])
	f.Add([]byte("PK\x03\x04"))
	d := newDirectory(f, Options{})
	f.Fuzz(func(t *testing.T, file []byte) {
		if !bytes.HasPrefix(file, []byte("PK")) {
			return
		}
		result, err := d.Import(context.Background(), bytes.NewReader(file), ImportOptions{SkipBad: true, OnBad: func(BadRow) {}})
		if err == nil && result.Imported+result.Bad != result.Rows {
			t.Errorf("%+v", result)
		}
	})
}
