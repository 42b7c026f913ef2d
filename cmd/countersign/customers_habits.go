package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"countersign/store/audit"
	"countersign/store/customers"
)

func customersForgetHabitsCommand() *cli.Command {
	return &cli.Command{
		Name: "forget-habits", Usage: "forget how a customer likes to be asked: language, pace, keys or voice", ArgsUsage: "ID",
		Description: "The next call of the customer that is verified begins anew. show tells what is remembered. The customer " +
			"need not be in\nthe local directory.",
		Flags:  []cli.Flag{authorFlag()},
		Action: customersForgetHabits,
	}
}

func customersForgetHabits(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withDirectory(c, func(cfg config, d *customers.Directory) error {
		id := c.Args().First()
		known, err := d.ForgetHabit(c.Context, id)
		switch {
		case err != nil:
			return err
		case !known:
			return fmt.Errorf("nothing is remembered of how %q likes to be asked", id)
		}
		fmt.Fprintf(c.App.Writer, "how %s likes to be asked is forgotten\n", printable(id))
		return auditDone(c, cfg, audit.HabitForgotten, d.Alias(id), "")
	})
}
