package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/strictyaml"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/apikeys"
)

func keysCommand() *cli.Command {
	withFlags := func(flags ...cli.Flag) []cli.Flag { return append(flags, natsFlag(), authorFlag()) }
	scopes := func() cli.Flag {
		return &cli.StringSliceFlag{Name: "scope", Usage: "what it may do, `SCOPE`: " + joinedScopes()}
	}
	return &cli.Command{
		Name: "keys", Usage: "make and revoke the keys with which programs use the API",
		Description: "They work at once on all machines, without a restart, beside those under web.keys in the settings.",
		Subcommands: []*cli.Command{
			{
				Name: "add", Usage: "make a key and print it, once", ArgsUsage: "NAME",
				Description: "NAME is the program's: small letters, digits and hyphens. The key is stored nowhere: keep it where\n" +
					"the program keeps its secrets.",
				Flags: withFlags(scopes()), Action: keysAdd,
			},
			{
				Name: "list", Usage: "list the keys, with the day of their last use",
				Flags:  []cli.Flag{natsFlag(), &cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}},
				Action: keysList,
			},
			{Name: "set", Usage: "change what a key may do", ArgsUsage: "NAME", Flags: withFlags(scopes()), Action: keysSet},
			{
				Name: "rotate", Usage: "make a new key in place of one, and print it, once", ArgsUsage: "NAME",
				Flags: withFlags(&cli.StringFlag{
					Name: "grace", Value: "1d", Usage: "the old key stays good for this `TIME`, such as 1h or 7d; at most 30d",
				}),
				Action: keysRotate,
			},
			{Name: "revoke", Usage: "end a key at once", ArgsUsage: "NAME", Flags: withFlags(), Action: keysRevoke},
		},
	}
}

// withKeys runs f with the keys of the API. f's context has a time limit.
func withKeys(c *cli.Context, f func(ctx context.Context, cfg config, b *apikeys.Book) error) error {
	return withAccounts(c, func(ctx context.Context, cfg config, accounts *bus.Bucket) error {
		return f(ctx, cfg, apikeys.NewBook(accounts, time.Now, cfg.keyNames))
	})
}

// withKey is withKeys for a command with one argument, a name.
func withKey(c *cli.Context, f func(ctx context.Context, cfg config, b *apikeys.Book, name string) error) error {
	if err := arguments(c, 1, "one argument, the key's name"); err != nil {
		return err
	}
	return withKeys(c, func(ctx context.Context, cfg config, b *apikeys.Book) error {
		err := f(ctx, cfg, b, c.Args().First())
		if _, isOfSettings := cfg.Web.Keys[c.Args().First()]; isOfSettings && (errors.Is(err, apikeys.ErrNone) ||
			errors.Is(err, apikeys.ErrExists)) {
			return fmt.Errorf("%s is a key of the settings: change it under web.keys", c.Args().First())
		}
		return err
	})
}

func scopeFlags(c *cli.Context) (scopes []access.Scope) {
	for _, s := range given(c, "scope") {
		scopes = append(scopes, access.Scope(s))
	}
	return scopes
}

func keysAdd(c *cli.Context) error {
	return withKey(c, func(ctx context.Context, cfg config, b *apikeys.Book, name string) error {
		if err := (apikeys.Key{Name: name, Scopes: scopeFlags(c)}).Check(); err != nil {
			return usageError{err}
		}
		k, secret, err := b.Add(ctx, name, scopeFlags(c))
		if err != nil {
			return err
		}
		fmt.Fprintln(c.App.Writer, secret)
		fmt.Fprintln(c.App.ErrWriter, "This is shown only now, only once. It may: "+joinWords(k.Scopes))
		return auditDone(c, cfg, audit.KeyAdded, "key "+k.Name, "scopes "+joinWords(k.Scopes))
	})
}

