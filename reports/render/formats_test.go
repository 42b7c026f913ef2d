package render

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"countersign/internal/programtest"
	"countersign/reports"
	"countersign/reports/reportstest"
	"countersign/session/event"
)

// printed makes a report in a format.
func printed(a *reportstest.Archive, name string, q reports.Query, f Format, t Terminal) []byte {
	a.T.Helper()
	var out bytes.Buffer
	err := reports.NewReader(a.DB(), func() time.Time {
		return reportstest.Later
	}).Read(context.Background(), name, q, func(r *reports.Report) error { return Print(&out, r, f, t) })
	require.NoError(a.T, err)
	return out.Bytes()
}

// run runs another program that opens what we wrote.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	path := programtest.Find(t, program)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	require.NoError(t, err, program)
	return out
}

func autumn(t *testing.T) reports.Query {
	return reports.Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}
}

// numbersOf are the numbers of a row as every format must say them: those of columns that are numbers.
func numbersOf(r *reports.Report, row reports.Row) (all []string) {
	for i, c := range r.Columns {
		if c.Kind == reports.Count || c.Kind == reports.Percent || c.Kind == reports.Seconds {
			all = append(all, reports.Plain(row[i]))
		}
	}
	return all
}

func TestCSVSaysWhatTheReportSays(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	for _, name := range reports.Names() {
		r, all := read(a, name, autumn(t))
		text := printed(a, name, autumn(t), CSV, Terminal{})
		assert.Equal(t, strings.Count(string(text), "\n"), strings.Count(string(text), "\r\n"),
			"RFC 4180: lines end with CRLF")
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, 1+len(all))
		for n, row := range all {
			for i, v := range row {
				assert.Equal(t, r.Columns[i].Key, records[0][i])
				assert.Equal(t, reports.Plain(v), records[n+1][i])
			}
		}
	}
}

func TestNothingInACSVIsAFormula(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	good := []string{"ordinary", `quo"te, comma`, "two\nlines", "\xff", "2026-11-21;a=b"}
	ids := append(good, "=1+1", "+49", "-2", "@sum", "\tx", "\rx", "＝1", `=cmd|" /C calc"!A0`, "x;=1+1", "x\t@sum;y",
		"x|-2", `x;"=1+1"`, "x\n+49", "x, ＝1")
	var calls []reportstest.Call
	for i, id := range ids {
		calls = append(calls, reportstest.Call{
			Line: "retail", At: reportstest.Later.Add(-time.Duration(i+1) * time.Minute), Customer: id, By: event.MethodANI,
			Reason: event.ReasonWrongAnswer,
		})
	}
	a.Add(calls...)
	records, err := csv.NewReader(bytes.NewReader(printed(a, "calls", reports.Query{
		Period: period(t, "", "", time.UTC),
	}, CSV, Terminal{}))).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 1+len(ids))
	for i, id := range ids {
		got := records[i+1][7]
		if i < len(good) {
			assert.Equal(t, id, got)
			continue
		}
		assert.NotContains(t, "=+-@\t\r＝", string([]rune(got)[0]), "%q", got)
		assert.Equal(t, id, strings.Replace(got, "'", "", 1), "one apostrophe, and nothing else is changed")
		for _, separator := range []string{",", ";", "|", "\t", "\n"} {
			for _, cell := range strings.Split(got, separator) {
				assert.NotRegexp(t, `^"? *[-=+@＝]`, cell, "where %q is what separates cells", separator)
			}
		}
	}
	assert.Equal(t, "-5", reports.Plain(int64(-5)))
	var out bytes.Buffer
	r := &reports.Report{
		Name: "x", Columns: []reports.Column{{Key: "a", Kind: reports.Count}, {Key: "b", Kind: reports.Text}},
		Rows: reports.Rows([]reports.Row{{int64(-5), "-5"}}),
	}
	require.NoError(t, Print(&out, r, CSV, Terminal{}))
	assert.Equal(t, "a,b\r\n-5,\"'-5\"\r\n", out.String(), "a number stays a number")
}

