package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/store/audit"
)

func linesRollback(c *cli.Context) error {
	if err := arguments(c, 2, "two arguments, the line's name and the version"); err != nil {
		return err
	}
	name := c.Args().First()
	version, err := lineVersion(name, c.Args().Get(1))
	if err != nil {
		return err
	}
	return withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		l, err := find(ctx, stored, name, version)
		if err != nil {
			return err
		}
		def, err := definition(l, nil)
		if err != nil {
			return nothingChanged(c, err)
		}
		changes, err := plan(ctx, c, cfg, stored, []change.File{{Text: []byte(l.YAML), Def: def}})
		if err != nil {
			return nothingChanged(c, err)
		}
		ch := changes[0]
		if ch.Same {
			return report(c, changes)
		}
		tellUnspoken(changes, speakFirst(c, cfg, []change.File{{Def: def}}))
		s, err := stored.Put(ctx, name, l.YAML, bus.Change{
			Author: author(c), Comment: c.String("comment"), ExpectedVersion: ch.From, RolledBackTo: version,
			Summary: ch.Changes,
		})
		if err = announced(c, err); err != nil {
			return err
		}
		ch.To = s.Version
		return errors.Join(report(c, changes),
			auditChange(c, cfg, ch, audit.LineRolledBack, fmt.Sprintf(", as version %d was", version)))
	})
}

func linesRemove(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the line's name"); err != nil {
		return err
	}
	name := c.Args().First()
	return withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		if cfg.needsTwo() {
			return errors.New("lines.approval is two: one person removes no line; publish a version that sends its calls elsewhere")
		}
		have, err := stored.Get(ctx, name)
		if err != nil {
			return unknownLine(name, err)
		}
		s, err := stored.Remove(ctx, name, bus.Change{
			Author: author(c), Comment: c.String("comment"), ExpectedVersion: versionIs(c, have.Version),
			Summary: []string{"removed"},
		})
		if err = announced(c, err); err != nil {
			return err
		}
		ch := &change.Change{
			Line: name, From: have.Version, To: s.Version, Changes: []string{"removed"}, Warnings: lines.Problems{},
		}
		err = auditChange(c, cfg, ch, audit.LineRemoved, "")
		if c.Bool("json") {
			return errors.Join(json.NewEncoder(c.App.Writer).Encode(ch), err)
		}
		fmt.Fprintf(c.App.Writer, "%s: removed; countersign lines rollback %s %d brings it back\n", name, name, have.Version)
		return err
	})
}
