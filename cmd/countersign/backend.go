package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"countersign/backend"
	"countersign/backend/email"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/session"
	"countersign/store/audit"
	"countersign/store/customers"
)

func backendCommand() *cli.Command {
	raw := &cli.BoolFlag{Name: "raw", Usage: "print the backend's answers, too"}
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print the result as JSON"}
	return &cli.Command{
		Name:  "backend",
		Usage: "ask the company's own backend as a call would, to test its settings",
		Description: "Prints each request, its answer and how long it took. Exit code 1: the backend gave no usable " +
			"answer; a caller would\n" +
			"go to an agent. No such customer, or a wrong answer, is a usable answer.",
		Subcommands: []*cli.Command{
			{
				Name: "find", Usage: "find a customer by number, identifier or id",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "phone", Usage: "by a telephone `NUMBER` (by_phone)"},
					&cli.StringFlag{
						Name: "identifier", Usage: "by what a caller keys, `KIND=VALUE`, such as account=100042 (by_identifier)",
					},
					&cli.BoolFlag{
						Name:  "letters",
						Usage: "with --identifier: as on a line with letters: true, for everybody with the same keys",
					},
					&cli.StringFlag{Name: "id", Usage: "by the customer's `ID` (by_id)"},
					raw, asJSON,
				},
				Action: backendFind,
			},
			{
				Name: "check", Usage: "check a customer's answer, which is read without echo",
				ArgsUsage: "ID KIND",
				Description: "KIND is pin, birth_date or another question of a line. Type the answer as a caller would key it, " +
					"but a date of birth\n" +
					"as YYYYMMDD. It does not count as an attempt here; the backend may count it. The audit log records the " +
					"check.",
				Flags:  []cli.Flag{asJSON, authorFlag()},
				Action: backendCheck,
			},
			{
				Name: "phones", Usage: "show the numbers that a customer's one-time codes may be sent to",
				ArgsUsage: "ID",
				Flags:     []cli.Flag{raw, asJSON},
				Action:    backendPhones,
			},
			{
				Name: "sms", Usage: "send a test message with the code 000000 through the SMS gateway",
				ArgsUsage: "NUMBER",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "language", Usage: "in this `LANGUAGE`", Value: "en"}, asJSON, authorFlag(),
				},
				Action: backendSMS,
			},
			{
				Name: "email", Usage: "mail a test message with the code 000000",
				ArgsUsage: "ADDRESS",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "language", Usage: "in this `LANGUAGE`", Value: "en"}, asJSON, authorFlag(),
				},
				Action: backendEmail,
			},
		},
	}
}

// withBackend runs f with the backend in front of the local customers.
func withBackend(
	c *cli.Context,
	f func(ctx context.Context, cfg config, local *customers.Directory, d *backend.Directory, x *exchanges) error,
) error {
	return withDirectory(c, func(cfg config, local *customers.Directory) error {
		if cfg.Backend.URL == "" {
			return errors.New("no backend configured: set backend.url, or name the settings with --config")
		}
		x := &exchanges{raw: c.Bool("raw")}
		d, err := backend.New(cfg.Backend, local, endpoint.Options{
			Log: slog.New(slog.DiscardHandler), Exchange: x.add, LeftOut: x.leaveOut,
		})
		if err != nil {
			return err
		}
		defer d.Close()
		return f(c.Context, cfg, local, d, x)
	})
}

func backendFind(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments, only --phone, --identifier or --id"); err != nil {
		return err
	}
	kind, value, isPair := strings.Cut(c.String("identifier"), "=")
	ways := 0
	for _, flag := range []string{"phone", "identifier", "id"} {
		if c.String(flag) != "" {
			ways++
		}
	}
	switch {
	case ways != 1:
		return wrongUse("give one of --phone, --identifier and --id")
	case c.String("identifier") != "" && (!isPair || kind == "" || value == ""):
		return wrongUse("--identifier %q: write KIND=VALUE, such as account=100042", c.String("identifier"))
	case c.Bool("letters") && session.Keypad(value) == "":
		return wrongUse("--letters: give --identifier KIND=VALUE with letters A to Z and digits, such as policy=AB-1234")
	}
	return withBackend(c, func(
		ctx context.Context, cfg config, _ *customers.Directory, d *backend.Directory, x *exchanges,
	) error {
		var all []session.Customer
		var err error
		one := func(found session.Customer, ok bool, failed error) {
			if err = failed; ok {
				all = []session.Customer{found}
			}
		}
		switch {
		case c.Bool("letters"):
			all, err = d.ByKeypad(ctx, kind, session.Keypad(value))
		case kind != "":
			one(d.ByIdentifier(ctx, kind, value))
		case c.String("id") != "":
			one(d.ByID(ctx, c.String("id")))
		default:
			number, wrong := session.E164(c.String("phone"), cfg.Line.Region)
			if wrong != nil {
				return wrongUse("--phone %q: %v; write it like +4930123456", c.String("phone"), wrong)
			}
			all, err = d.ByPhone(ctx, number)
		}
		list, result := []map[string]any{}, map[string]any{}
		for _, found := range all {
			if found.ID == "" {
				result["unread"] = true
				continue
			}
			list = append(list, map[string]any{
				"id": found.ID, "name": found.Name, "language": found.Language, "enrolled": append([]string{}, found.Enrolled...),
			})
		}
		result["customers"] = list
		return x.answered(c, result, err, func() { printFound(c, all) })
	})
}

