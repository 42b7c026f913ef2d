package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	linedraft "countersign/lines/draft"
	"countersign/store/audit"
)

// How many persons it takes to change a line (lines.approval).
const (
	approvalOne = "one"
	approvalTwo = "two"
)

// needsTwo says whether a second person publishes.
func (c config) needsTwo() bool { return c.Lines.Approval == approvalTwo }

// withDrafts runs f with the drafts of lines. f's context has a time limit.
func withDrafts(c *cli.Context, f func(ctx context.Context, cfg config, b *linedraft.Book) error) error {
	return withAccounts(c, func(ctx context.Context, cfg config, accounts *bus.Bucket) error {
		return f(ctx, cfg, linedraft.NewBook(accounts, time.Now))
	})
}

// saveDrafts keeps changes as drafts, for a second person to publish.
func saveDrafts(c *cli.Context, changes []*change.Change) error {
	return withDrafts(c, func(ctx context.Context, _ config, b *linedraft.Book) error {
		for _, ch := range changes {
			if ch.Same {
				continue
			}
			if ch.From == 0 {
				return fmt.Errorf("line %s is new, and lines.approval is %s: put its first version in force with lines.approval: %s",
					ch.Line, approvalTwo, approvalOne)
			}
			have, err := b.Get(ctx, ch.Line)
			if err == nil {
				return fmt.Errorf("line %s has a draft already, by %s: publish or discard it first, on its page; nothing was changed",
					ch.Line, strings.Join(have.Authors, ", "))
			}
			if !errors.Is(err, linedraft.ErrNone) {
				return err
			}
			d := linedraft.Draft{Line: ch.Line, Base: ch.From, Text: ch.Text, Author: author(c), Revision: have.Revision}
			if _, err := b.Save(ctx, d); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s: saved as a draft, because lines.approval is %s: somebody else publishes it, in the browser or "+
				"with countersign lines publish %s\n", ch.Line, approvalTwo, ch.Line)
			for _, s := range ch.Changes {
				fmt.Fprintln(c.App.Writer, "  "+printable(s))
			}
		}
		return nil
	})
}

// linesPublish puts a draft in force.
func linesPublish(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the line's name"); err != nil {
		return err
	}
	stage, err := stagingOf(c)
	if err != nil {
		return err
	}
	name := c.Args().First()
	var d linedraft.Draft
	err = withDrafts(c, func(ctx context.Context, cfg config, b *linedraft.Book) (err error) {
		if d, err = b.Get(ctx, name); err != nil {
			return err
		}
		if cfg.needsTwo() && slices.Contains(d.Authors, author(c)) {
			return fmt.Errorf("lines.approval is %s, and %s has changed this draft: somebody else publishes it", approvalTwo, author(c))
		}
		return nil
	})
	if err != nil {
		return err
	}
	def, err := lines.Parse(name, []byte(d.Text))
	if err != nil {
		return nothingChanged(c, err)
	}
	err = withLines(c, func(ctx context.Context, cfg config, stored *bus.Lines) error {
		changes, err := plan(ctx, c, cfg, stored, []change.File{{Text: []byte(d.Text), Def: def}})
		if err != nil {
			return nothingChanged(c, err)
		}
		if changes[0].From != d.Base {
			have, _ := stored.Get(ctx, name)
			return &bus.ConflictError{Name: name, Expected: d.Base, Have: have}
		}
		err = putInForce(ctx, c, cfg, stored, changes, stage, audit.LineApplied)
		return errors.Join(err, report(c, changes))
	})
	if err != nil {
		return err
	}
	return withDrafts(c, func(ctx context.Context, _ config, b *linedraft.Book) error { return b.Discard(ctx, d) })
}