func keysSet(c *cli.Context) error {
	return withKey(c, func(ctx context.Context, cfg config, b *apikeys.Book, name string) error {
		if err := (apikeys.Key{Name: name, Scopes: scopeFlags(c)}).Check(); err != nil {
			return usageError{err}
		}
		k, err := b.SetScopes(ctx, name, scopeFlags(c))
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s: %s\n", k.Name, joinWords(k.Scopes))
		return auditDone(c, cfg, audit.KeyChanged, "key "+k.Name, "scopes "+joinWords(k.Scopes))
	})
}

func keysRotate(c *cli.Context) error {
	grace, err := strictyaml.ParseDuration(c.String("grace"))
	if err != nil || grace < 0 || grace > apikeys.MaxGrace {
		return wrongUse("--grace %s: it must be a time such as 0s, 1h or 7d, at most 30d", c.String("grace"))
	}
	return withKey(c, func(ctx context.Context, cfg config, b *apikeys.Book, name string) error {
		k, secret, err := b.Rotate(ctx, name, grace)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.App.Writer, secret)
		said := "The old key is no longer good."
		if grace > 0 {
			said = "The old key is good until " + k.OldUntil.Local().Format(time.DateTime) + "."
		}
		fmt.Fprintln(c.App.ErrWriter, "This is shown only now, only once. "+said)
		return auditDone(c, cfg, audit.KeyRotated, "key "+k.Name, "the old one is good for "+grace.String())
	})
}

func keysRevoke(c *cli.Context) error {
	return withKey(c, func(ctx context.Context, cfg config, b *apikeys.Book, name string) error {
		if err := b.Revoke(ctx, name); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s is revoked\n", name)
		return auditDone(c, cfg, audit.KeyRevoked, "key "+name, "")
	})
}

// listedKey is a key as keys list --json has it.
type listedKey struct {
	Name     string         `json:"name"`
	Scopes   []access.Scope `json:"scopes"`
	Created  *time.Time     `json:"created,omitempty"`
	Used     string         `json:"used,omitempty"`
	OldUntil *time.Time     `json:"old_until,omitempty"`
	OldUsed  string         `json:"old_used,omitempty"`
	// Settings: it is one of web.keys.
	Settings bool `json:"settings"`
}

func keysList(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	return withKeys(c, func(ctx context.Context, cfg config, b *apikeys.Book) error {
		made, err := b.All(ctx)
		if err != nil {
			return err
		}
		var all []listedKey
		for _, k := range made {
			one := listedKey{Name: k.Name, Scopes: k.Scopes, Created: &k.Created, Used: k.Used}
			if k.OldIsGood(time.Now()) {
				one.OldUntil, one.OldUsed = &k.OldUntil, k.OldUsed
			}
			all = append(all, one)
		}
		ofSettings, _ := cfg.apiKeys() // checked when they were read
		for _, k := range ofSettings {
			all = append(all, listedKey{Name: k.Name, Scopes: k.Scopes, Settings: true})
		}
		if c.Bool("json") {
			return printLines(c.App.Writer, all)
		}
		out := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "NAME\tSCOPES\tMADE\tLAST USED\tNOTE")
		for _, k := range all {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", k.Name, joinWords(k.Scopes), k.made(), k.used(), k.note())
		}
		return out.Flush()
	})
}

func (k listedKey) made() string {
	if k.Created == nil {
		return "-"
	}
	return k.Created.Local().Format(time.DateOnly)
}

func (k listedKey) used() string {
	switch {
	case k.Settings:
		return "-"
	case k.Used == "":
		return "never"
	}
	return k.Used
}

func (k listedKey) note() string {
	switch {
	case k.Settings:
		return "in the settings"
	case k.OldUntil == nil:
		return ""
	}
	var used string
	if k.OldUsed != "" {
		used = ", last used " + k.OldUsed
	}
	return "old key good until " + strings.TrimSpace(k.OldUntil.Local().Format(time.DateTime)) + used
}
