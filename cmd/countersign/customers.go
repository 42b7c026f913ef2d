package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"countersign/session"
	"countersign/store"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

func customersCommand() *cli.Command {
	return &cli.Command{
		Name:  "customers",
		Usage: "the customers that callers can turn out to be",
		Subcommands: []*cli.Command{
			{
				Name:      "import",
				Usage:     "add or change customers from a CSV file",
				ArgsUsage: "FILE",
				Description: "FILE has a header with any of id,name,phones,account,pin,birth_date,passphrase,totp_secret,language; only id is required.\n" +
					"Several phones in a cell are separated by \";\". \"-\" reads standard input. A row whose id is known changes that customer; an empty\n" +
					"cell leaves what is there. Without --skip-bad one bad row means that nothing is imported; every bad row is named with its line.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "region", Usage: "phones without a country code belong to `CC` (ISO 3166, such as DE); default: line.region"},
					&cli.BoolFlag{Name: "skip-bad", Usage: "import the good rows although there are bad ones"},
					&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
				},
				Action: customersImport,
			},
			{
				Name: "list", Usage: "list customers by id",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "search", Usage: "only those whose id or name contains `TEXT`"},
					&cli.IntFlag{Name: "limit", Usage: "at most `N`", Value: 100},
					&cli.StringFlag{Name: "after", Usage: "begin behind the customer with this `ID`"},
					&cli.BoolFlag{Name: "json", Usage: "one JSON object a line"},
				},
				Action: customersList,
			},
			{
				Name: "show", Usage: "show what is on file about a customer, except secrets", ArgsUsage: "ID",
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
				Action: customersShow,
			},
			{
				Name: "set-pin", Usage: "give a customer a new PIN, read from the terminal or from standard input", ArgsUsage: "ID",
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "allow-weak", Usage: "take a PIN that is easy to guess"}},
				Action: customersSetPIN,
			},
		},
	}
}