func TestTextInACSVIsQuotedAndNumbersAreNot(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &reports.Report{
		Columns: []reports.Column{
			{Key: "a", Kind: reports.Text}, {Key: "b", Kind: reports.Count}, {Key: "c", Kind: reports.Seconds},
			{Key: "d", Kind: reports.Text}, {Key: "e", Kind: reports.Time},
		},
	}
	r.Rows = reports.Rows([]reports.Row{
		{"x;=1+1", int64(7), 1.5, nil, reportstest.Later}, {`say "ah"`, int64(0), nil, "", nil},
	})
	require.NoError(t, Print(&out, r, CSV, Terminal{}))
	assert.Equal(t, "a,b,c,d,e\r\n\"x;'=1+1\",7,1.5,,"+reports.Plain(reportstest.Later)+
		"\r\n\"say \"\"ah\"\"\",0,,\"\",\r\n", out.String())
}

func TestJSONIsWhatItsSchemaSaysAndWhatTheReportSays(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("report.schema.json", document))
	schema, err := compiler.Compile("report.schema.json")
	require.NoError(t, err)
	a := reportstest.New(t)
	empty := printed(a, "calls", autumn(t), JSON, Terminal{})
	a.Add(week(t)...)
	for _, name := range reports.Names() {
		r, all := read(a, name, autumn(t))
		text := printed(a, name, autumn(t), JSON, Terminal{})
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(instance))
		var got struct {
			Of   int64
			Rows []map[string]any
		}
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, r.Of, got.Of)
		require.Len(t, got.Rows, len(all))
		for n, row := range all {
			require.Len(t, got.Rows[n], len(row))
			for i, c := range r.Columns {
				switch v := got.Rows[n][c.Key].(type) {
				case nil:
					assert.Nil(t, row[i])
				case string:
					assert.Equal(t, reports.Plain(row[i]), v)
				default:
					assert.EqualValues(t, row[i], v)
				}
			}
		}
	}
	compared := autumn(t)
	compared.Compare = true
	for _, name := range reports.Names() {
		if !reports.Compares(name) {
			continue
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(printed(a, name, compared, JSON, Terminal{})))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(instance), name)
		for _, f := range Formats() {
			assert.NotEmpty(t, printed(a, name, compared, f, Terminal{Width: 80, UTF8: true}))
		}
		assert.Contains(t, string(printed(a, name, compared, Table, Terminal{})), "compared with 2026-10-21 to 2026-10-23")
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(empty))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(instance))
}

func TestLibreOfficeReadsTheSameNumbersFromXLSX(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	dir := t.TempDir()
	args := []string{
		"--headless", "-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", dir,
	}
	for _, name := range reports.Names() {
		file := filepath.Join(dir, name+".xlsx")
		require.NoError(t, os.WriteFile(file, printed(a, name, autumn(t), XLSX, Terminal{}), 0o600))
		args = append(args, file)
	}
	run(t, "soffice", args...)
	for _, name := range reports.Names() {
		r, all := read(a, name, autumn(t))
		text, err := os.ReadFile(filepath.Join(dir, name+".csv"))
		require.NoError(t, err)
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, 1+len(all), name)
		for n, row := range all {
			for i, c := range r.Columns {
				got, want := records[n+1][i], reports.Plain(r.Word(row, i))
				switch v := row[i].(type) {
				case float64:
					got, want = fmt.Sprintf("%.1f", parsed(t, strings.TrimSuffix(got, "%"))), fmt.Sprintf("%.1f", v)
				case time.Time:
					want = v.Format(time.DateTime) // a sheet knows no zones
				}
				assert.Equal(t, want, got, "%s, row %d, %s", name, n, c.Key)
			}
		}
	}
}

func parsed(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}

