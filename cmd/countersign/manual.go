package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// manualSection is that of commands for administrators.
const manualSection = 8

// manualCommand prints the manual page, which the packages install.
func manualCommand() *cli.Command {
	return &cli.Command{
		Name: "manual", Usage: "print the manual page: countersign manual | man -l -", Hidden: true,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, "no arguments"); err != nil {
				return err
			}
			page, err := c.App.ToManWithSection(manualSection)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.App.Writer, page)
			return err
		},
	}
}
