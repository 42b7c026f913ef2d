package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

func peopleCommand() *cli.Command {
	withFlags := func(flags ...cli.Flag) []cli.Flag { return append(flags, natsFlag(), authorFlag()) }
	return &cli.Command{
		Name: "people", Usage: "say who may sign in to the screens",
		Subcommands: []*cli.Command{
			{
				Name: "add", Usage: "add a person and print an invitation", ArgsUsage: "ID",
				Description: "ID is what they sign in with: a word, or an e-mail address. The invitation is a link with which " +
					"they set their password;\n" +
					"it works once, for three days.",
				Flags:  withFlags(append(personFlags(), &cli.StringFlag{Name: "name", Usage: "their `NAME`; default: the id"})...),
				Action: peopleAdd,
			},
			{
				Name: "list", Usage: "list everybody",
				Flags:  []cli.Flag{natsFlag(), &cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}},
				Action: peopleList,
			},
			{
				Name: "set", Usage: "change roles, lines, telephones or name", ArgsUsage: "ID",
				Description: "Only what is given changes. An empty value, as in --line \"\", removes all.",
				Flags: withFlags(append(personFlags(), &cli.StringFlag{Name: "name", Usage: "their `NAME`"},
					&cli.StringFlag{Name: "language", Usage: "`LANGUAGE` of their screens: en, de"})...),
				Action: peopleSet,
			},
			{
				Name: "invite", Usage: "print a new invitation, such as for a forgotten password", ArgsUsage: "ID",
				Flags: withFlags(), Action: peopleInvite,
			},
			{
				Name: "disable", Usage: "end the sessions of a person, and let them sign in no more", ArgsUsage: "ID",
				Flags: withFlags(), Action: func(c *cli.Context) error { return peopleDisable(c, true) },
			},
			{
				Name: "enable", Usage: "let a disabled person sign in again", ArgsUsage: "ID",
				Flags: withFlags(), Action: func(c *cli.Context) error { return peopleDisable(c, false) },
			},
		},
	}
}

func personFlags() []cli.Flag {
	var roles []string
	for _, r := range access.Roles() {
		roles = append(roles, string(r))
	}
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "role", Usage: "what they may do, `ROLE`: " + strings.Join(roles, ", ")},
		&cli.StringSliceFlag{Name: "line", Usage: "a service `LINE` that they see; default: all"},
		&cli.StringSliceFlag{
			Name: "agent", Usage: "their extension or agent of mod_callcenter, `AGENT`: calls that ring there are theirs",
		},
	}
}

// withPeople runs f with everybody who may sign in. f's context has a time limit.
func withPeople(c *cli.Context, f func(ctx context.Context, cfg config, b *people.Book) error) error {
	return withAccounts(c, func(ctx context.Context, cfg config, accounts *bus.Bucket) error {
		return f(ctx, cfg, people.NewBook(accounts, time.Now))
	})
}

// withPerson is withPeople for a command with one argument, an id.
func withPerson(c *cli.Context, f func(ctx context.Context, cfg config, b *people.Book, id string) error) error {
	if err := arguments(c, 1, "one argument, the person's id"); err != nil {
		return err
	}
	return withPeople(c, func(ctx context.Context, cfg config, b *people.Book) error {
		return f(ctx, cfg, b, c.Args().First())
	})
}

func roleFlags(c *cli.Context) (roles []access.Role) {
	for _, r := range given(c, "role") {
		roles = append(roles, access.Role(r))
	}
	return roles
}

// given are the values of a flag that are not empty.
func given(c *cli.Context, flag string) []string {
	return slices.DeleteFunc(c.StringSlice(flag), func(s string) bool { return s == "" })
}

func peopleAdd(c *cli.Context) error {
	return withPerson(c, func(ctx context.Context, cfg config, b *people.Book, id string) error {
		p := people.Person{
			ID: strings.ToLower(id), Name: c.String("name"), Roles: roleFlags(c), Lines: given(c, "line"), Agents: given(c, "agent"),
		}
		if p.Name == "" {
			p.Name = id
		}
		if err := p.Check(); err != nil {
			return usageError{err}
		}
		p, err := b.Add(ctx, p)
		if err != nil {
			return err
		}
		err = auditDone(c, cfg, audit.PersonAdded, "person "+p.ID, "roles "+joinWords(p.Roles))
		return errors.Join(err, printInvitation(c, ctx, cfg, b, p.ID))
	})
}

func peopleInvite(c *cli.Context) error {
	return withPerson(c, func(ctx context.Context, cfg config, b *people.Book, id string) error {
		return printInvitation(c, ctx, cfg, b, id)
	})
}

func printInvitation(c *cli.Context, ctx context.Context, cfg config, b *people.Book, id string) error {
	secret, until, err := b.Invite(ctx, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s can set a password here, once, until %s:\n  %s/join/%s\n", id,
		until.Local().Format(time.DateTime), cfg.webURL(""), secret)
	return auditDone(c, cfg, audit.PersonInvited, "person "+id, "")
}

func peopleSet(c *cli.Context) error {
	return withPerson(c, func(ctx context.Context, cfg config, b *people.Book, id string) error {
		p, err := b.Change(ctx, id, func(p *people.Person) error {
			if c.IsSet("role") {
				p.Roles = roleFlags(c)
			}
			if c.IsSet("line") {
				p.Lines = given(c, "line")
			}
			if c.IsSet("agent") {
				p.Agents = given(c, "agent")
			}
			if c.IsSet("name") {
				p.Name = c.String("name")
			}
			if c.IsSet("language") {
				p.Language = c.String("language")
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s: %s\n", p.ID, joinWords(p.Roles))
		return auditDone(c, cfg, audit.PersonChanged, "person "+p.ID, "roles "+joinWords(p.Roles))
	})
}

func peopleDisable(c *cli.Context, disabled bool) error {
	return withPerson(c, func(ctx context.Context, cfg config, b *people.Book, id string) error {
		p, err := b.Change(ctx, id, func(p *people.Person) error { p.Disabled = disabled; return nil })
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s is %s\n", p.ID, p.State())
		return auditDone(c, cfg, audit.PersonChanged, "person "+p.ID, p.State())
	})
}

// listedPerson is a person as people list --json has them.
type listedPerson struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Roles    []access.Role `json:"roles"`
	Lines    []string      `json:"lines,omitempty"` // none: all
	Agents   []string      `json:"agents,omitempty"`
	Language string        `json:"language,omitempty"`
	State    string        `json:"state"`
	Created  time.Time     `json:"created"`
}

func newListedPerson(p people.Person) listedPerson {
	return listedPerson{
		ID: p.ID, Name: p.Name, Roles: p.Roles, Lines: p.Lines, Agents: p.Agents, Language: p.Language, State: p.State(),
		Created: p.Created,
	}
}

func peopleList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	return withPeople(c, func(ctx context.Context, _ config, b *people.Book) error {
		all, err := b.All(ctx)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printLinesAs(c.App.Writer, all, newListedPerson)
		}
		out := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "ID\tNAME\tROLES\tLINES\tTELEPHONES\tSTATE")
		for _, p := range all {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", p.ID, p.Name, joinWords(p.Roles), orAll(p.Lines),
				strings.Join(p.Agents, ", "), p.State())
		}
		return out.Flush()
	})
}

func orAll(lines []string) string {
	if len(lines) == 0 {
		return "all"
	}
	return strings.Join(lines, ", ")
}
