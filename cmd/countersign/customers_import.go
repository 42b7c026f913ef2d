package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

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
	if err := arguments(c, 1, "one argument, the CSV file"); err != nil {
		return err
	}
	if r := c.String("region"); r != "" && !isRegion(r) {
		return wrongUse("--region %q is not an ISO 3166 code of two letters, such as DE or US", r)
	}
	in, size, err := openInput(c, c.Args().First())
	if err != nil {
		return err
	}
	defer in.Close()
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		o := customers.ImportOptions{
			Region: c.String("region"), SkipBad: c.Bool("skip-bad"),
			CanKeyAccount: canKey(askedAccountMin, askedAccountMax), CanKeyPIN: canKey(askedPINMin, askedPINMax),
		}
		if o.Region == "" {
			o.Region = cfg.Line.Region
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
			return err
		}
		detail := fmt.Sprintf("%d customers imported, %d bad rows left out", result.Imported, result.Bad)
		return errors.Join(reportImport(c, result), auditDone(c, cfg, audit.Imported, "customers", detail))
	})
}

func reportImport(c *cli.Context, r customers.ImportResult) error {
	if r.WeakPINs > 0 {
		fmt.Fprintf(c.App.ErrWriter, "note: %d PINs are easy to guess (repeats, runs, years, part of the account or phone, "+
			"the date of birth)\n", r.WeakPINs)
	}
	if r.OddAccounts > 0 {
		fmt.Fprintf(c.App.ErrWriter, "note: %d accounts do not have %d to %d digits, so callers cannot key them: the "+
			"customers are known by their number only\n"+
			"",
			r.OddAccounts, askedAccountMin, askedAccountMax)
	}
	if r.OddPINs > 0 {
		fmt.Fprintf(c.App.ErrWriter, "note: %d PINs do not have the %d to %d digits that the built-in line asks for: it "+
			"takes those customers to an agent\n"+
			"", r.OddPINs, askedPINMin, askedPINMax)
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(map[string]any{
			"rows": r.Rows, "imported": r.Imported, "bad": r.Bad, "weak_pins": r.WeakPINs, "odd_accounts": r.OddAccounts,
			"odd_pins": r.OddPINs,
		})
	}
	fmt.Fprintf(c.App.Writer, "%d customers imported", r.Imported)
	if r.Bad > 0 {
		fmt.Fprintf(c.App.Writer, ", %d bad rows left out", r.Bad)
	}
	fmt.Fprintln(c.App.Writer)
	return nil
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