func TestAWorkbookIsOneToWorkWith(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(reportstest.Call{Line: "=1+1", At: reportstest.Later.AddDate(0, -2, -6), Reason: event.ReasonNotFound})
	q := autumn(t)
	book, err := excelize.OpenReader(bytes.NewReader(printed(a, "summary", q, XLSX, Terminal{})))
	require.NoError(t, err)
	defer book.Close()
	assert.Equal(t, []string{"Summary", "About"}, book.GetSheetList())
	panes, err := book.GetPanes("Summary")
	require.NoError(t, err)
	assert.True(t, panes.Freeze)
	assert.Equal(t, 1, panes.YSplit)
	tables, err := book.GetTables("Summary")
	require.NoError(t, err)
	require.Len(t, tables, 1, "a table has a filter")
	r, all := read(a, "summary", q)
	for n, row := range all {
		for i := range row {
			name, _ := excelize.CoordinatesToCellName(i+1, n+2)
			kind, err := book.GetCellType("Summary", name)
			require.NoError(t, err)
			formula, err := book.GetCellFormula("Summary", name)
			require.NoError(t, err)
			assert.Empty(t, formula)
			switch row[i].(type) {
			case string:
				assert.Contains(t, []excelize.CellType{
					excelize.CellTypeInlineString, excelize.CellTypeSharedString, excelize.CellTypeUnset,
				}, kind)
			case reports.Day: // a date is a number with a style
				raw, err := book.GetCellValue("Summary", name, excelize.Options{RawCellValue: true})
				require.NoError(t, err)
				at, err := excelize.ExcelDateToTime(parsed(t, raw), false)
				require.NoError(t, err)
				assert.Equal(t, reports.Plain(row[i]), at.Format(time.DateOnly))
			case int64, float64:
				raw, err := book.GetCellValue("Summary", name, excelize.Options{RawCellValue: true})
				require.NoError(t, err)
				want := reports.Float(row[i])
				if r.Columns[i].Kind == reports.Percent {
					want /= 100
				}
				assert.InDelta(t, want, parsed(t, raw), 1e-9)
			}
		}
	}
	found := false
	for _, n := range []string{"A1", "B2", "B3"} {
		v, err := book.GetCellValue("About", n)
		require.NoError(t, err)
		found = found || v == "Europe/Berlin"
	}
	assert.True(t, found, "the time zone is said")
	var drawings int
	book.Pkg.Range(func(name, _ any) bool {
		if strings.HasPrefix(name.(string), "xl/charts/chart") {
			drawings++
		}
		return true
	})
	assert.Equal(t, 1, drawings)
}

func TestPDFHasTheNumbersOfEveryRow(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(reportstest.Call{
		Line: "Łódź-Straße-漢字", At: reportstest.Later.AddDate(0, -2, -6), Reason: event.ReasonNotFound, Step: "account",
	})
	for _, name := range reports.Names() {
		text := textOfPDF(t, printed(a, name, autumn(t), PDF, Terminal{}))
		r, all := read(a, name, autumn(t))
		for _, word := range []string{r.Title, "2026-10-24 to 2026-10-26", "Europe/Berlin"} {
			assert.Contains(t, text, word)
		}
		lines := strings.Split(text, "\n")
		for _, row := range all {
			var want []string
			for i, c := range r.Columns {
				if c.Kind != reports.Text && c.Kind != reports.Time {
					want = append(want, reports.Shown(row[i]))
				}
			}
			assert.True(t, anyLineHas(lines, want), "%s: %v in\n%s", name, want, text)
		}
		for _, c := range r.Columns {
			for word := range strings.FieldsSeq(c.Title) {
				assert.Contains(t, text, word, "the title of every column")
			}
		}
		for _, n := range r.Numbers {
			assert.Contains(t, text, reports.Shown(n.Value))
		}
		if name == "summary" {
			assert.Contains(t, text, "Lódz-Straße-??")
			assert.Contains(t, text, "letters that this page cannot show")
		}
	}
}

