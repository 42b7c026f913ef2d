package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"countersign/session"
	"countersign/store/customers"
)

func customersCommand() *cli.Command {
	return &cli.Command{
		Name:  "customers",
		Usage: "import, show and change customers",
		Subcommands: []*cli.Command{
			customersImportCommand(),
			customersAddCommand(),
			customersExportCommand(),
			customersRemoveCommand(),
			{
				Name: "list", Usage: "list customers by id",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "search", Usage: "only those whose id, name, number or telephone contains `TEXT`"},
					&cli.IntFlag{Name: "limit", Usage: "at most `N`", Value: 100},
					&cli.StringFlag{Name: "after", Usage: "start after the customer with this `ID`"},
					&cli.BoolFlag{Name: "json", Usage: "one JSON object per line"},
				},
				Action: customersList,
			},
			{
				Name: "show", ArgsUsage: "ID",
				Usage:  "show what is on file for a customer, except secrets, and whether they are locked",
				Flags:  []cli.Flag{natsFlag(), &cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
				Action: customersShow,
			},
			{
				Name: "set-pin", Usage: "set a customer's PIN, read from the terminal or standard input", ArgsUsage: "ID",
				Flags:  []cli.Flag{authorFlag(), &cli.BoolFlag{Name: "allow-weak", Usage: "accept a PIN that is easy to guess"}},
				Action: func(c *cli.Context) error { return customersSet(c, customers.KindPIN, "PIN") },
			},
			{
				Name: "set-passphrase", Usage: "set a customer's spoken passphrase", ArgsUsage: "ID",
				Flags:  []cli.Flag{authorFlag()},
				Action: func(c *cli.Context) error { return customersSet(c, customers.KindPassphrase, "passphrase") },
			},
			{
				Name: "set-birth-date", Usage: "set a customer's date of birth, such as 1980-12-31", ArgsUsage: "ID",
				Flags:  []cli.Flag{authorFlag()},
				Action: func(c *cli.Context) error { return customersSet(c, customers.KindBirthDate, "date of birth") },
			},
			{
				Name: "set-totp", Usage: "set a customer's authenticator secret, in base32 or as an otpauth:// address",
				ArgsUsage: "ID", Flags: []cli.Flag{authorFlag()},
				Action: func(c *cli.Context) error { return customersSet(c, customers.KindTOTP, "TOTP secret") },
			},
			customersForgetHabitsCommand(),
			customersLockedCommand(),
			customersUnlockCommand(),
			customersEraseCommand(),
			customersTakeOverCommand(),
		},
	}
}

func customersImportCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "add or change customers from a CSV file or an Excel workbook",
		ArgsUsage: "FILE",
		Description: "FILE is CSV, in UTF-8, UTF-16 or Windows-1252, or the first sheet of an .xlsx workbook. It has a " +
			"header with any of\n" +
			"id,name,phones,account,pin,birth_date,passphrase,totp_secret,language,emails,habits; only id is required.\n" +
			"Columns of your own: id:<kind> is another number that identifies a customer, such as id:tracking; " +
			"fact:<kind> is another\n" +
			"secret of 2 to 20 digits, such as fact:postcode. Dates are 1980-12-31 or 31.12.1980, a passphrase has two " +
			"or more words,\n" +
			"a totp_secret is base32 or an otpauth:// address. Separate phones, and e-mails, with \";\". \"-\" reads " +
			"standard input. A " +
			"row with a known\n" +
			"id changes that customer; an empty cell changes nothing. Without --skip-bad, one bad row stops the whole " +
			"import; each bad\n" +
			"row is reported with its line.",
		Flags: []cli.Flag{
			regionFlag(),
			&cli.StringSliceFlag{
				Name:  "map",
				Usage: "take a column of another name, as `COLUMN=NAME`: --map phone=phones; --map notes=- leaves one out",
			},
			&cli.BoolFlag{
				Name:  "lost-plus",
				Usage: "phones without + or leading zero have a country code: a spreadsheet took them for numbers",
			},
			&cli.StringSliceFlag{
				Name: "check",
				Usage: "refuse rows with a wrong check digit, as `KIND=CHECK` of a line: --check account=luhn " +
					"--check policy=mod37-36",
			},
			authorFlag(),
			&cli.BoolFlag{Name: "skip-bad", Usage: "import the good rows and leave out bad ones"},
			&cli.BoolFlag{Name: "clear-empty", Usage: "let an empty cell remove what is on file, also a secret"},
			&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
		},
		Action: customersImport,
	}
}

func regionFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "region",
		Usage: "phones without a country code belong to `CC` (ISO 3166, such as DE); default: line.region",
	}
}

// withDirectory runs f on the customers.
func withDirectory(c *cli.Context, f func(cfg config, d *customers.Directory) error) (err error) {
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

// readDirectory runs f on the customers, read-only.
func readDirectory(c *cli.Context, f func(d *customers.Reader) error) (err error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	pepper := customers.OnePepper(make([]byte, customers.PepperSize)) // of no customers
	if exists(cfg.directoryPath()) || exists(cfg.pepperPath()) {
		if pepper, err = loadPepper(cfg); err != nil {
			return err
		}
	}
	d, err := customers.OpenReadOnly(c.Context, cfg.directoryPath(), customers.Options{Pepper: pepper})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return f(d)
}

func customersList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	if c.Int("limit") < 1 {
		return wrongUse("--limit %d: it must be at least 1", c.Int("limit"))
	}
	return readDirectory(c, func(d *customers.Reader) error {
		found, err := d.List(c.Context, c.String("after"), c.Int("limit"), c.String("search"))
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printLinesAs(c.App.Writer, found, customerJSON)
		}
		total, err := d.Count(c.Context)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tLANGUAGE\tON FILE")
		for _, x := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.ID, x.Name, x.Language, strings.Join(x.Enrolled, ", "))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(c.App.ErrWriter, "%d of %d customers\n", len(found), total)
		return nil
	})
}

func customerJSON(x session.Customer) map[string]any {
	return map[string]any{
		"id": x.ID, "name": x.Name, "language": x.Language, "pin": x.Has(customers.KindPIN),
		"enrolled": append([]string{}, x.Enrolled...),
	}
}
