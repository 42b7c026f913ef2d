package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"countersign/store/audit"
	"countersign/store/customers"
)

func customersAddCommand() *cli.Command {
	return &cli.Command{
		Name: "add", Usage: "add one customer", ArgsUsage: "ID",
		Description: "Secrets are set with set-pin, set-birth-date, set-passphrase and set-totp. A customer who is on file " +
			"is changed with import.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "`NAME` for the agent's screen"},
			&cli.StringSliceFlag{Name: "phone", Usage: "telephone `NUMBER`, such as +49301234567; may be repeated"},
			&cli.StringSliceFlag{Name: "email", Usage: "e-mail `ADDRESS` for one-time codes; may be repeated"},
			&cli.StringFlag{Name: "account", Usage: "account `NUMBER`"},
			&cli.StringSliceFlag{Name: "identifier", Usage: "another number, as `KIND=NUMBER`, such as tracking=7001"},
			&cli.StringFlag{Name: "language", Usage: "`CODE` such as en or de-AT"},
			regionFlag(), authorFlag(),
		},
		Action: customersAdd,
	}
}

func customersAdd(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	id := c.Args().First()
	row := map[string]string{
		"id": id, "name": c.String("name"), "phones": strings.Join(c.StringSlice("phone"), ";"),
		"emails": strings.Join(c.StringSlice("email"), ";"), "account": c.String("account"), "language": c.String("language"),
	}
	for _, identifier := range c.StringSlice("identifier") {
		kind, value, ok := strings.Cut(identifier, "=")
		if !ok {
			return wrongUse("--identifier %q: write it as KIND=NUMBER, such as tracking=7001", identifier)
		}
		row["id:"+kind] = value
	}
	region, err := importRegion(c)
	if err != nil {
		return err
	}
	return withOwnDirectory(c, func(cfg config, d *customers.Directory) error {
		if _, found, err := d.ByID(c.Context, id); err != nil {
			return err
		} else if found {
			return fmt.Errorf("there is a customer %q already: change them with countersign customers import", id)
		}
		o := customers.ImportOptions{Region: region}
		if o.Region == "" {
			o.Region = cfg.Line.Region
		}
		if o.Placeholders, err = cfg.placeholders(); err != nil {
			return err
		}
		var bad string
		o.OnBad = func(b customers.BadRow) { bad = b.Problem }
		result, err := d.Import(c.Context, csvOfOne(row), o)
		switch {
		case errors.Is(err, customers.ErrBadRows):
			return fmt.Errorf("nothing was added: %s", bad)
		case err != nil:
			return fmt.Errorf("nothing was added: %w", err)
		}
		for _, note := range importNotes(result) {
			fmt.Fprintln(c.App.ErrWriter, "note: "+note)
		}
		fmt.Fprintf(c.App.Writer, "%s is added; countersign customers set-pin %s sets a PIN\n", id, id)
		return auditDone(c, cfg, audit.Added, d.Alias(id), "")
	})
}

// csvOfOne is a file with one customer.
func csvOfOne(row map[string]string) *bytes.Buffer {
	header := slices.Sorted(maps.Keys(row))
	cells := make([]string, len(header))
	for i, name := range header {
		cells[i] = row[name]
	}
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	_ = out.WriteAll([][]string{header, cells}) // to memory
	return &file
}

// importRegion reads --region.
func importRegion(c *cli.Context) (string, error) {
	r := c.String("region")
	if r != "" && !isRegion(r) {
		return "", wrongUse("--region %q is not an ISO 3166 code of two letters, such as DE or US", r)
	}
	return r, nil
}