// textOfPDF is what another program reads in a PDF. Pages end with a form feed.
func textOfPDF(t *testing.T, pdf []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.pdf")
	require.NoError(t, os.WriteFile(file, pdf, 0o600))
	return string(run(t, "pdftotext", "-layout", file, "-"))
}

// hiddenIn finds which columns a page or a terminal says that it left out.
func hiddenIn(text string) map[string]bool {
	hidden := map[string]bool{}
	for _, begin := range []string{
		"Left out because the terminal is too narrow: ", "Weggelassen, weil das Terminal zu schmal ist: ",
	} {
		// the last note, which ends with a full stop
		if _, titles, found := strings.Cut(strings.Join(strings.Fields(text), " "), begin); found {
			for _, title := range strings.Split(strings.TrimSuffix(titles, "."), ", ") {
				hidden[title] = true
			}
		}
	}
	return hidden
}

// anyLineHas says whether the words stand in one line, in this order.
func anyLineHas(lines, words []string) bool {
	for _, line := range lines {
		at := 0
		for _, field := range strings.Fields(line) {
			if at < len(words) && field == words[at] {
				at++
			}
		}
		if at == len(words) {
			return true
		}
	}
	return false
}

func TestATableSaysTheSameNumbersAndFitsTheTerminal(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(reportstest.Call{
		Line: "a-line-with-a-name-as-long-as-nobody-should-ever-have-given-one-漢字漢字漢字",
		At:   reportstest.Later.AddDate(0, -2, -6), Reason: event.ReasonNotFound,
	})
	for _, name := range reports.Names() {
		r, all := read(a, name, autumn(t))
		text := string(printed(a, name, autumn(t), Table, Terminal{UTF8: true}))
		lines := strings.Split(text, "\n")
		for _, row := range all {
			var want []string
			for _, n := range numbersOf(r, row) {
				if n == "" {
					n = "–"
				}
				want = append(want, n)
			}
			assert.True(t, anyLineHas(lines, want), "%s: %v in\n%s", name, want, text)
		}
		for _, terminal := range []Terminal{
			{Width: 60, UTF8: true}, {Width: 80}, {Width: 100}, {Width: 132, UTF8: true}, {Width: 250},
		} {
			text := string(printed(a, name, autumn(t), Table, terminal))
			for line := range strings.Lines(text) {
				assert.LessOrEqual(t, uniseg.StringWidth(strings.TrimSuffix(line, "\n")), terminal.Width, "%s: %s", name, line)
			}
			if !terminal.UTF8 {
				assert.Equal(t, utf8.RuneCountInString(text), len(text), "nothing but ASCII")
			}
		}
	}
}

func TestBarsAreAsLongAsTheirNumbers(t *testing.T) {
	t.Parallel()
	r := &reports.Report{
		Title: "T", Period: period(t, "2026-10-24", "2026-10-24", time.UTC),
		Columns: []reports.Column{
			{Key: "by", Title: "By", Kind: reports.Text}, {Key: "what", Title: "What", Kind: reports.Text},
			{Key: "calls", Title: "Calls", Kind: reports.Count}, {Key: "good", Title: "Good", Kind: reports.Count},
		},
		Chart: &reports.Chart{Of: 2, Parts: []int{3}, Labels: []int{1}, By: "day"}, Of: 4,
	}
	all := []reports.Row{
		{"total", "", int64(60), int64(30)}, {"day", "a", int64(40), int64(20)}, {"day", "b", int64(20), int64(5)},
		{"day", "c", int64(0), int64(0)},
	}
	for _, c := range []struct {
		t    Terminal
		want []string
	}{
		{
			Terminal{UTF8: true},
			[]string{
				"a        40    20  " + strings.Repeat("█", 20) + strings.Repeat("░", 20),
				"b        20     5  " + strings.Repeat("█", 5) + strings.Repeat("░", 15), "c         0     0\n",
			},
		},
		{Terminal{}, []string{strings.Repeat("#", 20) + strings.Repeat(".", 20) + "\n"}},
	} {
		r.Rows = reports.Rows(all)
		var out bytes.Buffer
		require.NoError(t, Print(&out, r, Table, c.t))
		for _, w := range c.want {
			assert.Contains(t, out.String(), w)
		}
		assert.NotContains(t, strings.Split(out.String(), "\n")[4], "█", "the total has no bar")
	}
}