// withDirectory runs f on the customers.
func withDirectory(c *cli.Context, f func(cfg config, d *store.Directory) error) (err error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	d, err := openDirectory(c.Context, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return f(cfg, d)
}

// maxBadRows is how many bad rows are printed; all are counted.
const maxBadRows = 100

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
	return withDirectory(c, func(cfg config, d *store.Directory) error {
		o := store.ImportOptions{Region: c.String("region"), SkipBad: c.Bool("skip-bad")}
		if o.Region == "" {
			o.Region = cfg.Line.Region
		}
		bar := newProgress(c.App.ErrWriter, "importing", "rows", size)
		shown := 0
		o.OnBad = func(b store.BadRow) {
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
		if errors.Is(err, store.ErrBadRows) {
			return fmt.Errorf("nothing was imported: %d of %d rows are bad; correct them, or import the others with --skip-bad", result.Bad, result.Rows)
		}
		if err != nil {
			return err
		}
		return reportImport(c, result)
	})
}

func reportImport(c *cli.Context, r store.ImportResult) error {
	if len(r.Ignored) > 0 {
		fmt.Fprintf(c.App.ErrWriter, "note: this version does not use the columns %s; their values were not stored\n", strings.Join(r.Ignored, ", "))
	}
	if r.WeakPINs > 0 {
		fmt.Fprintf(c.App.ErrWriter, "note: %d PINs are easy to guess (repeats, runs, years, part of the account or phone)\n", r.WeakPINs)
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(map[string]any{
			"rows": r.Rows, "imported": r.Imported, "bad": r.Bad, "weak_pins": r.WeakPINs, "ignored_columns": append([]string{}, r.Ignored...),
		})
	}
	fmt.Fprintf(c.App.Writer, "%d customers imported", r.Imported)
	if r.Bad > 0 {
		fmt.Fprintf(c.App.Writer, ", %d bad rows left out", r.Bad)
	}
	fmt.Fprintln(c.App.Writer)
	return nil
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
		err = fmt.Errorf("%s is a folder, not a CSV file", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func customersList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	if c.Int("limit") < 1 {
		return wrongUse("--limit %d: it must be at least 1", c.Int("limit"))
	}
	return withDirectory(c, func(_ config, d *store.Directory) error {
		found, err := d.List(c.Context, c.String("after"), c.Int("limit"), c.String("search"))
		if err != nil {
			return err
		}
		if c.Bool("json") {
			out := json.NewEncoder(c.App.Writer)
			for _, x := range found {
				if err := out.Encode(customerJSON(x)); err != nil {
					return err
				}
			}
			return nil
		}
		total, err := d.Count(c.Context)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tLANGUAGE\tPIN")
		for _, x := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.ID, x.Name, x.Language, onFile(x.HasPIN))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(c.App.ErrWriter, "%d of %d customers\n", len(found), total)
		return nil
	})
}

func onFile(yes bool) string {
	if yes {
		return "on file"
	}
	return "none"
}

func customerJSON(x session.Customer) map[string]any {
	return map[string]any{"id": x.ID, "name": x.Name, "language": x.Language, "pin": x.HasPIN}
}

func customersShow(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withDirectory(c, func(_ config, d *store.Directory) error {
		r, err := d.Show(c.Context, c.Args().First())
		if errors.Is(err, store.ErrUnknownCustomer) {
			return fmt.Errorf("there is no customer %q", c.Args().First())
		}
		if err != nil {
			return err
		}
		if c.Bool("json") {
			out := customerJSON(r.Customer)
			out["phones"] = append([]string{}, r.Phones...)
			for _, i := range r.Identifiers {
				out[i.Kind] = i.Value
			}
			return json.NewEncoder(c.App.Writer).Encode(out)
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "id\t%s\nname\t%s\nlanguage\t%s\nphones\t%s\n", r.ID, r.Name, r.Language, strings.Join(r.Phones, ", "))
		for _, i := range r.Identifiers {
			fmt.Fprintf(w, "%s\t%s\n", i.Kind, i.Value)
		}
		for _, x := range r.Credentials {
			fmt.Fprintf(w, "%s\ton file (%s)\n", x.Kind, x.Scheme)
		}
		return w.Flush()
	})
}

func customersSetPIN(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withDirectory(c, func(_ config, d *store.Directory) error {
		id := c.Args().First()
		if _, err := d.Show(c.Context, id); errors.Is(err, store.ErrUnknownCustomer) {
			return fmt.Errorf("there is no customer %q", id)
		} else if err != nil {
			return err
		}
		pin, err := readPIN(c)
		if err != nil {
			return err
		}
		defer pin.Wipe()
		var weak *store.WeakPINError
		if err := d.SetPIN(c.Context, id, pin, c.Bool("allow-weak")); errors.As(err, &weak) {
			return fmt.Errorf("%w; choose another, or use --allow-weak", err)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "the PIN of %s is set\n", id)
		return nil
	})
}

// readPIN asks on a terminal, twice and without showing it; elsewhere it reads one line of standard input.
func readPIN(c *cli.Context) (session.Secret, error) {
	in, isFile := c.App.Reader.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(c.App.Reader).ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return session.Secret{}, fmt.Errorf("read the PIN: %w", err)
		}
		return session.NewSecret(trimNewline(line)), nil
	}
	fmt.Fprint(c.App.ErrWriter, "New PIN: ")
	first, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprint(c.App.ErrWriter, "\nOnce more: ")
	second, err2 := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(c.App.ErrWriter)
	defer clear(second)
	if err := errors.Join(err, err2); err != nil {
		return session.Secret{}, fmt.Errorf("read the PIN: %w", err)
	}
	if string(first) != string(second) {
		clear(first)
		return session.Secret{}, errors.New("the two entries differ; nothing was changed")
	}
	return session.NewSecret(first), nil
}

func trimNewline(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
