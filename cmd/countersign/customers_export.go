package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"countersign/store/audit"
	"countersign/store/customers"
)

func customersExportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write all customers as CSV that import reads back, without their secrets",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`; default: standard output"},
			authorFlag(),
		},
		Action: customersExport,
	}
}

func customersExport(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	return readDirectory(c, func(d *customers.Reader) error {
		n, to := 0, "standard output"
		write := func(w io.Writer) (err error) {
			n, err = d.Export(c.Context, w)
			return err
		}
		if path := c.String("output"); path != "" {
			to = filepath.Base(path)
			err = replaceFile(path, write)
		} else {
			err = write(c.App.Writer)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(c.App.ErrWriter, counted(n, "customer")+" exported")
		return auditDone(c, cfg, audit.Exported, "customers", counted(n, "customer")+", to "+to)
	})
}

func customersRemoveCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "take a customer out of the directory, with their numbers and secrets", ArgsUsage: "ID",
		Description: "Their calls and events stay. To remove everything about a person, use erase.",
		Flags:       []cli.Flag{authorFlag()},
		Action:      customersRemove,
	}
}

func customersRemove(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withOwnDirectory(c, func(cfg config, d *customers.Directory) error {
		id := c.Args().First()
		err := d.Remove(c.Context, id)
		if errors.Is(err, customers.ErrUnknown) {
			return fmt.Errorf("there is no customer %q", id)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s is removed from the directory\n", id)
		return auditDone(c, cfg, audit.Removed, d.Alias(id), "")
	})
}