func TestATerminalCannotBeFooled(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(reportstest.Call{
		Line: "retail", At: reportstest.Later.Add(-time.Minute), Customer: "C\x1b[2J\r\nC-2 verified", By: event.MethodANI,
		Reason: event.ReasonWrongAnswer,
	})
	text := string(printed(a, "calls", reports.Query{Period: period(t, "", "", time.UTC)}, Table, Terminal{UTF8: true}))
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\r")
	assert.Contains(t, text, "C�[2J��C-2 verified")
}

func TestEveryFormatTakesNothingAndOneRow(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	for range 2 {
		for _, name := range reports.Names() {
			for _, f := range Formats() {
				assert.NotEmpty(t, printed(a, name, autumn(t), f, Terminal{Width: 80}))
			}
		}
		a.Add(week(t)[0])
	}
}

// A hundred thousand calls are written row by row.
func TestManyRows(t *testing.T) {
	t.Parallel()
	const many = 100_000
	r := func() *reports.Report {
		return &reports.Report{
			Name: "calls", Title: "Calls", Period: period(t, "2026-10-24", "2026-10-26", time.UTC), Made: reportstest.Later,
			Of: many,
			Columns: []reports.Column{
				{Key: "started", Title: "Started", Kind: reports.Time}, {Key: "customer", Title: "Customer", Kind: reports.Text},
				{Key: "seconds", Title: "Seconds", Kind: reports.Seconds},
			},
			Rows: func(yield func(reports.Row, error) bool) {
				for i := range many {
					if !yield(reports.Row{
						reportstest.Later.Add(time.Duration(i) * time.Second), "C-" + strconv.Itoa(i), float64(i) / 10,
					}, nil) {
						return
					}
				}
			},
		}
	}
	var text bytes.Buffer
	require.NoError(t, Print(&text, r(), CSV, Terminal{}))
	records, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 1+many)
	assert.Equal(t, []string{"2027-01-01T15:46:39Z", "C-99999", "9999.9"}, records[many])

	var sheet bytes.Buffer
	require.NoError(t, Print(&sheet, r(), XLSX, Terminal{}))
	book, err := excelize.OpenReader(&sheet)
	require.NoError(t, err)
	defer book.Close()
	last, err := book.GetCellValue("Calls", fmt.Sprintf("B%d", many+1))
	require.NoError(t, err)
	assert.Equal(t, "C-99999", last)

	var shown bytes.Buffer
	require.NoError(t, Print(&shown, r(), Table, Terminal{}))
	assert.Contains(t, shown.String(), "10000 of 100000 rows are shown")
	var page bytes.Buffer
	require.ErrorContains(t, Print(&page, r(), PDF, Terminal{}), "100000", "rather none than not all of them")
	assert.Zero(t, page.Len())
}

func TestAnErrorInTheMiddleOfTheRowsIsAnErrorOfEveryFormat(t *testing.T) {
	t.Parallel()
	broken := fmt.Errorf("the disk is gone")
	for _, f := range Formats() {
		r := &reports.Report{
			Name: "calls", Title: "Calls", Period: period(t, "2026-10-24", "2026-10-26", time.UTC),
			Columns: []reports.Column{{Key: "a", Title: "A", Kind: reports.Text}},
		}
		r.Rows = func(yield func(reports.Row, error) bool) {
			if yield(reports.Row{"x"}, nil) {
				yield(nil, broken)
			}
		}
		assert.ErrorIs(t, Print(&bytes.Buffer{}, r, f, Terminal{}), broken, f)
	}
}
