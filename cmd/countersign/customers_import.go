package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/steps"
	"countersign/store/audit"
	"countersign/store/customers"
)

// maxBadRows is how many bad rows are printed; all are counted.
const maxBadRows = 100

// Digits that the built-in line asks for; other lines may ask for others.
const (
	askedAccountMin = 6
	askedAccountMax = 10
	askedPINMin     = 4
	askedPINMax     = 6
)

func customersImport(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the CSV file or workbook"); err != nil {
		return err
	}
	mapped, err := mappedColumns(c.StringSlice("map"))
	if err != nil {
		return err
	}
	checks, err := importChecks(c.StringSlice("check"))
	if err != nil {
		return err
	}
	region, err := importRegion(c)
	if err != nil {
		return err
	}
	in, size, err := openInput(c, c.Args().First())
	if err != nil {
		return err
	}
	defer in.Close()
	return withOwnDirectory(c, func(cfg config, d *customers.Directory) error {
		o := customers.ImportOptions{
			Region: region, SkipBad: c.Bool("skip-bad"), Columns: mapped, ClearEmpty: c.Bool("clear-empty"),
			LostPlus: c.Bool("lost-plus"), Checks: checks,
			CanKeyAccount: canKey(askedAccountMin, askedAccountMax), CanKeyPIN: canKey(askedPINMin, askedPINMax),
		}
		if o.Region == "" {
			o.Region = cfg.Line.Region
		}
		if o.Placeholders, err = cfg.placeholders(); err != nil {
			return err
		}
		bar := newProgress(c.App.ErrWriter, "importing", "rows", size)
		shown := 0
		o.OnBad = func(b customers.BadRow) {
			if shown++; shown <= maxBadRows {
				bar.say(b.String())
			}
		}
		o.Progress = func(rows int, bytes int64) { bar.at(rows, bytes) }
		result, err := d.Import(c.Context, in, o)
		bar.done()
		if shown > maxBadRows {
			fmt.Fprintf(c.App.ErrWriter, "… and %d more bad rows\n", shown-maxBadRows)
		}
		if errors.Is(err, customers.ErrBadRows) {
			return fmt.Errorf("nothing was imported: %d of %d rows are bad; correct them, or import the others with --skip-bad",
				result.Bad, result.Rows)
		}
		if err != nil {
			return withMapping(err)
		}
		detail := fmt.Sprintf("%d customers imported, %d bad rows left out", result.Imported, result.Bad)
		return errors.Join(reportImport(c, result), auditDone(c, cfg, audit.Imported, "customers", detail))
	})
}

// mappedColumns reads --map phone=phones.
func mappedColumns(all []string) (map[string]string, error) {
	mapped := map[string]string{}
	for _, m := range all {
		i := strings.LastIndexByte(m, '=')
		if i < 1 || i == len(m)-1 {
			return nil, wrongUse("--map %q: write it as COLUMN=NAME, such as phone=phones, or COLUMN=- to leave it out", m)
		}
		mapped[m[:i]] = m[i+1:]
	}
	return mapped, nil
}

// importChecks reads --check policy=mod37-36.
func importChecks(all []string) (map[string]func(string) bool, error) {
	checks := map[string]func(string) bool{}
	for _, told := range all {
		kind, name, _ := strings.Cut(told, "=")
		check, ok := steps.CheckOf(name)
		if !ok || kind == "" {
			var names []string
			for _, c := range steps.Checks() {
				names = append(names, c.Name)
			}
			return nil, wrongUse("--check %q: write it as KIND=CHECK, such as account=luhn; the checks are %s", told,
				strings.Join(names, ", "))
		}
		checks[kind] = check.Right
	}
	return checks, nil
}

// withMapping says how to import columns with other names.
func withMapping(err error) error {
	var unknown *customers.UnknownColumnsError
	if !errors.As(err, &unknown) {
		return err
	}
	hint := ""
	for _, name := range unknown.Names {
		ours, ok := unknown.Guesses[name]
		if !ok {
			ours = customers.LeaveOut
		}
		m := name + "=" + ours
		if strings.ContainsAny(m, " \t\"'$\\") {
			m = fmt.Sprintf("'%s'", m)
		}
		hint += " --map " + m
	}
	return fmt.Errorf("%w; to take them, or leave them out with -, import with%s", err, printable(hint))
}

// reportImport prints what was imported, and notes for the operator.
func reportImport(c *cli.Context, r customers.ImportResult) error {
	for _, note := range importNotes(r) {
		fmt.Fprintln(c.App.ErrWriter, "note: "+note)
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(map[string]any{
			"rows": r.Rows, "imported": r.Imported, "bad": r.Bad, "weak_pins": r.WeakPINs, "odd_accounts": r.OddAccounts,
			"odd_pins": r.OddPINs, "added": r.Added, "changed": r.Changed, "unchanged": r.Unchanged,
			"odd_phones": r.OddPhones, "shared_phones": r.SharedPhones, "shared_keys": r.SharedKeys.Count,
			"notes": append([]string{}, r.Notes...),
		})
	}
	fmt.Fprintf(c.App.Writer, "%d customers imported", r.Imported)
	if r.Imported > r.Added {
		fmt.Fprintf(c.App.Writer, " (%d added, %d changed, %d unchanged)", r.Added, r.Changed, r.Unchanged)
	}
	if r.Bad > 0 {
		fmt.Fprintf(c.App.Writer, ", %d bad rows left out", r.Bad)
	}
	fmt.Fprintln(c.App.Writer)
	return nil
}

func importNotes(r customers.ImportResult) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	notes = append(notes, r.Notes...)
	if r.WeakPINs > 0 {
		note("%d PINs are easy to guess (repeats, runs, years, part of the account or phone, the date of birth)", r.WeakPINs)
	}
	if r.OddAccounts > 0 {
		note("%d accounts do not have %d to %d digits, so callers cannot key them on the built-in line: the customers are "+
			"known by their number only. A line with other digits, or with letters: true, can ask for them", r.OddAccounts,
			askedAccountMin, askedAccountMax)
	}
	if r.OddPINs > 0 {
		note("%d PINs do not have the %d to %d digits that the built-in line asks for: it takes those customers to an agent",
			r.OddPINs, askedPINMin, askedPINMax)
	}
	if r.OddPhones > 0 {
		note("%d phones have a possible length, but their country has no such numbers, such as %s: correct them if they are "+
			"mistyped", r.OddPhones, r.OddPhone)
	}
	if s := r.SharedKeys; s.Count > 0 {
		note("callers key the same for several customers in %s, such as %s %s: lines with letters: true ask them for "+
			"another number", counted(s.Count, "case"), s.Kind, s.Keys)
	}
	for i, s := range r.Shared {
		rest := ""
		if more := r.SharedPhones - len(r.Shared); i == len(r.Shared)-1 && more > 0 {
			rest = fmt.Sprintf("; so are %d more", more)
		}
		note("phone %s is shared by %s: it identifies none of them%s", s.E164, someOf(s.Customers), rest)
	}
	return notes
}

// someOf lists a few customers.
func someOf(ids []string) string {
	const most = 5
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ", "), len(ids)-most)
}

// canKey says whether callers can key a number of this many digits.
func canKey(least, most int) func(int, bool) bool {
	return func(digits int, onlyDigits bool) bool { return onlyDigits && digits >= least && digits <= most }
}

// openInput opens a file, or standard input for "-"; size is 0 when it is not known.
func openInput(c *cli.Context, name string) (in io.ReadCloser, size int64, err error) {
	if name == "-" {
		return io.NopCloser(c.App.Reader), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder, not a file", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