func printFound(c *cli.Context, all []session.Customer) {
	switch len(all) {
	case 0:
		fmt.Fprintln(c.App.Writer, "no customer found")
	case 1:
	default:
		fmt.Fprintf(c.App.Writer, "%s: the number alone does not identify one\n", counted(len(all), "customer"))
	}
	for _, found := range all {
		if found.ID == "" {
			fmt.Fprintln(c.App.Writer, "customer of an unreadable record")
			continue
		}
		fmt.Fprintf(c.App.Writer, "customer %s\n", printable(found.ID))
		for _, x := range []struct{ title, text, none string }{
			{"name", found.Name, "none: see customer.name"}, {"language", found.Language, "none: the line's"},
			{
				"enrolled", strings.Join(found.Enrolled, ", "),
				"nothing to ask for: see customer.enrolled and check",
			},
		} {
			text := printable(x.text)
			if text == "" {
				text = "(" + x.none + ")"
			}
			fmt.Fprintf(c.App.Writer, "  %-9s %s\n", x.title, text)
		}
	}
}

func backendCheck(c *cli.Context) error {
	if err := arguments(c, 2, "two arguments, the customer's id and what is checked, such as pin"); err != nil {
		return err
	}
	id, kind := c.Args().Get(0), c.Args().Get(1)
	return withBackend(c, func(
		ctx context.Context, cfg config, local *customers.Directory, d *backend.Directory, x *exchanges,
	) error {
		answer, err := readAnswer(c, kind)
		if err != nil {
			return err
		}
		defer answer.Wipe()
		right, err := d.Check(ctx, id, kind, answer)
		result := "wrong"
		switch {
		case err != nil:
			result = "not checked"
		case right:
			result = "right"
		}
		err = x.answered(c, map[string]any{"right": right}, err, func() {
			fmt.Fprintln(c.App.Writer, "answer: "+result)
		})
		return errors.Join(err, auditDone(c, cfg, audit.Checked, local.Alias(id), kind+": "+result))
	})
}

// readAnswer reads without echo on a terminal, elsewhere one line of standard input.
func readAnswer(c *cli.Context, kind string) (session.Secret, error) {
	in, isFile := c.App.Reader.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return readSecret(c, kind)
	}
	text, err := readHidden(c, in, kind+": ")
	return session.NewSecret(text), err
}

func backendPhones(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	return withBackend(c, func(
		ctx context.Context, _ config, _ *customers.Directory, d *backend.Directory, x *exchanges,
	) error {
		all, err := d.Phones(ctx, c.Args().First())
		list := []map[string]any{}
		for _, p := range all {
			one := map[string]any{"number": p.E164}
			if !p.Since.IsZero() {
				one["since"] = p.Since.Format(time.DateOnly)
			}
			list = append(list, one)
		}
		return x.answered(c, map[string]any{"phones": list}, err, func() {
			if len(all) == 0 {
				fmt.Fprintln(c.App.Writer, "no number: no code can be sent")
			}
			for _, p := range all {
				since := "since when is unknown"
				if !p.Since.IsZero() {
					since = "since " + p.Since.Format(time.DateOnly)
				}
				fmt.Fprintf(c.App.Writer, "%s  %s\n", p.E164, since)
			}
		})
	})
}

func backendSMS(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the number"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	if cfg.SMS.URL == "" {
		return errors.New("no SMS gateway configured: set sms.url, or name the settings with --config")
	}
	number, err := session.E164(c.Args().First(), cfg.Line.Region)
	if err != nil {
		return wrongUse("%q: %v; write it like +4930123456", c.Args().First(), err)
	}
	x := &exchanges{}
	g, err := sms.New(cfg.SMS, endpoint.Options{Log: slog.New(slog.DiscardHandler), Exchange: x.add})
	if err != nil {
		return err
	}
	defer g.Close()
	code := session.NewSecret([]byte("000000"))
	defer code.Wipe()
	err = g.Send(c.Context, session.Message{
		To: number, Language: c.String("language"), Code: code, Lifetime: 5 * time.Minute,
	})
	did := "sent"
	if err != nil {
		did = "not sent"
	}
	err = x.answered(c, map[string]any{"sent": err == nil}, err, func() {
		fmt.Fprintf(c.App.Writer, "the gateway accepted a message to …%s\n", session.LastFour(number))
	})
	return errors.Join(err, auditDone(c, cfg, audit.Messaged, "number …"+session.LastFour(number), did))
}

func backendEmail(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the address"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	if cfg.Email.Server.Server == "" {
		return errors.New("no mail server for codes configured: set email.server, or name the settings with --config")
	}
	address, err := session.ReadEmail(c.Args().First())
	if err != nil {
		return wrongUse("%q: %v", c.Args().First(), err)
	}
	sender, err := email.New(cfg.Email)
	if err != nil {
		return err
	}
	code := session.NewSecret([]byte("000000"))
	defer code.Wipe()
	err = sender.Send(c.Context, session.Message{
		To: address, Language: c.String("language"), Code: code, Lifetime: 5 * time.Minute,
	})
	did := "sent"
	if err != nil {
		did = "not sent"
	}
	err = (&exchanges{}).answered(c, map[string]any{"sent": err == nil}, err, func() {
		fmt.Fprintf(c.App.Writer, "%s took a mail\n", cfg.Email.Server.Server)
	})
	return errors.Join(err, auditDone(c, cfg, audit.Messaged, "an e-mail address", did))
}
